//! Why events cannot be given.

use bailiwick_core::journal::{CursorError, JournalReadError};
use bailiwick_core::{CodecError, InvalidTag, Position};

/// Why a subscription, a watch or a history could not begin, or could not give an event. Of one that has
/// begun it is not the end: polled again, it goes on.
///
/// For an example see [`Subscription`](crate::Subscription).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The text of the ID cannot be a tag, so there is nothing to read.
    #[error("the ID cannot be used")]
    InvalidId(#[source] InvalidTag),
    /// It cannot begin there: the place is one of another journal, or beyond the end of this one.
    #[error("it cannot begin there")]
    Cursor(#[source] CursorError),
    /// The runtime drains or is shut down, so it cannot begin. A subscription or a watch that has begun ends
    /// then, without an error; a history goes on until the shutdown, and says this, since there may be more.
    #[error("the runtime is shut down")]
    ShutDown,
    /// The journal could not be read. Polled again, it tries again, after a while.
    #[error("what has happened cannot be read")]
    Unread(#[source] JournalReadError),
    /// An event cannot be decoded. Polled again, it goes on behind it.
    #[error("the event at position {position} cannot be read")]
    Undecodable {
        /// Where it is.
        position: Position,
        /// What is wrong with it.
        source: CodecError,
    },
}
