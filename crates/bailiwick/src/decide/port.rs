//! The journal as turns use it: a panic of it takes nobody down, and nobody waits for it once the
//! runtime is closed.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use bailiwick_core::{
    AppendCondition, AppendError, Appended, BoxError, BoxFuture, EncodedEvent, LastMatch, Page,
    Query, Read, ReadError,
};

use crate::error::panic_message;
use crate::race::{Either, race};
use crate::shared::{Shared, Stage};

/// None: the runtime is closed.
pub(super) async fn append(
    shared: &Shared,
    events: Vec<EncodedEvent>,
    condition: Option<AppendCondition>,
) -> Option<Result<Appended, AppendError>> {
    let panicked = |error| AppendError::Unknown(error);
    let append = guarded(|| shared.journal.append(events, condition), panicked);
    or_closed(shared, append).await
}

/// None: the runtime is closed.
pub(super) async fn read(shared: &Shared, read: Read) -> Option<Result<Page, ReadError>> {
    let panicked = |error: BoxError| ReadError::Unavailable(error.into());
    or_closed(shared, guarded(|| shared.journal.read(read), panicked)).await
}

/// None: the runtime is closed.
pub(super) async fn last(shared: &Shared, query: Query) -> Option<Result<LastMatch, ReadError>> {
    let panicked = |error: BoxError| ReadError::Unavailable(error.into());
    or_closed(shared, guarded(|| shared.journal.last(query), panicked)).await
}

async fn guarded<T, E>(
    call: impl FnOnce() -> BoxFuture<Result<T, E>>,
    failed: impl Fn(BoxError) -> E,
) -> Result<T, E> {
    let failed = |panic: Box<dyn std::any::Any + Send>| {
        failed(format!("the journal panicked: {}", panic_message(&*panic)).into())
    };
    let mut future = catch_unwind(AssertUnwindSafe(call)).map_err(failed)?;
    poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)))
            .unwrap_or_else(|panic| Poll::Ready(Err(failed(panic))))
    })
    .await
}

/// None: the runtime is closed.
pub(super) async fn or_closed<T>(shared: &Shared, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    loop {
        // Before the stage is looked at, so that its change is not missed.
        let closing = shared.closing.notified();
        if shared.stage() == Stage::Closed {
            return None;
        }
        if let Either::Left(done) = race(future.as_mut(), closing).await {
            return Some(done);
        }
    }
}
