//! Why the program ends with an error: one line each.

use std::io;

use bailiwick::StartError;
use bailiwick::journal::JournalReadError;
use bailiwick_journal::OpenError;

use crate::audit::AuditError;

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The folder cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The journal cannot be read.
    #[error(transparent)]
    Unread(#[from] JournalReadError),
    /// The runtime did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Somebody was answered neither yes nor no.
    #[error("{who} was not answered: {problem}")]
    NoAnswer {
        /// Who asked.
        who: String,
        /// What came instead.
        problem: String,
    },
    /// What was answered is not what the journal says.
    #[error("{answered} seats were promised, but the journal has {recorded} of these")]
    OtherAnswers {
        /// How many were promised.
        answered: usize,
        /// How many of those are at their position.
        recorded: usize,
    },
    /// The journal does not bear it out.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The output went away.
    #[error("cannot write")]
    Output(#[from] io::Error),
}
