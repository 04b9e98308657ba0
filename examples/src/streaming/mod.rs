//! Streaming: how many streams an account may run at once.
//!
//! The streams run elsewhere, in a service that may be slow, unreachable or dead. A lease ties the
//! two together: "this session counts until T", not "this session is running".

mod account_sessions;
mod events;
mod refused;
mod slots_in_use;
mod start_stream;
mod stop_stream;
#[cfg(test)]
mod stories;
mod streaming_service;

pub use account_sessions::{
    AccountSessions, Acquire, DEFAULT_LIMIT, Granted, KeepAlive, MAX_LEASE_MS, MAX_LIMIT, Release,
    SetLimit,
};
pub use events::{AccountId, SessionEvent, SessionId};
pub use refused::{AcquireRefused, InvalidLease, InvalidLimit, KeepAliveRefused, NoSuchLease};
pub use slots_in_use::{Slots, SlotsInUse};
pub use start_stream::{StartStream, StreamStarts};
pub use stop_stream::{STOPS_FOR, StopStream, StreamEnds};
pub use streaming_service::{StreamOrder, StreamingService, Told};
