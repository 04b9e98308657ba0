//! What a rival does with a credit, step for step as Bailiwick does it.

use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata};
use bailiwick::{Clock, Event, MemoryJournal, Tags, Timestamp};

use crate::domain::{Credit, CreditEvent, Draw, UsedUp};

/// A credit in a rival's hands: judged, folded, encoded and appended as Bailiwick does it.
#[derive(Clone)]
pub struct Ledger {
    /// The one log that all share.
    pub log: MemoryJournal,
    /// Without it, a rival skips the event: the price of its messages alone.
    pub with_events: bool,
    /// Where the time of recording comes from.
    pub clock: bailiwick::SystemClock,
}

impl Ledger {
    /// One on `log` that writes every event.
    pub fn new(log: MemoryJournal) -> Self {
        Ledger { log, with_events: true, clock: bailiwick::SystemClock::new() }
    }

    /// Runs the command on `credit` and answers what is left.
    pub fn draw(&self, credit: &mut Credit, tags: &Tags, draw: Draw) -> Result<u64, UsedUp> {
        let event = credit.judge(&draw)?;
        credit.fold(&event);
        if self.with_events {
            self.append(&event, tags, self.now());
        }
        Ok(credit.left())
    }

    /// Lets the lease of `credit` end.
    pub fn lapse(&self, credit: &mut Credit, tags: &Tags) {
        let now = self.now();
        let event = CreditEvent::Lapsed { at: now };
        credit.fold(&event);
        self.append(&event, tags, now);
    }

    /// The time, as events are recorded with it.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Encodes and appends an event.
    pub fn append<E: Event>(&self, event: &E, tags: &Tags, now: Timestamp) {
        let mut payload = Vec::with_capacity(64);
        event.encode(&mut payload).expect("it can be encoded");
        let encoded = EncodedEvent {
            event_type: EventType::literal(event.event_type()),
            version: event.descriptor().version(),
            tags: tags.clone(),
            payload: payload.into(),
            recorded_at: now,
            metadata: Metadata::default(),
        };
        // The memory journal appends in the call; the future only says so.
        drop(self.log.append(vec![encoded], None));
    }
}
