//! A journal that takes little at once, and remembers how much it took.

use std::sync::Arc;

use bailiwick::{
    AppendCondition, AppendError, AppendLimits, Appended, BoxFuture, EncodedEvent, Head, Health,
    Journal, JournalReadError, LastMatch, MemoryJournal, Page, Query, Read, ReopenError,
};
use parking_lot::Mutex;

#[derive(Clone)]
pub struct Narrow {
    inner: MemoryJournal,
    limits: AppendLimits,
    taken: Arc<Mutex<Vec<usize>>>,
}

impl Narrow {
    /// Takes so many bytes at once.
    pub fn new(bytes: usize) -> Narrow {
        let limits = AppendLimits::STANDARD.with_bytes(bytes);
        Narrow { inner: MemoryJournal::new(), limits, taken: Arc::default() }
    }

    /// How many bytes each append had.
    pub fn taken(&self) -> Vec<usize> {
        self.taken.lock().clone()
    }
}

impl Journal for Narrow {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        match self.limits.check(&events) {
            Ok(bytes) => self.taken.lock().push(bytes),
            Err(why) => return Box::pin(std::future::ready(Err(AppendError::OverLimit(why)))),
        }
        self.inner.append(events, condition)
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
        self.limits
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        self.inner.reopen()
    }
}
