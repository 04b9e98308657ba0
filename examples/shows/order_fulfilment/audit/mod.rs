//! What the journal says, read back from its beginning by somebody who was not there.
//!
//! Nothing here asks the runtime, the domain's rules or a counter: orders, payments and parcels are folded
//! anew from the events, in their order. Each rule is judged at each event that it is about, or the first
//! event is named that contradicts it. What the customers were told is compared with the mail, which is
//! outside.

mod orders;
#[path = "../../../shared/read_back.rs"]
mod read_back;
#[path = "../../../shared/violation.rs"]
mod violation;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bailiwick::journal::{Delivery, Journal, JournalReadError, RecordedEvent};
use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick::{BoxError, Effect, Position};
use bailiwick_examples::notifier::{Message, Notifier};
use bailiwick_examples::orders::TellCustomer;

pub use orders::{Orders, Rule};
use read_back::read_back;
pub use violation::Violation;

/// What was found in a journal that contradicts nothing.
#[derive(Debug, Default)]
pub struct Findings {
    /// How many events there are.
    pub events: usize,
    /// The orders, and how often each rule was judged.
    pub orders: Orders,
    /// The deliveries of policies.
    pub deliveries: usize,
    /// How many of them caused nothing.
    pub without_effect: usize,
    /// For which news customers were told, and for which that was given up.
    pub told: Vec<Position>,
    pub given_up: Vec<Position>,
    /// What is in the mail.
    pub sent: Sent,
    traces: BTreeSet<String>,
}

/// What is in the mail: the messages, by their keys, each as often as it came.
pub type Sent = BTreeMap<String, Vec<String>>;

/// Why there are no findings.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The journal says that a rule was broken.
    #[error("the journal contradicts the rules: {0}")]
    Violated(#[from] Violation),
    /// The mail says so.
    #[error("the mail contradicts the journal: {0}")]
    Mail(String),
    /// The journal cannot be read.
    #[error("the journal cannot be read back")]
    Unread(#[from] JournalReadError),
}

/// What the mail has.
pub fn sent(path: &Path) -> std::io::Result<Sent> {
    let mut sent = Sent::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let (key, message) = line.split_once('\t').unwrap_or((line, ""));
        sent.entry(key.to_owned()).or_default().push(message.to_owned());
    }
    Ok(sent)
}

/// Reads `journal`, and compares it with the mail.
///
/// # Errors
/// See [`AuditError`].
pub async fn audit(journal: &dyn Journal, sent: Sent) -> Result<Findings, AuditError> {
    let mut findings = Findings { sent, ..Findings::default() };
    let upto = read_back::<AuditError>(journal, |recorded| findings.fold(recorded)).await?;
    let left = |what| Violation { position: upto, what };
    findings.orders.in_the_end().map_err(left)?;
    findings.compare()?;
    Ok(findings)
}

impl Findings {
    fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), BoxError> {
        self.events += 1;
        if let Some(delivery) = &recorded.event.metadata.extra().delivery {
            if !self.traces.insert(delivery.tag().to_string()) {
                return Err(format!("a delivery of {} for the second time", delivery.policy).into());
            }
            return self.delivery(delivery, recorded);
        }
        if recorded.event.is_reserved() { Ok(()) } else { self.orders.fold(recorded) }
    }

    fn delivery(&mut self, delivery: &Delivery, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let reserved = recorded.event.is_reserved();
        if delivery.policy.as_str() == NAME {
            let ended: Option<DeliveryEnded> = recorded.event.decode()?;
            match ended.map(|ended| ended.how) {
                Some(Ending::Performed) => self.told.push(delivery.source),
                Some(Ending::GaveUp) => self.given_up.push(delivery.source),
                other => return Err(format!("nobody can have told somebody so: {other:?}").into()),
            }
            return Ok(());
        }
        self.deliveries += 1;
        self.without_effect += usize::from(reserved);
        if reserved { Ok(()) } else { self.orders.fold(recorded) }
    }

    /// Who was told has it in the mail, under one key and with one message; who was not, has not.
    fn compare(&self) -> Result<(), AuditError> {
        let key_of = |position: &Position| {
            let end = format!("/{position}");
            self.sent.iter().find(|(key, _)| key.ends_with(&end))
        };
        for position in &self.told {
            let what = format!("nothing was sent for position {position}");
            key_of(position).ok_or(AuditError::Mail(what))?;
        }
        for (key, messages) in &self.sent {
            if messages.iter().any(|message| *message != messages[0]) {
                return Err(AuditError::Mail(format!("two messages under the key {key}")));
            }
        }
        if let Some(position) = self.given_up.iter().find(|position| key_of(position).is_some()) {
            return Err(AuditError::Mail(format!("what was given up was sent: {position}")));
        }
        Ok(())
    }
}

/// For its name only.
#[derive(Debug)]
enum Nobody {}

impl Notifier for Nobody {
    async fn tell(&self, _: &str, _: &[Message]) -> Result<(), bailiwick::Failed> {
        match *self {}
    }
}

const NAME: &str = <TellCustomer<Nobody> as Effect>::NAME;

#[cfg(test)]
mod tests;
