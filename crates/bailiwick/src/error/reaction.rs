//! Why an operator's wish about a policy or an effect was not done.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::JournalReadError;

/// Why what was asked of a policy or an effect could not be done. It is for operators: it may name types, positions
/// and files.
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReactionError {
    /// The lane is not parked, or not any more.
    #[error("the lane {lane:?} is not parked")]
    NotParked {
        /// Its name.
        lane: String,
    },
    /// The news at which a lane is parked is none of its any more.
    #[error("there is no news of it at position {at}; drop the lane, if it is not wanted")]
    NoNews {
        /// Where it should be.
        at: Position,
    },
    /// What the policy would do about it cannot be said.
    #[error("what the policy does about it cannot be said: {reason}")]
    Reaction {
        /// Why.
        reason: Arc<str>,
    },
    /// The journal could not be read.
    #[error("the news cannot be read")]
    Unread(#[source] JournalReadError),
    /// The journal did not take it, or nobody knows whether it did. Ask again.
    #[error("it cannot be recorded, so it may not be done: {reason}")]
    NotRecorded {
        /// Why.
        reason: Arc<str>,
    },
    /// The runtime is shut down.
    #[error("the runtime is shut down")]
    ShutDown,
}
