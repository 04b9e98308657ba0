//! A journal of which appends go another way; all else is that of the journal within.

use std::sync::Arc;

use bailiwick::{
    AppendCondition, AppendError, AppendLimits, Appended, BoxFuture, EncodedEvent, Head, Health,
    Journal, JournalReadError, LastMatch, Page, Query, Read, ReopenError,
};

type Outcome = BoxFuture<Result<Appended, AppendError>>;

/// See the module.
pub struct Altered<F> {
    inner: Arc<dyn Journal>,
    append: F,
}

impl<F> Altered<F>
where
    F: Fn(Arc<dyn Journal>, Vec<EncodedEvent>, Option<AppendCondition>) -> Outcome
        + Send
        + Sync
        + 'static,
{
    /// `append` is given the journal within.
    pub fn new(inner: Arc<dyn Journal>, append: F) -> Self {
        Altered { inner, append }
    }
}

impl<F> Journal for Altered<F>
where
    F: Fn(Arc<dyn Journal>, Vec<EncodedEvent>, Option<AppendCondition>) -> Outcome
        + Send
        + Sync
        + 'static,
{
    fn append(&self, events: Vec<EncodedEvent>, condition: Option<AppendCondition>) -> Outcome {
        (self.append)(self.inner.clone(), events, condition)
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        self.inner.read(read)
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.inner.last(query)
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.inner.head()
    }

    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        self.inner.reopen()
    }
}
