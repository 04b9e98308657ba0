//! The domains that Bailiwick exists to make easy, one module each.
//!
//! Their rules need `bailiwick-core` only: no runtime, no clock and no I/O.

pub mod auction;
pub mod classics;
pub mod money;
pub mod notifier;
pub mod orders;
#[cfg(test)]
mod random;
pub mod registration;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod streaming;
pub mod trace;
