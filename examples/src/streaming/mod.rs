//! Streaming: how many streams an account may run at once.
//!
//! The streams run elsewhere, in a service that may be slow, unreachable or dead. A lease ties the
//! two together: "this session counts until T", not "this session is running".

mod account_sessions;
mod acquire;
mod keep_alive;
mod lease_time;
#[cfg(test)]
mod random_histories;
mod release;
#[cfg(test)]
mod sample;
mod session_event;
mod set_limit;

pub use account_sessions::{AccountSessions, DEFAULT_LIMIT};
pub use acquire::{Acquire, AcquireRefused, Granted};
pub use keep_alive::{KeepAlive, KeepAliveRefused};
pub use lease_time::{InvalidLease, MAX_LEASE_MS};
pub use release::{NoSuchLease, Release};
pub use session_event::{AccountId, SessionEvent, SessionId};
pub use set_limit::{InvalidLimit, MAX_LIMIT, SetLimit};
