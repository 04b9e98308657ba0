//! One append on its way: its records, made on the thread of whoever appends, and who is told of its outcome.

use bailiwick_core::Timestamp;
use bailiwick_core::journal::{AppendCondition, AppendError, Appended, EncodedEvent, JournalFault};
use tokio::sync::oneshot;

use crate::stored::encode;

pub(crate) type Outcome = Result<Appended, AppendError>;

pub(crate) struct Append {
    pub(crate) events: Vec<EncodedEvent>,
    pub(crate) records: Vec<Vec<u8>>,
    /// How many bytes its records have.
    pub(crate) bytes: usize,
    pub(crate) condition: Option<AppendCondition>,
    told: oneshot::Sender<Outcome>,
}

/// Whose outcome is known.
#[must_use = "somebody waits for it"]
pub(crate) struct Settled {
    told: oneshot::Sender<Outcome>,
    outcome: Outcome,
}

impl Append {
    pub(crate) fn new(
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> (Append, oneshot::Receiver<Outcome>) {
        let (told, outcome) = oneshot::channel();
        let records = events.iter().map(|event| {
            let mut record = Vec::with_capacity(event.counted_bytes());
            encode(event, &mut record);
            record
        });
        let records: Vec<Vec<u8>> = records.collect();
        let bytes = records.iter().map(Vec::len).sum();
        (Append { events, records, bytes, condition, told }, outcome)
    }

    /// When the latest of its events was recorded.
    pub(crate) fn recorded_at(&self) -> Timestamp {
        let times = self.events.iter().map(|event| event.recorded_at);
        times.max().unwrap_or(Timestamp::EPOCH)
    }

    pub(crate) fn settle(self, outcome: Outcome) -> Settled {
        Settled { told: self.told, outcome }
    }

    /// It was certainly not written, because the journal is closed.
    pub(crate) fn closed(self, why: &JournalFault) -> Settled {
        self.settle(Err(AppendError::Closed(why.clone())))
    }
}

impl Settled {
    /// To be done without a lock held: it may run anything.
    pub(crate) fn tell(self) {
        // Whoever does not wait any more does not care.
        drop(self.told.send(self.outcome));
    }
}
