//! The journal as turns use it: nobody waits for it once the runtime is closed.

use std::pin::pin;

use bailiwick_core::{
    AppendCondition, AppendError, Appended, EncodedEvent, LastMatch, Page, Query, Read, ReadError,
};

use crate::port::{self, Guarded, unread};
use crate::race::{Either, race};
use crate::shared::{Shared, Stage};

/// None: the runtime is closed.
pub(super) async fn append(
    shared: &Shared,
    events: Vec<EncodedEvent>,
    condition: Option<AppendCondition>,
) -> Option<Result<Appended, AppendError>> {
    or_closed(shared, port::append(&*shared.journal, events, condition)).await
}

/// None: the runtime is closed.
pub(super) async fn read(shared: &Shared, read: Read) -> Option<Result<Page, ReadError>> {
    or_closed(shared, Guarded::new(|| shared.journal.read(read), unread)).await
}

/// None: the runtime is closed.
pub(super) async fn last(shared: &Shared, query: Query) -> Option<Result<LastMatch, ReadError>> {
    or_closed(shared, Guarded::new(|| shared.journal.last(query), unread)).await
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
