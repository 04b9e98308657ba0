//! One append: what it is about, what tephra is given, and who waits for it.

use bailiwick_core::{
    AppendCondition, AppendError, Appended, BoxFuture, EncodedEvent, JournalFault,
};
use tephra::Event;
use tokio::sync::oneshot;

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
    stored: Option<Stored>,
    waiter: oneshot::Sender<Outcome>,
}

/// The same in tephra's form.
pub(super) struct Stored {
    pub(super) events: Vec<Event>,
    pub(super) condition: Option<tephra::AppendCondition>,
}

impl Append {
    /// Puts it into tephra's form, with the future that tells its outcome.
    pub(crate) fn new(
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
        max: usize,
    ) -> Result<(Append, BoxFuture<Outcome>), Unstorable> {
        let stored = Stored::new(&events, condition.as_ref())?;
        let bytes = stored.events.iter().map(|e| RECORD_OVERHEAD + e.as_bytes().len()).sum();
        if bytes > max {
            return Err(Unstorable::Append { bytes, max });
        }
        let (waiter, outcome) = oneshot::channel();
        let append = Append { events, condition, bytes, tries: 0, stored: Some(stored), waiter };
        Ok((append, Box::pin(told(outcome))))
    }

    /// For tephra: taken the first time, made again after that.
    pub(super) fn stored(&mut self) -> Result<Stored, Unstorable> {
        match self.stored.take() {
            Some(stored) => Ok(stored),
            None => Stored::new(&self.events, self.condition.as_ref()),
        }
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

impl Stored {
    fn new(
        events: &[EncodedEvent],
        condition: Option<&AppendCondition>,
    ) -> Result<Stored, Unstorable> {
        let mut encoder = Encoder::default();
        let events = events.iter().map(|event| encoder.encode(event)).collect::<Result<_, _>>()?;
        Ok(Stored { events, condition: condition.map(terms::condition) })
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
