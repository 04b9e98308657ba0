//! Why a state could not be looked at.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::JournalReadError;
use bailiwick_core::{FoldError, InvalidTag, Position};

use crate::error::Unloadable;

/// Why a `read` has no answer.
///
/// For an example see [`AggregateRef`](crate::AggregateRef).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It has no answer yet.
    #[error("no answer in time")]
    TimedOut,
    /// As many aggregates wait for the journal as may, and none of them was done within the time-out.
    #[error("{most} aggregates wait for the journal, and no more may; ask again later")]
    Overloaded {
        /// Their bound, in aggregates: [`waiting_aggregates`](crate::Config::waiting_aggregates).
        most: usize,
    },
    /// Too many reads are waiting for this aggregate.
    #[error("too many reads are waiting ({capacity}); ask again later")]
    Full {
        /// The bound, in reads: [`waiting_reads`](crate::Config::waiting_reads).
        capacity: usize,
    },
    /// The runtime is shutting down or gone.
    #[error("the runtime is shut down")]
    ShutDown,
    /// The text of the ID cannot be a tag.
    #[error("the ID cannot be used")]
    InvalidId(#[source] InvalidTag),
    /// The position is beyond the end of the journal: nobody can say how it was then.
    #[error("position {position} is beyond the journal's head at {head}")]
    BeyondHead {
        /// What was asked for.
        position: Position,
        /// The last position that the journal has.
        head: Position,
    },
    /// An event of the aggregate cannot be decoded, or applying it panics.
    #[error(transparent)]
    Unloadable(Unloadable),
    /// The journal could not be read.
    #[error("what is to be read cannot be loaded")]
    Unread {
        /// Why.
        source: JournalReadError,
        /// How long it is certainly not tried again: zero if the next read tries.
        again_in: Duration,
    },
    /// A view cannot read an event.
    #[error(transparent)]
    Fold(Arc<FoldError>),
    /// The closure panicked, or the code of the view that is read.
    #[error("the read panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: Arc<str>,
    },
}

impl ReadError {
    /// The journal could not be read by who tries each time.
    pub(crate) fn unread(source: JournalReadError) -> Self {
        ReadError::Unread { source, again_in: Duration::ZERO }
    }
}
