//! Why a show ends with an error: one line each.

use std::error::Error;
use std::io;
use std::process::{ExitCode, ExitStatus};

use bailiwick::durable::OpenError;
use bailiwick::{ErrorReport, StartError};

use crate::audit::AuditError;

/// Why a show ends with an error.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The folder cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The runtime did not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// What was to happen did not.
    #[error("{0} was waited for in vain")]
    InVain(String),
    /// The process of the show failed.
    #[error("the {name} ended with {status}")]
    Ended {
        /// What the show is of.
        name: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
    /// The journal does not bear it out.
    #[error(transparent)]
    Audit(#[from] AuditError),
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

/// Prints the failure, if there is one. Returns with which code to end.
pub fn exit_code(result: Result<(), Failure>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever closed the pipe has read enough.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(failure) => {
            anstream::eprintln!("error: {}", ErrorReport::of(&failure));
            ExitCode::FAILURE
        }
    }
}
