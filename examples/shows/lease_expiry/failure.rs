//! Why the program ends with an error: one line each.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use bailiwick::StartError;
use bailiwick::durable::OpenError;
use bailiwick_examples::trace::TraceError;

use crate::audit::AuditError;

/// Why the program ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The trace cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Where it should be.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What was read is not a trace.
    #[error("{}, {problem}", path.display())]
    NotATrace {
        /// Where it is.
        path: PathBuf,
        /// What is wrong with it.
        problem: TraceError,
    },
    /// The story went another way.
    #[error("the story did not go as told: at {at}, {expected} was expected, but {happened}")]
    OtherStory {
        /// When, as told.
        at: String,
        /// What should have happened.
        expected: String,
        /// What happened.
        happened: String,
    },
    /// A step of a trace has no outcome.
    #[error("step {number} of the trace has no outcome: {problem}")]
    NoOutcome {
        /// Which one, counted from 1.
        number: usize,
        /// Why.
        problem: String,
    },
    /// What was answered is not what the journal says.
    #[error("{answered} {what} were answered, but the journal has {recorded}")]
    OtherAnswers {
        /// What kind of answer.
        what: &'static str,
        /// How many were given.
        answered: usize,
        /// How many events there are.
        recorded: usize,
    },
    /// The journal does not bear it out.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] OpenError),
    /// The runtime did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The output went away.
    #[error("cannot write")]
    Output(#[from] io::Error),
    /// Anything else.
    #[error(transparent)]
    Other(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// Anything else.
    pub fn other(error: impl Error + Send + Sync + 'static) -> Failure {
        Failure::Other(Box::new(error))
    }
}
