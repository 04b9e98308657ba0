//! What the journal says, read back from its beginning by somebody who was not there.
//!
//! Nothing here asks the runtime, the aggregate's code or a counter: the leases are folded anew
//! from the events, their order and their times of recording. It is proven, or the first event is
//! named that contradicts it, that
//!
//! 1. at no event of an account more leases were unexpired than the limit that was in force when
//!    the latest of them was granted;
//! 2. no lease was expired before its time, renewed or released after it, or granted twice;
//! 3. every lease that ran out was expired, once.

mod account;
mod violation;

use std::collections::BTreeMap;
use std::time::Duration;

use bailiwick::journal::{Journal, JournalReadError, Query, Read, RecordedEvent};
use bailiwick::{ErrorReport, Id, Timestamp};
use bailiwick_examples::streaming::{AccountId, SessionEvent, SessionId};

pub use account::AccountRecord;
pub use violation::Violation;

/// What was found in a journal that contradicts nothing.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many events there are.
    pub events: usize,
    /// The accounts, by name.
    pub accounts: BTreeMap<AccountId, AccountRecord>,
    /// How many leases of all accounts had begun and not ended, from when on.
    pub levels: Vec<(Timestamp, usize)>,
    /// The leases that ran out, in order.
    pub expiries: Vec<Expiry>,
}

/// A lease that ran out.
#[derive(Debug, Clone, PartialEq)]
pub struct Expiry {
    /// Whose it was.
    pub session: SessionId,
    /// How long after its end it was reclaimed.
    pub late: Duration,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The journal says that a rule was broken.
    #[error("the journal contradicts the rules: {0}")]
    Violated(#[from] Violation),
    /// The journal cannot be read.
    #[error("the journal cannot be read back: {0}")]
    Unread(#[from] JournalReadError),
}

/// Reads `journal`. At `now`, no lease may be left that ended by then.
///
/// # Errors
/// See [`AuditError`].
pub async fn audit(journal: &dyn Journal, now: Timestamp) -> Result<Findings, AuditError> {
    let mut findings = Findings::default();
    let mut read = Read::new(Query::all());
    loop {
        let page = journal.read(read.clone()).await?;
        for recorded in &page.events {
            findings.fold(recorded)?;
        }
        read.after = page.upto;
        if !page.more {
            break;
        }
    }
    for (account, record) in &findings.accounts {
        let violated = |what| Violation::new(account, record.last.0, what);
        record.forgotten(now).map_err(violated)?;
    }
    Ok(findings)
}

impl Findings {
    /// The sum of something over all accounts.
    pub fn total(&self, count: impl Fn(&AccountRecord) -> usize) -> usize {
        self.accounts.values().map(count).sum()
    }

    /// How late the latest expiry was.
    pub fn latest_expiry(&self) -> Duration {
        self.expiries.iter().map(|expiry| expiry.late).max().unwrap_or_default()
    }

    /// How many leases of all accounts had begun and not ended at most, and when first so.
    pub fn peak(&self) -> (usize, Timestamp) {
        let peak = self.levels.iter().rev().max_by_key(|(_, level)| *level);
        peak.map_or((0, Timestamp::EPOCH), |(at, level)| (*level, *at))
    }

    /// When the last lease ended.
    pub fn last_end(&self) -> Timestamp {
        self.levels.last().map_or(Timestamp::EPOCH, |(at, _)| *at)
    }

    fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), Violation> {
        let (position, at) = (recorded.position, recorded.event.recorded_at);
        let Some(account) = account_of(recorded) else {
            return Err(Violation::nobodys(position));
        };
        let violated = |what| Violation::new(&account, position, what);
        let event = recorded
            .event
            .decode()
            .map_err(|error| violated(ErrorReport::of(&error).to_string()))?;
        let event: SessionEvent = event.ok_or_else(|| violated("is of no type any more".into()))?;
        self.events += 1;
        let record = self.accounts.entry(account.clone()).or_default();
        let expiry = record.fold(&event, (position, at)).map_err(violated)?;
        self.expiries.extend(expiry);
        self.level(&event, at);
        Ok(())
    }

    fn level(&mut self, event: &SessionEvent, at: Timestamp) {
        let level = self.levels.last().map_or(0, |(_, level)| *level);
        let level = match event {
            SessionEvent::SessionStarted { .. } => level + 1,
            SessionEvent::SessionEnded { .. } | SessionEvent::LeaseExpired { .. } => level - 1,
            SessionEvent::LeaseRenewed { .. } | SessionEvent::LimitChanged { .. } => return,
        };
        self.levels.push((at, level));
    }
}

fn account_of(recorded: &RecordedEvent) -> Option<AccountId> {
    let mut tags = recorded.event.tags.iter();
    let tag = tags.find(|tag| tag.key() == AccountId::KEY)?;
    tag.value().parse().ok()
}

#[cfg(test)]
mod tests;
