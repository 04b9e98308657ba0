//! What a decision may use: the time, and a place for its events.

use crate::event::Event;
use crate::time::Timestamp;

/// Handed to a decision: the time it is judged at, and where its events go. For an example see
/// [`Aggregate`](crate::Aggregate).
#[derive(Debug)]
pub struct Context<E> {
    now: Timestamp,
    events: Vec<E>,
}

impl<E: Event> Context<E> {
    /// A context at `now`, without events.
    pub fn new(now: Timestamp) -> Self {
        Context { now, events: Vec::new() }
    }

    /// A context at `now` that puts its events into `events`, to be used again and again.
    #[doc(hidden)]
    pub fn reusing(now: Timestamp, events: Vec<E>) -> Self {
        Context { now, events }
    }

    /// The time at which this is judged: the runtime's clock, never going back.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Emits an event. It is applied to the state after the decision, and appended to the journal
    /// before anybody is told; if the decision is a rejection, it is forgotten.
    pub fn emit(&mut self, event: impl Into<E>) {
        self.events.push(event.into());
    }

    /// Whether something was emitted so far.
    #[doc(hidden)]
    pub fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// The events emitted so far, in order.
    pub fn into_events(self) -> Vec<E> {
        self.events
    }
}
