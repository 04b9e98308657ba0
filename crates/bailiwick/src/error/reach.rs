//! Why a projection has not come as far as somebody wants.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::JournalReadError;

use crate::projections::ProjectionState;

/// Why the rows of a projection are not known to be as wanted. From
/// [`ProjectionHandle::reached`](crate::ProjectionHandle::reached).
///
/// For an example see [`Projections`](crate::Projections).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReachError {
    /// It has not come that far in time.
    #[error("the projection has not come that far in time; it is {state}")]
    TimedOut {
        /// Up to where the rows that readers read are folded; none if there are none.
        reached: Option<Position>,
        /// How it is.
        state: ProjectionState,
    },
    /// It has stopped, and goes on when somebody has seen to it.
    #[error(
        "the projection has failed{}: {reason}",
        at.map_or_else(String::new, |at| format!(" at position {at}"))
    )]
    Failed {
        /// Up to where the rows that readers read are folded; none if there are none.
        reached: Option<Position>,
        /// The event that cannot be folded, if it is one.
        at: Option<Position>,
        /// Why.
        reason: Arc<str>,
    },
    /// The position is beyond the end of the journal.
    #[error("position {position} is beyond the journal's head at {head}")]
    BeyondHead {
        /// What was asked for.
        position: Position,
        /// The last position that the journal has.
        head: Position,
    },
    /// The journal could not be read.
    #[error("whether the position is one of the journal cannot be told now")]
    Unread(#[source] JournalReadError),
    /// The runtime is shut down.
    #[error("the runtime is shut down")]
    ShutDown,
}
