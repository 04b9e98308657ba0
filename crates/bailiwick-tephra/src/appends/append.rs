//! One append: what it is about, what tephra is given, and who waits for it.

use bailiwick_core::{
    AppendCondition, AppendError, Appended, BoxFuture, EncodedEvent, JournalFault,
};
use tephra::Event;
use tokio::sync::oneshot;

use super::recent::Recent;
use crate::event::{Encoder, Unstorable};
use crate::store::RECORD_OVERHEAD;
use crate::terms;

pub(crate) type Outcome = Result<Appended, AppendError>;

pub(crate) struct Append {
    pub(super) events: Vec<EncodedEvent>,
    pub(super) condition: Option<AppendCondition>,
    /// What it takes of a segment.
    pub(super) bytes: usize,
    /// How often tephra judged it.
    pub(super) tries: u8,
    stored: Option<Vec<Event>>,
    waiter: oneshot::Sender<Outcome>,
}

/// The same in tephra's form.
pub(super) struct Stored {
    pub(super) events: Vec<Event>,
    pub(super) condition: Option<tephra::AppendCondition>,
}

impl Stored {
    /// Whether another can be one with it.
    pub(super) fn joins(&self, other: &Stored) -> bool {
        self.condition.is_none() && other.condition.is_none()
    }
}

fn encode(events: &[EncodedEvent]) -> Result<Vec<Event>, Unstorable> {
    let largest = events.iter().map(|event| event.payload.len()).max();
    let mut encoder = Encoder::for_payloads_of(largest.unwrap_or(0));
    events.iter().map(|event| encoder.encode(event)).collect()
}

impl Append {
    /// Puts it into tephra's form, with the future that tells its outcome.
    pub(crate) fn new(
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
        max: usize,
    ) -> Result<(Append, BoxFuture<Outcome>), Unstorable> {
        let stored = encode(&events)?;
        let bytes = stored.iter().map(|e| RECORD_OVERHEAD + e.as_bytes().len()).sum();
        if bytes > max {
            return Err(Unstorable::Append { bytes, max });
        }
        let (waiter, outcome) = oneshot::channel();
        let append = Append { events, condition, bytes, tries: 0, stored: Some(stored), waiter };
        Ok((append, Box::pin(told(outcome))))
    }

    /// For tephra: the events are taken the first time, made again after that. The condition is left
    /// out if it holds anyway.
    pub(super) fn stored(&mut self, recent: &Recent) -> Result<Stored, Unstorable> {
        let events = match self.stored.take() {
            Some(events) => events,
            None => encode(&self.events)?,
        };
        let condition = self.condition.as_ref().filter(|condition| !recent.allows(condition));
        Ok(Stored { events, condition: condition.map(terms::condition) })
    }

    pub(super) fn settle(self, outcome: Outcome) -> Settled {
        Settled { waiter: self.waiter, outcome }
    }

    /// It was certainly not written.
    pub(super) fn closed(self, why: &JournalFault) -> Settled {
        self.settle(Err(AppendError::Closed(why.clone())))
    }

    /// It was given to tephra, and nobody knows what became of it.
    pub(super) fn unknown(self, why: &JournalFault) -> Settled {
        self.settle(Err(AppendError::Unknown(Box::new(why.clone()))))
    }
}

/// An outcome on its way to who waits for it. Told without a lock held: it may run anything.
#[must_use]
pub(crate) struct Settled {
    waiter: oneshot::Sender<Outcome>,
    outcome: Outcome,
}

impl Settled {
    pub(crate) fn tell(self) {
        // Whoever dropped the future does not want to know.
        let _ = self.waiter.send(self.outcome);
    }
}

async fn told(outcome: oneshot::Receiver<Outcome>) -> Outcome {
    outcome.await.unwrap_or_else(|_| Err(AppendError::Unknown("the journal's thread died".into())))
}
