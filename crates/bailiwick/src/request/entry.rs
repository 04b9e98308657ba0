//! A command in the runtime's hands: whatever happens to it, it gets an outcome.

use std::sync::Arc;

use bailiwick_core::{Aggregate, Position};
use smallvec::SmallVec;

use crate::error::{Cause, Unknown};
use crate::request::Envelope;

/// Commands that go together. Most often there is just one, and it needs no heap.
pub(crate) type Entries<A> = SmallVec<[Entry<A>; 1]>;

/// Where the last event of a command is, or will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventAt {
    /// In the journal.
    Durable(Position),
    /// The event with this number in the batch that is being appended.
    Running(u32),
    /// The event with this number in the batch behind it.
    Forming(u32),
}

/// An envelope in the runtime's hands. Whatever happens to it, it gets an outcome: dropped without
/// one (the runtime went away), its command is given back, or unknown if it may be in the journal.
pub(crate) struct Entry<A: Aggregate> {
    envelope: Option<Arc<dyn Envelope<A>>>,
    /// From here on it is certainly judged: its caller cannot give it up any more.
    claimed: bool,
    /// It was listed among the callers who wait; see [`crate::request::timeouts`].
    pub(crate) listed: bool,
    /// How often it was decided.
    pub(crate) attempts: u32,
    /// How many events of its batch come before or with it.
    pub(crate) events_upto: u32,
    /// The journal was read again for its sake.
    pub(crate) reread: bool,
    /// Whether its batch was given to the journal.
    pub(crate) submitted: bool,
    /// It has the answer of an earlier command with the same key, which is there.
    pub(crate) repeats: Option<EventAt>,
}

impl EventAt {
    /// The batch that was forming is given to the journal.
    pub(crate) fn submitted(self) -> EventAt {
        match self {
            EventAt::Forming(nth) => EventAt::Running(nth),
            place => place,
        }
    }

    /// The batch that was running is in the journal, from `first`.
    pub(crate) fn committed(self, first: Position) -> EventAt {
        match self {
            EventAt::Running(nth) => EventAt::Durable(first.plus(u64::from(nth).saturating_sub(1))),
            place => place,
        }
    }
}

impl<A: Aggregate> Entry<A> {
    pub(crate) fn new(envelope: Arc<dyn Envelope<A>>) -> Self {
        Entry {
            envelope: Some(envelope),
            claimed: false,
            listed: false,
            attempts: 0,
            events_upto: 0,
            reread: false,
            submitted: false,
            repeats: None,
        }
    }

    pub(crate) fn envelope(&self) -> &dyn Envelope<A> {
        &**self.envelope.as_ref().expect("present until it has an outcome")
    }

    /// It is a delivery of a policy: whether it was done by somebody else is known to the journal only.
    pub(crate) fn is_delivery(&self) -> bool {
        self.envelope().request().delivering().is_some()
    }

    /// The envelope, for whoever only has to tell its caller that time is up.
    pub(crate) fn share(&self) -> Arc<dyn Envelope<A>> {
        self.envelope.clone().expect("present until it has an outcome")
    }

    /// `position`: of the aggregate's last event as of this command.
    pub(crate) fn release(mut self, position: Position) {
        let position = match self.repeats {
            Some(EventAt::Durable(original)) => original,
            _ => position,
        };
        self.take().release(position);
    }

    /// Takes the right to judge it, once. False: its caller has given it up.
    pub(crate) fn claim(&mut self) -> bool {
        self.claimed = self.claimed || self.envelope().request().claim();
        self.claimed
    }

    /// It was judged, and is in the journal's hands with so many events.
    pub(crate) fn was_submitted(&mut self, events: u32) {
        (self.claimed, self.submitted) = (true, true);
        (self.attempts, self.events_upto) = (1, events);
    }

    /// Unless its caller has given it up.
    pub(crate) fn give_back(mut self, cause: Cause) {
        if let Some(envelope) = self.take_claimed() {
            envelope.give_back(cause);
        }
    }

    /// Unless its caller has given it up: one that repeats another need not have been judged.
    pub(crate) fn unknown(mut self, unknown: Unknown) {
        if let Some(envelope) = self.take_claimed() {
            envelope.unknown(unknown);
        }
    }

    /// Lets go of one whose caller has given it up, or which has its outcome.
    pub(crate) fn forget(mut self) {
        self.take();
    }

    /// What is to have its outcome now: none if its caller has given it up.
    fn take_claimed(&mut self) -> Option<Arc<dyn Envelope<A>>> {
        let claimed = self.claim();
        Some(self.take()).filter(|_| claimed)
    }

    fn take(&mut self) -> Arc<dyn Envelope<A>> {
        self.envelope.take().expect("present until it has an outcome")
    }
}

impl<A: Aggregate> Drop for Entry<A> {
    fn drop(&mut self) {
        if self.envelope.is_none() {
            return;
        }
        // It may be in the journal: by itself, or as the one that it repeats.
        let is_repeated = matches!(self.repeats, Some(EventAt::Running(_) | EventAt::Durable(_)));
        if !self.submitted && !is_repeated {
            self.take().abandon(Cause::ShutDown);
        } else if let Some(envelope) = self.take_claimed() {
            envelope.unknown(Unknown::ShutDown);
        }
    }
}
