//! The journal as turns use it: nobody waits for it once the runtime is closed.

use bailiwick_core::journal::{
    AppendCondition, AppendError, Appended, EncodedEvent, Journal, JournalReadError, LastMatch,
    Page, Query, Read,
};

use crate::context::RuntimeContext;
use crate::journal::port::{self, or_closed};

/// A journal of a runtime.
#[derive(Clone, Copy)]
pub(super) struct OpenJournal<'a> {
    pub(super) shared: &'a RuntimeContext,
    pub(super) journal: &'a dyn Journal,
}

impl OpenJournal<'_> {
    /// None: the runtime is closed.
    pub(super) async fn append(
        self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Option<Result<Appended, AppendError>> {
        or_closed(self.shared, port::append(self.journal, events, condition)).await
    }

    /// None: the runtime is closed.
    pub(super) async fn read(self, read: Read) -> Option<Result<Page, JournalReadError>> {
        or_closed(self.shared, port::read(self.journal, read)).await
    }

    /// None: the runtime is closed.
    pub(super) async fn last(self, query: Query) -> Option<Result<LastMatch, JournalReadError>> {
        or_closed(self.shared, port::last(self.journal, query)).await
    }
}
