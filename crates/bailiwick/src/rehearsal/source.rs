//! The half of a journal that reads: all that a rehearsal has of one.

use std::num::NonZeroUsize;

use bailiwick_core::Position;
use bailiwick_core::journal::{Journal, Read};

use super::error::RehearsalError;
use crate::journal::port::{self, Pages};

/// Events per page.
const PAGE: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

/// A journal of which nothing but this can be asked. Nobody else in a rehearsal holds the journal, so
/// nothing can be appended by one.
#[derive(Clone, Copy)]
pub(super) struct Source<'j>(&'j dyn Journal);

impl<'j> Source<'j> {
    pub(super) fn of(journal: &'j dyn Journal) -> Self {
        Source(journal)
    }

    /// What is read, page by page.
    pub(super) fn pages(self, read: Read) -> Pages<'j> {
        Pages::of(self.0, read.limit(PAGE))
    }

    pub(super) async fn head(self) -> Result<Position, RehearsalError> {
        let head = port::head(self.0).await.map_err(RehearsalError::Unread)?;
        Ok(head.position)
    }
}
