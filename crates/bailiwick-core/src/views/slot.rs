//! One folded view, and how far it has come.

use std::fmt;

use super::erased::{ReadingItem, State, ViewIdentity};
use super::error::FoldError;
use crate::Position;
use crate::journal::{EncodedEvent, RecordedEvent};

/// What it takes to know which view it is of what, about.
const OVERHEAD_BYTES: usize = 256;

/// A folded view: its state and the position it has come to. It can be kept and lent to another
/// decision that reads the same view.
pub struct Slot {
    reading: ReadingItem,
    state: Box<dyn State>,
    upto: Position,
    /// It came to the end of the journal, at whatever time that was.
    pub(super) caught_up: bool,
    /// It holds events beyond `upto` that are not durable.
    ahead: bool,
    /// The bytes of the event that it has taken last, encoded.
    last_event: usize,
    /// What it was before it was ahead, if it can be copied.
    before: Option<Box<dyn State>>,
}

impl Slot {
    /// At the beginning of the journal.
    #[doc(hidden)]
    pub fn new(reading: ReadingItem) -> Slot {
        let state = reading.identity().begin();
        let upto = Position::START;
        Slot { reading, state, upto, caught_up: false, ahead: false, last_event: 0, before: None }
    }

    /// What it is ahead with will never be: it is what it was before, or as new if nobody knows that.
    pub(super) fn forget(&mut self) {
        match self.before.take() {
            Some(before) => (self.state, self.ahead) = (before, false),
            None => *self = Slot::new(self.reading.clone()),
        }
    }

    /// Another decision reads it, and may guard it though the one before did not.
    pub(super) fn lent_to(mut self, reading: ReadingItem) -> Slot {
        self.reading = reading;
        self
    }

    pub(super) fn guard_too(&mut self, guards: bool) {
        self.reading.guards |= guards;
    }

    /// Which view of what.
    pub fn identity(&self) -> &ViewIdentity {
        self.reading.identity()
    }

    /// Every event up to here that it reads is in it.
    pub fn upto(&self) -> Position {
        self.upto
    }

    /// About how many bytes it takes: what its state is, what that says it holds on the heap
    /// ([`View::heap_bytes`](crate::View::heap_bytes)), or the encoded event if it is the last one
    /// alone, and for the rest a constant.
    ///
    /// # Panics
    /// If `heap_bytes` does.
    pub fn bytes(&self) -> usize {
        let last = if self.reading.last_only() { self.last_event } else { 0 };
        let heap = self.state.heap_bytes().saturating_add(last);
        heap.saturating_add(size_of_val(&*self.state) + OVERHEAD_BYTES)
    }

    /// What it reads.
    #[doc(hidden)]
    pub fn reading(&self) -> &ReadingItem {
        &self.reading
    }

    pub(super) fn state(&self) -> &dyn State {
        &*self.state
    }

    pub(super) fn into_state(self) -> Box<dyn State> {
        self.state
    }

    pub(super) fn is_ahead(&self) -> bool {
        self.ahead
    }

    /// Whether the next decision can go on from it.
    pub(super) fn is_worth_keeping(&self) -> bool {
        self.caught_up && !self.ahead && self.reading.is_kept()
    }

    /// All up to here was offered to it.
    pub(super) fn reached(&mut self, upto: Position) {
        self.upto = self.upto.max(upto);
    }

    /// What it was ahead with is durable, and it knows all up to here.
    pub(super) fn settle(&mut self, upto: Position) {
        (self.ahead, self.before) = (false, None);
        self.reached(upto);
    }

    /// Folds an event of the journal in, if it reads it and has not seen it yet.
    ///
    /// # Errors
    /// If it cannot be read. The state is garbage then, as it is after a panic.
    #[doc(hidden)]
    pub fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), FoldError> {
        if recorded.position <= self.upto {
            return Ok(());
        }
        if self.reads(&recorded.event) {
            self.take(&recorded.event, Some(recorded.position))?;
        }
        self.upto = recorded.position;
        Ok(())
    }

    /// Folds an event in that is not durable yet, if it reads it.
    pub(super) fn fold_ahead(&mut self, event: &EncodedEvent) -> Result<(), FoldError> {
        if !self.reads(event) {
            return Ok(());
        }
        if !self.ahead {
            self.before = self.state.try_clone();
            self.ahead = true;
        }
        self.take(event, None)
    }

    fn reads(&self, event: &EncodedEvent) -> bool {
        self.reading.matches(event.event_type.as_str(), &event.tags)
    }

    fn take(&mut self, event: &EncodedEvent, at: Option<Position>) -> Result<(), FoldError> {
        self.last_event = event.payload.len();
        // Broken is what may have taken half of it.
        self.state.take(event, at).map_err(|source| FoldError {
            view: self.identity().clone(),
            event_type: event.event_type.clone(),
            position: at,
            source,
        })
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("view", self.identity())
            .field("upto", &self.upto)
            .field("caught_up", &self.caught_up)
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}
