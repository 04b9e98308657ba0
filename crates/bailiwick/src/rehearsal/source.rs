//! The half of a journal that reads: all that a rehearsal has of one.

use bailiwick_core::Position;
use bailiwick_core::journal::{Journal, Page, Read};

use super::error::RehearsalError;
use crate::journal::port;

/// A journal of which nothing but this can be asked. Nobody else in a rehearsal holds the journal, so
/// nothing can be appended by one.
#[derive(Clone, Copy)]
pub(super) struct Source<'j>(&'j dyn Journal);

impl<'j> Source<'j> {
    pub(super) fn of(journal: &'j dyn Journal) -> Self {
        Source(journal)
    }

    pub(super) async fn read(self, read: Read) -> Result<Page, RehearsalError> {
        port::read(self.0, read).await.map_err(RehearsalError::Unread)
    }

    pub(super) async fn head(self) -> Result<Position, RehearsalError> {
        let head = port::head(self.0).await.map_err(RehearsalError::Unread)?;
        Ok(head.position)
    }
}
