//! What goes wrong with a log, and what to do about it.

use std::io;

/// Why a log was not opened. Nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The system says no.
    #[error("the journal cannot be read or written: {0}")]
    Io(#[source] io::Error),
    /// Something is broken that was acknowledged, or may have been.
    #[error(
        "{file} is damaged at byte {offset}, where something stands that was acknowledged: restore the folder from \
         a backup"
    )]
    Damaged {
        /// Which file.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
    },
    /// A segment is missing.
    #[error("{file} is missing, and others after it are there: restore the folder from a backup")]
    Missing {
        /// Which file.
        file: String,
    },
    /// Files of two logs.
    #[error(
        "{file} belongs to another journal than the files before it: take it out of the folder"
    )]
    Foreign {
        /// Which file.
        file: String,
    },
    /// A later version has written it.
    #[error(
        "{file} has the format {found}, and this version knows those up to {known}: use the version that wrote it"
    )]
    NewerFormat {
        /// Which file.
        file: String,
        /// Its format.
        found: u64,
        /// The latest format known.
        known: u64,
    },
}

/// Why a batch is not durable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The log was closed by what failed before. Nothing of this was written.
    #[error("the journal is closed for writing because a write or sync failed: open it again")]
    Closed,
    /// There is no room for another segment. Nothing was written, and the log goes on.
    #[error("no room could be made for another segment: {0}")]
    NotWritten(#[source] io::Error),
    /// It may be written or not, wholly. The log is closed; opening it again will tell.
    #[error("a write or sync failed, and whether it is written is not known: {0}")]
    Failed(#[source] io::Error),
}

/// Why records cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The system says no.
    #[error("the journal cannot be read: {0}")]
    Io(#[from] io::Error),
    /// What stands there is not what was written.
    #[error("{file} is damaged at byte {offset}: restore the folder from a backup")]
    Damaged {
        /// Which file.
        file: String,
        /// Where in it, in bytes.
        offset: u64,
    },
}
