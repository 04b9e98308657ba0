//! Whoever keeps leases of accounts, by other means than Bailiwick, and the routes before them: those of
//! the example `streaming_server`.
//!
//! Only what a load asks for: sessions that begin, are kept alive and end, the limit of an account, and a
//! look. There are no idempotency keys here, no refusal of too much, no events, and no effects.

pub mod in_memory;
pub mod postgres;
pub mod redis_lua;
pub mod routes;
#[cfg(test)]
mod tests;

use std::future::Future;

use serde::Serialize;

pub use bailiwick_examples::streaming::{DEFAULT_LIMIT, MAX_LEASE_MS, MAX_LIMIT};

/// A slot was granted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Granted {
    /// Until when, in milliseconds since the Unix epoch.
    pub expires_at: u64,
    /// How many slots of the account are in use.
    pub in_use: usize,
    /// How many it has.
    pub limit: usize,
    /// The fencing token, if there is one.
    pub token: Option<u64>,
}

/// What a look at an account shows.
#[derive(Debug, PartialEq, Serialize)]
pub struct Account {
    /// How many sessions it may run at once.
    pub limit: usize,
    /// Those whose leases have not run out.
    pub sessions: Vec<Lease>,
}

/// A session, and until when it counts.
#[derive(Debug, PartialEq, Serialize)]
pub struct Lease {
    /// Which session.
    pub session: String,
    /// In milliseconds since the Unix epoch.
    pub expires_at: u64,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// A lease cannot last that long.
    #[error("a lease lasts 1 to {MAX_LEASE_MS} ms")]
    InvalidLease,
    /// No account may run that many.
    #[error("a limit is at most {MAX_LIMIT}")]
    InvalidLimit,
    /// The session has a slot already.
    #[error("the session is active already")]
    AlreadyActive,
    /// No slot is free.
    #[error("the account runs as many sessions as it may: {0}")]
    LimitReached(usize),
    /// The session has no lease.
    #[error("the session has no lease")]
    NoSuchLease,
    /// Others were faster, again and again.
    #[error("others were faster {0} times")]
    Contended(u32),
    /// Whoever keeps the leases does not answer as it should.
    #[error("the store failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Refused {
    /// The store failed.
    pub fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Refused {
        Refused::Failed(error.into())
    }
}

/// Checks the length of a lease.
///
/// # Errors
/// [`Refused::InvalidLease`].
pub fn check_lease(lease_ms: u64) -> Result<(), Refused> {
    (1..=MAX_LEASE_MS).contains(&lease_ms).then_some(()).ok_or(Refused::InvalidLease)
}

/// Checks a limit.
///
/// # Errors
/// [`Refused::InvalidLimit`].
pub fn check_limit(limit: usize) -> Result<(), Refused> {
    (limit <= MAX_LIMIT).then_some(()).ok_or(Refused::InvalidLimit)
}

/// Whether a lease that ends at `expires_at` is kept as it is: not before half time, as in Bailiwick's
/// example.
pub fn lasts(expires_at: u64, now: u64, lease_ms: u64) -> bool {
    expires_at.saturating_sub(now).saturating_mul(2) >= lease_ms
}

/// Whoever keeps the leases. An answer comes when what it rests on is as durable as the store makes it.
pub trait LeaseStore: Clone + Send + Sync + 'static {
    /// A slot of `account` for `session`.
    fn acquire(
        &self,
        account: &str,
        session: &str,
        lease_ms: u64,
    ) -> impl Future<Output = Result<Granted, Refused>> + Send;

    /// The session still runs; until when its lease lasts.
    fn keep_alive(
        &self,
        account: &str,
        session: &str,
        lease_ms: u64,
    ) -> impl Future<Output = Result<u64, Refused>> + Send;

    /// The session has ended.
    fn release(
        &self,
        account: &str,
        session: &str,
    ) -> impl Future<Output = Result<(), Refused>> + Send;

    /// How many sessions `account` may run from now on.
    fn set_limit(
        &self,
        account: &str,
        limit: usize,
    ) -> impl Future<Output = Result<(), Refused>> + Send;

    /// What counts now.
    fn look(&self, account: &str) -> impl Future<Output = Result<Account, Refused>> + Send;
}

/// Milliseconds since the Unix epoch.
pub(crate) fn now_ms() -> u64 {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed();
    since.map_or(0, |since| since.as_millis() as u64)
}
