//! The journal as the runtime calls it: one that panics takes nobody down, and what its failures
//! mean is said in one place.
//!
//! Why it is as it is: docs/decisions/failures.md.

use std::error::Error;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::journal::{
    Answer, AppendCondition, AppendError, Appended, EncodedEvent, FaultKind, Head, Health, Journal,
    JournalFault, JournalReadError, LastMatch, Outline, Page, Query, Read, ReadValues, ReopenError,
    ValuesPage,
};
use bailiwick_core::{BoxError, Position};

use crate::context::{RuntimeContext, Stage};
use crate::error::{Cause, Unknown, caught};
use crate::util::race::{Either, race};

/// A call of the journal. If it panics, `failed` makes of that what it means for the call.
pub(crate) struct Guarded<T, E> {
    answer: Answer<Result<T, E>>,
    failed: fn(BoxError) -> E,
}

impl<T: Send + 'static, E: Send + 'static> Guarded<T, E> {
    pub(crate) fn new(
        call: impl FnOnce() -> Answer<Result<T, E>>,
        failed: fn(BoxError) -> E,
    ) -> Self {
        let answer =
            caught(call).unwrap_or_else(|message| Answer::ready(Err(failed(panicked(&message)))));
        Guarded { answer, failed }
    }
}

impl<T, E> Guarded<T, E> {
    /// What it succeeded with, if that was known at once; itself otherwise.
    pub(crate) fn now(self) -> Result<T, Self> {
        let Guarded { answer, failed } = self;
        match answer.now() {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(error)) => Err(Guarded { answer: Answer::ready(Err(error)), failed }),
            Err(answer) => Err(Guarded { answer, failed }),
        }
    }
}

impl<T, E> Future for Guarded<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Guarded { answer, failed } = &mut *self;
        caught(|| Pin::new(answer).poll(cx))
            .unwrap_or_else(|message| Poll::Ready(Err(failed(panicked(&message)))))
    }
}

/// An append that panics has an unknown outcome.
pub(crate) fn append(
    journal: &dyn Journal,
    events: Vec<EncodedEvent>,
    condition: Option<AppendCondition>,
) -> Guarded<Appended, AppendError> {
    Guarded::new(|| journal.append(events, condition), AppendError::Unknown)
}

/// Opens it again. One that panics stays closed.
pub(crate) fn reopen(journal: &dyn Journal) -> Guarded<(), ReopenError> {
    Guarded::new(|| journal.reopen(), |error| ReopenError::StillClosed(died(error)))
}

/// Whether it takes appends. One that panics when it is asked does not.
pub(crate) fn health(journal: &dyn Journal) -> Health {
    caught(|| journal.health())
        .unwrap_or_else(|message| Health::ClosedForWriting { why: died(panicked(&message)) })
}

fn died(error: BoxError) -> JournalFault {
    JournalFault::new(FaultKind::Died, "the journal", "report the bug, and start again", error)
}

/// What it was waiting for; none if the runtime is closed meanwhile.
pub(crate) async fn or_closed<T>(
    shared: &RuntimeContext,
    future: impl Future<Output = T>,
) -> Option<T> {
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

/// Reads a page. One that panics cannot be read.
pub(crate) fn read(journal: &dyn Journal, read: Read) -> Guarded<Page, JournalReadError> {
    Guarded::new(|| journal.read(read), unread)
}

/// The pages of a read, one after the other.
pub(crate) struct Pages<'j> {
    journal: &'j dyn Journal,
    next: Option<Read>,
}

impl<'j> Pages<'j> {
    pub(crate) fn of(journal: &'j dyn Journal, first: Read) -> Self {
        Pages { journal, next: Some(first) }
    }

    /// None behind the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Page>, JournalReadError> {
        let Some(next) = &mut self.next else { return Ok(None) };
        let page = read(self.journal, next.clone()).await?;
        next.after = page.upto;
        self.next.take_if(|_| !page.more);
        Ok(Some(page))
    }
}

/// Finds the last match. One that panics cannot be read.
pub(crate) fn last(journal: &dyn Journal, query: Query) -> Guarded<LastMatch, JournalReadError> {
    Guarded::new(|| journal.last(query), unread)
}

/// Waits for events that match. One that panics cannot be read.
pub(crate) fn changed(
    journal: &dyn Journal,
    query: Query,
    after: Position,
) -> Guarded<(), JournalReadError> {
    Guarded::new(|| journal.changed(query, after), unread)
}

/// Lists the values of a key. One that panics cannot be read.
pub(crate) fn values(
    journal: &dyn Journal,
    read: ReadValues,
) -> Guarded<ValuesPage, JournalReadError> {
    Guarded::new(|| journal.values(read), unread)
}

/// What its events show, as far as that is known already. One that panics cannot be read.
pub(crate) fn outline(journal: &dyn Journal) -> Guarded<Outline, JournalReadError> {
    Guarded::new(|| journal.outline(), unread)
}

/// Where it ends. One that panics cannot be read.
pub(crate) fn head(journal: &dyn Journal) -> Guarded<Head, JournalReadError> {
    Guarded::new(|| journal.head(), unread)
}

/// What a read that panics means.
pub(crate) fn unread(error: BoxError) -> JournalReadError {
    JournalReadError::Unavailable(error.into())
}

fn panicked(message: &str) -> BoxError {
    format!("the journal panicked: {message}").into()
}

/// What an append that failed, and not by a conflict, means.
pub(crate) struct Failure {
    /// For what was being appended, if it may be in the journal.
    pub(crate) unknown: Option<Unknown>,
    /// For what is certainly not in it.
    pub(crate) cause: Cause,
}

impl Failure {
    pub(crate) fn of(error: AppendError, to: &RuntimeContext) -> Failure {
        let cause = match error {
            AppendError::Unknown(error) => {
                let error: Arc<dyn Error + Send + Sync> = error.into();
                let unknown = Some(Unknown::JournalFailed(error.clone()));
                return Failure { unknown, cause: Cause::JournalFailed(error) };
            }
            AppendError::Closed(fault) => to.closed_by(fault),
            AppendError::Busy(error) => Cause::JournalBusy(error.into()),
            AppendError::OverLimit(why) => Cause::OverLimit(why),
            error => Cause::JournalFailed(Arc::new(error)),
        };
        Failure { unknown: None, cause }
    }
}
