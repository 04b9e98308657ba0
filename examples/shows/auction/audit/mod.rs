//! What the journal says, read back from its beginning by somebody who was not there.
//!
//! Nothing here asks the runtime, the domain's rules or a counter: lots and bidders are folded anew from
//! the events, in their order. Each rule is judged at each event that it is about, or the first event is
//! named that contradicts it.

mod lots;
#[path = "../../../shared/read_back.rs"]
mod read_back;
#[path = "../../../shared/violation.rs"]
mod violation;

use std::collections::BTreeSet;

use bailiwick::journal::{Journal, JournalReadError, RecordedEvent};
use bailiwick::{BoxError, Timestamp};
use bailiwick_examples::auction::AuctionEvent;

pub use lots::{Lots, Rule};
use read_back::read_back;
pub use violation::Violation;

/// What was found in a journal that contradicts nothing.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many events there are.
    pub events: usize,
    /// The lots, and how often each rule was judged.
    pub lots: Lots,
    /// The deliveries of the policy, and of the effect that tells of it.
    pub deliveries: BTreeSet<String>,
    /// How many of them caused nothing.
    pub without_effect: usize,
    /// When the last event was recorded.
    latest: Timestamp,
}

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The journal says that a rule was broken.
    #[error("the journal contradicts the rules: {0}")]
    Violated(#[from] Violation),
    /// The journal cannot be read.
    #[error("the journal cannot be read back")]
    Unread(#[from] JournalReadError),
}

/// Reads `journal`.
///
/// # Errors
/// See [`AuditError`].
pub async fn audit(journal: &dyn Journal) -> Result<Findings, AuditError> {
    let mut findings = Findings::default();
    let upto = read_back::<AuditError>(journal, |recorded| findings.fold(recorded)).await?;
    let left = |what| Violation { position: upto, what };
    findings.lots.in_the_end(findings.latest).map_err(left)?;
    Ok(findings)
}

impl Findings {
    fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), BoxError> {
        self.events += 1;
        self.latest = recorded.event.recorded_at;
        let reserved = recorded.event.is_reserved();
        if let Some(delivery) = &recorded.event.metadata.extra().delivery {
            self.without_effect += usize::from(reserved);
            let identity = delivery.tag().to_string();
            if !self.deliveries.insert(identity) {
                return Err(format!("a delivery of {} for the second time", delivery.policy).into());
            }
        }
        if reserved {
            return Ok(());
        }
        match recorded.event.decode()? {
            Some(AuctionEvent::Listing(event)) => self.lots.listing(&event, recorded),
            Some(AuctionEvent::Bidder(event)) => self.lots.bidder(&event, recorded),
            None => Err("it is of no type any more".into()),
        }
    }
}

#[cfg(test)]
mod tests;
