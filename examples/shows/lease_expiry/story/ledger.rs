//! What was told so far: the leases and the limit, from the durable changes alone.

use std::collections::BTreeMap;
use std::time::Duration;

use bailiwick::Timestamp;
use bailiwick_examples::streaming::SessionEvent::{self, *};
use bailiwick_examples::streaming::{DEFAULT_LIMIT, SessionId};

use super::cast::{PHONE, Screen, TABLET, TV};

/// The account, as its events tell it.
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
    /// How many heartbeats moved the end of a lease.
    pub renewed: usize,
    /// How many streams were told to stop.
    pub stopped: usize,
    /// How long after its end each lease was reclaimed.
    pub expired: Vec<(Screen, Duration)>,
}

impl Default for Ledger {
    /// An account of which nothing was told.
    fn default() -> Self {
        Ledger { limit: DEFAULT_LIMIT, leases: BTreeMap::new() }
    }
}

impl Ledger {
    /// How many slots there are.
    pub fn limit(&self) -> usize {
        self.limit
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

    /// The screens that have a lease, by when it ends.
    pub fn screens(&self) -> Vec<(Screen, Timestamp)> {
        let held = |screen: Screen| Some((screen, self.held(&screen.session())?));
        let mut screens: Vec<_> = [TV, PHONE, TABLET].into_iter().filter_map(held).collect();
        screens.sort_by_key(|(screen, end)| (*end, screen.session()));
        screens
    }

    /// Notes an event.
    pub fn note(&mut self, event: &SessionEvent) {
        match event {
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
