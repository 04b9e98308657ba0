//! A journal whose calls count as [running](super::quiet) until they have their outcome.

use std::sync::Arc;

use bailiwick::Position;
use bailiwick::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, JournalReadError, LastMatch, Outline, Page, Query, Read, ReadValues,
    ReopenError, ValuesPage,
};

use super::quiet::Quiet;

/// `journal`, with its calls counted.
pub struct CountedJournal {
    pub quiet: Quiet,
    pub journal: Arc<dyn Journal>,
}

impl CountedJournal {
    fn counted<T: Send + 'static>(&self, call: Answer<T>) -> Answer<T> {
        let running = self.quiet.running();
        Answer::later(async move {
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
    ) -> Answer<Result<Appended, AppendError>> {
        self.counted(self.journal.append(events, condition))
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        self.counted(self.journal.read(read))
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        self.counted(self.journal.last(query))
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        self.counted(self.journal.head())
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        self.journal.changed(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        self.journal.values(read)
    }

    fn outline(&self) -> Answer<Result<Outline, JournalReadError>> {
        self.counted(self.journal.outline())
    }

    fn id(&self) -> JournalId {
        self.journal.id()
    }

    fn limits(&self) -> AppendLimits {
        self.journal.limits()
    }

    fn health(&self) -> Health {
        self.journal.health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        self.journal.reopen()
    }
}
