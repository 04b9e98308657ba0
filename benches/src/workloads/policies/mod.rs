//! Policies: what an event of one aggregate causes in another, how fast and how late, from where it goes on
//! after a restart, and what one lane that is broken means for the others.

mod backlog;
mod broken;
mod chain;
mod channel;
mod market;
mod on_bailiwick;
mod paced;
mod redis_streams;

pub use backlog::run as backlog;
pub use broken::run as broken;
pub use chain::run as chain;
