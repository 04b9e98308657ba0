//! A journal whose calls count as [running](super::quiet) until they have their outcome.

use std::sync::Arc;

use bailiwick::{
    AppendCondition, AppendError, AppendLimits, Appended, BoxFuture, EncodedEvent, Head, Health,
    Journal, JournalReadError, LastMatch, Page, Query, Read, ReopenError,
};

use super::quiet::Quiet;

/// `journal`, with its calls counted.
pub struct CountedJournal {
    pub quiet: Quiet,
    pub journal: Arc<dyn Journal>,
}

impl CountedJournal {
    fn counted<T: 'static>(&self, call: BoxFuture<T>) -> BoxFuture<T> {
        let running = self.quiet.running();
        Box::pin(async move {
            let _running = running;
            call.await
        })
    }
}

impl Journal for CountedJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        self.counted(self.journal.append(events, condition))
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        self.counted(self.journal.read(read))
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.counted(self.journal.last(query))
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.counted(self.journal.head())
    }

    fn limits(&self) -> AppendLimits {
        self.journal.limits()
    }

    fn health(&self) -> Health {
        self.journal.health()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        self.journal.reopen()
    }
}
