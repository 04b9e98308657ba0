//! Why the program ends with an error: one line each.

use std::error::Error;
use std::io;

use bailiwick::StartError;
use bailiwick::durable::OpenError;

use crate::audit::AuditError;

/// Why the program ends with an error.
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
    /// The shop ended before the day did.
    #[error("the shop ended with {0}")]
    Shop(std::process::ExitStatus),
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
