//! One step of a trace: who attempted what, when.

use bailiwick_core::Timestamp;

use crate::streaming::{AccountId, Acquire, KeepAlive, Release, SetLimit};

/// Something that the outside did.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// When. The recording begins at the epoch.
    pub at: Timestamp,
    /// To which account.
    pub account: AccountId,
    /// What it asked for.
    pub attempt: Attempt,
}

/// What the outside may ask an account for.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    /// Somebody wants to watch.
    Acquire(Acquire),
    /// The streaming side says that a stream runs.
    KeepAlive(KeepAlive),
    /// A stream was stopped.
    Release(Release),
    /// The account has another plan.
    SetLimit(SetLimit),
}

impl From<Acquire> for Attempt {
    fn from(command: Acquire) -> Attempt {
        Attempt::Acquire(command)
    }
}

impl From<KeepAlive> for Attempt {
    fn from(command: KeepAlive) -> Attempt {
        Attempt::KeepAlive(command)
    }
}

impl From<Release> for Attempt {
    fn from(command: Release) -> Attempt {
        Attempt::Release(command)
    }
}

impl From<SetLimit> for Attempt {
    fn from(command: SetLimit) -> Attempt {
        Attempt::SetLimit(command)
    }
}
