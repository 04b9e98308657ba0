//! Why an aggregate could not be loaded: told to whoever asked, and to whoever reads.

use std::time::Duration;

use bailiwick_core::journal::JournalReadError;

use crate::error::{Cause, ReadError, Unloadable};

/// Why an aggregate could not be loaded. Shared by all who waited for it.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Unloadable(Unloadable),
    #[error(transparent)]
    Unread(JournalReadError),
}

impl LoadError {
    /// For who asked. `again_in`: how long it is not tried again.
    pub(crate) fn cause(&self, again_in: Duration) -> Cause {
        match self.clone() {
            LoadError::Unloadable(unloadable) => Cause::Unloadable(unloadable),
            LoadError::Unread(source) => Cause::Unread { source, again_in },
        }
    }

    /// For who reads. `again_in`: how long it is not tried again.
    pub(crate) fn read_error(&self, again_in: Duration) -> ReadError {
        match self.clone() {
            LoadError::Unloadable(unloadable) => ReadError::Unloadable(unloadable),
            LoadError::Unread(source) => ReadError::Unread { source, again_in },
        }
    }
}
