//! One append: what it is about, what tephra is given, and who waits for it.

use std::task::Waker;

use bailiwick_core::journal::{
    AppendCondition, AppendError, Appended, EncodedEvent, JournalFault, Waiters,
};
use tephra::Event;
use tokio::sync::oneshot;

use super::recent::Recent;
use crate::event::{Encoder, NotEncoded};
use crate::store::RECORD_OVERHEAD;
use crate::terms;

pub(crate) type Outcome = Result<Appended, AppendError>;

/// What is told of an append: also what it was, to be freed where it was made and not by the thread
/// on which all others wait.
pub(crate) type Told = (Outcome, Vec<EncodedEvent>, Option<AppendCondition>);

pub(crate) struct Append {
    pub(super) events: Vec<EncodedEvent>,
    pub(super) condition: Option<AppendCondition>,
    /// What it takes of a segment.
    pub(super) bytes: usize,
    /// Its place in the order of the calls.
    pub(super) number: u64,
    /// How often tephra judged it.
    pub(super) tries: u8,
    stored: Option<Vec<Event>>,
    waiter: oneshot::Sender<Told>,
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

fn encode(events: &[EncodedEvent]) -> Result<Vec<Event>, NotEncoded> {
    let largest = events.iter().map(|event| event.payload.len()).max();
    let mut encoder = Encoder::for_payloads_of(largest.unwrap_or(0));
    events.iter().map(|event| encoder.encode(event)).collect()
}

impl Append {
    /// Puts it into tephra's form, with where its outcome is told.
    pub(crate) fn new(
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Result<(Append, oneshot::Receiver<Told>), NotEncoded> {
        let stored = encode(&events)?;
        let bytes = stored.iter().map(|e| RECORD_OVERHEAD + e.as_bytes().len()).sum();
        let (waiter, outcome) = oneshot::channel();
        let stored = Some(stored);
        Ok((Append { events, condition, bytes, number: 0, tries: 0, stored, waiter }, outcome))
    }

    /// For tephra: the events are taken the first time, made again after that. The condition is left
    /// out if it holds anyway.
    pub(super) fn stored(&mut self, recent: &Recent) -> Result<Stored, NotEncoded> {
        let events = match self.stored.take() {
            Some(events) => events,
            None => encode(&self.events)?,
        };
        let condition = self.condition.as_ref().filter(|condition| !recent.allows(condition));
        Ok(Stored { events, condition: condition.map(terms::condition) })
    }

    pub(super) fn settle(self, outcome: Outcome) -> Settled {
        Settled { waiter: self.waiter, told: (outcome, self.events, self.condition) }
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
    waiter: oneshot::Sender<Told>,
    told: Told,
}

impl Settled {
    pub(crate) fn tell(self, waiters: &Waiters) {
        if let (Ok(appended), events, _) = &self.told {
            waiters.appended(appended.first, events).into_iter().for_each(Waker::wake);
        }
        // Whoever dropped the future does not want to know.
        let _ = self.waiter.send(self.told);
    }
}
