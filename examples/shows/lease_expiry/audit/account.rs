//! The leases of one account, folded from its events alone.

use std::collections::BTreeMap;

use bailiwick::{Position, Timestamp};
use bailiwick_examples::streaming::{DEFAULT_LIMIT, SessionEvent, SessionId};

use super::Expiry;

/// What the journal says about one account.
#[derive(Debug)]
pub struct AccountRecord {
    /// How many leases were granted.
    pub granted: usize,
    /// How many leases were made to last longer.
    pub renewed: usize,
    /// How many leases ran out.
    pub expired: usize,
    /// How many leases were given back.
    pub released: usize,
    /// How many leases counted at once, and how many might have.
    pub peak: (usize, usize),
    /// The limit that is in force.
    limit: usize,
    /// How many leases may count: the limit that was in force when the latest was granted.
    allowed: usize,
    expires_at: BTreeMap<SessionId, Timestamp>,
    pub(super) last: (Position, Timestamp),
}

impl Default for AccountRecord {
    fn default() -> Self {
        AccountRecord {
            granted: 0,
            renewed: 0,
            expired: 0,
            released: 0,
            peak: (0, 0),
            limit: DEFAULT_LIMIT,
            allowed: 0,
            expires_at: BTreeMap::new(),
            last: Default::default(),
        }
    }
}

impl AccountRecord {
    /// How many leases count at `at`.
    pub fn in_use(&self, at: Timestamp) -> usize {
        self.expires_at.values().filter(|end| at < **end).count()
    }

    /// When the leases end that have begun and not ended.
    #[cfg(test)]
    pub fn ends(&self) -> impl Iterator<Item = Timestamp> {
        self.expires_at.values().copied()
    }

    /// Folds an event in; the error says what it contradicts. Gives the lease that ran out by it.
    pub(super) fn fold(
        &mut self,
        event: &SessionEvent,
        (position, at): (Position, Timestamp),
    ) -> Result<Option<Expiry>, String> {
        let before = std::mem::replace(&mut self.last, (position, at)).1;
        if at < before {
            return Err(format!("it was recorded at {at}, the one before it at {before}"));
        }
        let expiry = self.change(event, at)?;
        let (in_use, allowed) = (self.in_use(at), self.allowed);
        if in_use > allowed {
            return Err(format!(
                "{in_use} leases count at {at}; the limit when the latest was granted was {allowed}"
            ));
        }
        if in_use > self.peak.0 {
            self.peak = (in_use, allowed);
        }
        Ok(expiry)
    }

    fn change(&mut self, event: &SessionEvent, at: Timestamp) -> Result<Option<Expiry>, String> {
        match event {
            SessionEvent::SessionStarted { session, expires_at } => {
                if let Some(end) = self.expires_at.insert(session.clone(), *expires_at) {
                    return Err(format!(
                        "{session} is granted a lease while it has one until {end}"
                    ));
                }
                self.granted += 1;
                self.allowed = self.limit;
            }
            SessionEvent::LeaseRenewed { session, expires_at } => {
                let end = self.unexpired(session, at, "renewed")?;
                if *expires_at < end {
                    return Err(format!("{session}'s lease is cut from {end} to {expires_at}"));
                }
                self.expires_at.insert(session.clone(), *expires_at);
                self.renewed += 1;
            }
            SessionEvent::SessionEnded { session } => {
                self.unexpired(session, at, "released")?;
                self.expires_at.remove(session);
                self.released += 1;
            }
            SessionEvent::LeaseExpired { session } => return self.expire(session, at).map(Some),
            SessionEvent::LimitChanged { limit } => self.limit = *limit,
        }
        Ok(None)
    }

    fn expire(&mut self, session: &SessionId, at: Timestamp) -> Result<Expiry, String> {
        let end = self.held(session)?;
        if at < end {
            return Err(format!("{session}'s lease is expired at {at}, but lasts until {end}"));
        }
        self.expires_at.remove(session);
        self.expired += 1;
        Ok(Expiry { session: session.clone(), late: at.since(end) })
    }

    fn held(&self, session: &SessionId) -> Result<Timestamp, String> {
        let end = self.expires_at.get(session).copied();
        end.ok_or_else(|| {
            format!("{session} has no lease that could be renewed, released or expired")
        })
    }

    fn unexpired(
        &self,
        session: &SessionId,
        at: Timestamp,
        done: &str,
    ) -> Result<Timestamp, String> {
        let end = self.held(session)?;
        match at < end {
            true => Ok(end),
            false => Err(format!("{session}'s lease is {done} at {at}, but ran out at {end}")),
        }
    }

    /// Whether nobody expired a lease that ended by `now`.
    pub(super) fn forgotten(&self, now: Timestamp) -> Result<(), String> {
        match self.expires_at.iter().find(|(_, end)| **end <= now) {
            None => Ok(()),
            Some((session, end)) => {
                Err(format!("{session}'s lease ran out at {end}, and nobody expired it"))
            }
        }
    }
}
