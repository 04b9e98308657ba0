//! What happens to the sessions of an account.

use bailiwick_core::{Event, Timestamp, id};
use serde::{Deserialize, Serialize};

id!(
    /// An account of the streaming service.
    pub AccountId: "account",
    /// One stream of an account, as the service that runs it knows it.
    pub SessionId: "session",
);

/// What happened to the sessions of an account.
///
/// Beginning and end of a session carry its ID as a tag, so that its stream has a lane of its own. Renewals are
/// frequent, and nobody looks for them.
#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum SessionEvent {
    /// A session took a slot.
    SessionStarted {
        /// Which session.
        #[tag]
        session: SessionId,
        /// Until when it counts.
        expires_at: Timestamp,
    },
    /// A session's lease was made to last longer.
    LeaseRenewed {
        /// Which session.
        session: SessionId,
        /// Until when it counts now.
        expires_at: Timestamp,
    },
    /// A session gave its slot back.
    SessionEnded {
        /// Which session.
        #[tag]
        session: SessionId,
    },
    /// A session's lease ran out, and its slot was reclaimed.
    LeaseExpired {
        /// Which session.
        #[tag]
        session: SessionId,
    },
    /// The account may run another number of sessions.
    LimitChanged {
        /// How many.
        limit: usize,
    },
}
