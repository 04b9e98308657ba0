//! Why an aggregate could not be loaded: told to whoever asked, and to whoever reads.

use bailiwick_core::JournalReadError;

use crate::error::{Cause, ReadError, Unloadable};

/// Why an aggregate could not be loaded. Shared by all who waited for it.
#[derive(Debug, Clone)]
pub(crate) enum LoadError {
    Unloadable(Unloadable),
    Unread(JournalReadError),
}

impl From<LoadError> for Cause {
    fn from(error: LoadError) -> Cause {
        match error {
            LoadError::Unloadable(unloadable) => Cause::Unloadable(unloadable),
            LoadError::Unread(error) => Cause::Unread(error),
        }
    }
}

impl From<LoadError> for ReadError {
    fn from(error: LoadError) -> ReadError {
        match error {
            LoadError::Unloadable(unloadable) => ReadError::Unloadable(unloadable),
            LoadError::Unread(error) => ReadError::Unread(error),
        }
    }
}
