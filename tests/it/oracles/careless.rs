//! A journal that is not as strict as it should be: the oracles find it out.

use std::sync::Arc;

use bailiwick::{
    AppendCondition, AppendError, Appended, BoxFuture, EncodedEvent, Head, Health, Journal,
    JournalReadError, LastMatch, Page, Query, Read, ReopenError,
};

/// Writes what its condition does not allow all the same.
pub struct Careless(pub Arc<dyn Journal>);

impl Journal for Careless {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        let journal = self.0.clone();
        let appended = journal.append(events.clone(), condition);
        Box::pin(async move {
            match appended.await {
                Err(AppendError::Conflict { .. }) => journal.append(events, None).await,
                outcome => outcome,
            }
        })
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        self.0.read(read)
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.0.last(query)
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.0.head()
    }

    fn health(&self) -> Health {
        self.0.health()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        self.0.reopen()
    }
}
