//! Which rules can say no.

use super::{MAX_LEASE_MS, MAX_LIMIT};

/// A lease was asked for that is none, or longer than a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lease lasts 1 to {MAX_LEASE_MS} ms, not {lease_ms}")]
pub struct InvalidLease {
    /// What was asked for.
    pub lease_ms: u64,
}

/// Why a slot was not granted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AcquireRefused {
    /// A lease cannot last that long.
    #[error(transparent)]
    InvalidLease(#[from] InvalidLease),
    /// The session has a slot already; it keeps it with `KeepAlive`.
    #[error("the session is active already")]
    AlreadyActive,
    /// No slot is free.
    #[error("the account runs as many sessions as it may: {limit}")]
    LimitReached {
        /// How many the account may run.
        limit: usize,
    },
}

/// Why a lease was not kept.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum KeepAliveRefused {
    /// A lease cannot last that long.
    #[error(transparent)]
    InvalidLease(#[from] InvalidLease),
    /// There is nothing to keep; whoever runs the session must stop it.
    #[error(transparent)]
    NoSuchLease(#[from] NoSuchLease),
}

/// The session has no lease, or none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has no lease")]
pub struct NoSuchLease;

/// No account may run that many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a limit is at most {MAX_LIMIT}, not {limit}")]
pub struct InvalidLimit {
    /// What was asked for.
    pub limit: usize,
}
