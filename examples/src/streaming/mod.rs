//! Streaming: how many streams an account may run at once.
//!
//! The streams run elsewhere, in a service that may be slow, unreachable or dead. A lease ties the
//! two together: "this session counts until T", not "this session is running".

mod account_sessions;
mod events;
mod refused;
mod slots_in_use;
#[cfg(test)]
mod stories;

pub use account_sessions::{
    AccountSessions, Acquire, DEFAULT_LIMIT, Granted, KeepAlive, MAX_LEASE_MS, MAX_LIMIT, Release,
    SetLimit,
};
pub use events::{AccountId, SessionEvent, SessionId};
pub use refused::{AcquireRefused, InvalidLease, InvalidLimit, KeepAliveRefused, NoSuchLease};
pub use slots_in_use::{Slots, SlotsInUse};
