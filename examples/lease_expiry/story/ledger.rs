//! What was told so far: the leases and the limit, from the durable changes alone.

use std::collections::BTreeMap;
use std::time::Duration;

use bailiwick::{Change, Timestamp};
use bailiwick_examples::streaming::SessionEvent::{self, *};
use bailiwick_examples::streaming::{DEFAULT_LIMIT, SessionId};

use super::cast::Screen;

/// The account, as its changes tell it.
pub struct Ledger {
    limit: usize,
    leases: BTreeMap<SessionId, Timestamp>,
}

/// What the summary is about, beside what the journal says.
#[derive(Debug, Default)]
pub struct Told {
    /// How often a slot was refused.
    pub refused: usize,
    /// How many heartbeats wrote nothing.
    pub kept: usize,
    /// How many streams were told to stop.
    pub stopped: usize,
    /// How long after its end each lease was reclaimed.
    pub expired: Vec<(Screen, Duration)>,
}

impl Ledger {
    /// An account of which nothing was told.
    pub fn new() -> Self {
        Ledger { limit: DEFAULT_LIMIT, leases: BTreeMap::new() }
    }

    /// Until when the session's lease lasts, as was told.
    pub fn held(&self, session: &SessionId) -> Option<Timestamp> {
        self.leases.get(session).copied()
    }

    /// How many slots of how many are in use at `now`.
    pub fn slots(&self, now: Timestamp) -> (usize, usize) {
        let counting = self.leases.values().filter(|end| now < **end);
        (counting.count(), self.limit)
    }

    /// Notes a change.
    pub fn note(&mut self, change: &Change<SessionEvent>) {
        match &change.event {
            SessionStarted { session, expires_at } | LeaseRenewed { session, expires_at } => {
                self.leases.insert(session.clone(), *expires_at);
            }
            SessionEnded { session } | LeaseExpired { session } => {
                self.leases.remove(session);
            }
            LimitChanged { limit } => self.limit = *limit,
        }
    }
}
