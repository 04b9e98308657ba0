//! Where a subscription begins.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::{Cursor, CursorError};

use crate::context::RuntimeContext;
use crate::error::SubscribeError;
use crate::journal::port;

/// Where a subscription or a watch begins.
///
/// For an example see [`Subscription`](crate::Subscription).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Since {
    /// Behind what is durable when it begins: it gives what comes after that.
    Now,
    /// Behind this position of the runtime's journal: one that a [`read`](crate::AggregateRef::read) or a
    /// receipt said, or [`Position::START`] for everything. A [`Position`] converts into it.
    Position(Position),
    /// Behind a place that was kept outside of the journal, over restarts for example: it is refused if it
    /// is one of another journal. A [`Cursor`] converts into it.
    Cursor(Cursor),
}

impl From<Position> for Since {
    fn from(position: Position) -> Since {
        Since::Position(position)
    }
}

impl From<Cursor> for Since {
    fn from(cursor: Cursor) -> Since {
        Since::Cursor(cursor)
    }
}

impl Since {
    /// The position behind which it begins, and the head: it is not beyond that.
    pub(super) async fn resolve(
        self,
        shared: &Arc<RuntimeContext>,
    ) -> Result<(Position, Position), SubscribeError> {
        let journal = shared.journal_id;
        let cursor = match self {
            Since::Now => None,
            Since::Position(position) => Some(Cursor::new(journal, position)),
            Since::Cursor(cursor) if cursor.journal == journal => Some(cursor),
            Since::Cursor(cursor) => {
                let other = CursorError::OtherJournal { cursor, journal };
                return Err(SubscribeError::Cursor(other));
            }
        };
        let head = shared.lend(port::head).ok_or(SubscribeError::ShutDown)?.await;
        let head = head.ok_or(SubscribeError::ShutDown)?.map_err(SubscribeError::Unread)?.position;
        match cursor {
            None => Ok((head, head)),
            Some(cursor) if cursor.position > head => {
                Err(SubscribeError::Cursor(CursorError::BeyondHead { cursor, head }))
            }
            Some(cursor) => Ok((cursor.position, head)),
        }
    }
}
