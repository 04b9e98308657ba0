//! One append on its way: its records, made on the thread of whoever appends, and who is told of its outcome.

use std::ops::Deref;

use bailiwick_core::Timestamp;
use bailiwick_core::journal::{AppendCondition, AppendError, Appended, EncodedEvent, JournalFault};
use smallvec::SmallVec;
use tokio::sync::oneshot;

use crate::stored::encode;

pub(crate) type Outcome = Result<Appended, AppendError>;

pub(crate) struct Append {
    content: Content,
    told: oneshot::Sender<Told>,
}

/// What is appended, and on which condition.
pub(crate) struct Content {
    pub(crate) events: Vec<EncodedEvent>,
    /// Its records, one behind the other, and where each of them ends.
    records: Vec<u8>,
    ends: SmallVec<[usize; 2]>,
    pub(crate) condition: Option<AppendCondition>,
}

/// The outcome, and what was appended: that goes back to the thread on which it was made. If the writer freed what so
/// many others have allocated, it would wait for their allocators.
pub(crate) type Told = (Outcome, Content);

/// Whose outcome is known.
#[must_use = "somebody waits for it"]
pub(crate) struct Settled {
    append: Append,
    outcome: Outcome,
}

impl Append {
    pub(crate) fn new(
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> (Append, oneshot::Receiver<Told>) {
        let (told, outcome) = oneshot::channel();
        let bytes = events.iter().map(EncodedEvent::counted_bytes).sum();
        let (mut records, mut ends) = (Vec::with_capacity(bytes), SmallVec::new());
        for event in &events {
            encode(event, &mut records);
            ends.push(records.len());
        }
        (Append { content: Content { events, records, ends, condition }, told }, outcome)
    }

    pub(crate) fn settle(self, outcome: Outcome) -> Settled {
        Settled { append: self, outcome }
    }

    /// It was certainly not written, because the journal is closed.
    pub(crate) fn closed(self, why: &JournalFault) -> Settled {
        self.settle(Err(AppendError::Closed(why.clone())))
    }
}

impl Deref for Append {
    type Target = Content;

    fn deref(&self) -> &Content {
        &self.content
    }
}

impl Content {
    /// Its records.
    pub(crate) fn records(&self) -> impl Iterator<Item = &[u8]> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.records[begin..*end])
    }

    /// How many bytes its records have.
    pub(crate) fn bytes(&self) -> usize {
        self.records.len()
    }

    /// When the latest of its events was recorded.
    pub(crate) fn recorded_at(&self) -> Timestamp {
        let times = self.events.iter().map(|event| event.recorded_at);
        times.max().unwrap_or(Timestamp::EPOCH)
    }
}

impl Settled {
    /// To be done without a lock held: it may run anything.
    pub(crate) fn tell(self) {
        // Whoever does not wait any more does not care.
        let Append { content, told } = self.append;
        drop(told.send((self.outcome, content)));
    }
}
