//! How long a lease may be asked for.

use bailiwick_core::{Timestamp, require};

/// The longest lease: a day.
pub const MAX_LEASE_MS: u64 = 24 * 60 * 60 * 1_000;

/// A lease was asked for that is none, or longer than a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a lease lasts 1 to {MAX_LEASE_MS} ms, not {lease_ms}")]
pub struct InvalidLease {
    /// What was asked for.
    pub lease_ms: u64,
}

/// The expiry of a lease of `lease_ms` that begins at `now`.
pub(super) fn lease_until(now: Timestamp, lease_ms: u64) -> Result<Timestamp, InvalidLease> {
    let valid = (1..=MAX_LEASE_MS).contains(&lease_ms);
    require(valid, InvalidLease { lease_ms })?;
    Ok(now.plus_millis(lease_ms))
}
