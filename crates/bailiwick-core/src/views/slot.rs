//! One folded view, and how far it has come.

use std::fmt;

use super::erased::State;
use super::error::FoldError;
use super::identity::ViewIdentity;
use super::item::ReadingItem;
use crate::codec::CodecError;
use crate::journal::{EncodedEvent, RecordedEvent};
use crate::position::Position;
use crate::snapshot::NotKept;

/// What it takes to know which view it is of what, about.
const OVERHEAD_BYTES: usize = 256;

/// What encodes a state.
#[doc(hidden)]
pub type Form = Box<dyn FnOnce() -> Result<Vec<u8>, CodecError> + Send>;

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
    /// The position of the last event in it.
    last: Position,
    /// The so manieth of all that the views are ahead with was the last one in it.
    last_ahead: u64,
    /// How many events are in it that no snapshot has.
    unsaved: u64,
    /// It goes on from a snapshot, and has not come to the end of the journal since: it is read alone.
    pub(super) revived: bool,
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
        Slot::at(reading, state, Position::START)
    }

    fn at(reading: ReadingItem, state: Box<dyn State>, upto: Position) -> Slot {
        Slot {
            reading,
            state,
            upto,
            caught_up: false,
            ahead: false,
            last: upto,
            last_ahead: 0,
            unsaved: 0,
            revived: false,
            last_event: 0,
            before: None,
        }
    }

    /// With the state that a snapshot has, whose last event is at `position`.
    ///
    /// # Errors
    /// If that cannot be read.
    #[doc(hidden)]
    pub fn of_snapshot(
        reading: ReadingItem,
        form: &[u8],
        position: Position,
    ) -> Result<Slot, CodecError> {
        let state = reading.identity().of_form(form)?;
        Ok(Slot { revived: true, ..Slot::at(reading, state, position) })
    }

    /// A snapshot that is due, if one is: because there are enough events that none has, or because it
    /// leaves memory.
    #[doc(hidden)]
    pub fn is_due(&self, leaving: bool) -> bool {
        self.unsaved > 0
            && !self.ahead
            && self.identity().snapshots().is_some_and(|declared| match leaving {
                true => declared.is_due_leaving(self.unsaved),
                false => declared.is_due(self.unsaved),
            })
    }

    /// Its state, to be encoded by whoever has the time: a copy, or encoded at once if none can be made.
    #[doc(hidden)]
    pub fn to_form(&mut self) -> Form {
        self.unsaved = 0;
        match self.state.try_clone() {
            Some(copy) => Box::new(move || copy.form()),
            None => {
                let form = self.state.form();
                Box::new(move || form)
            }
        }
    }

    /// The same of one that nobody has any more.
    #[doc(hidden)]
    pub fn into_form(self) -> Form {
        let state = self.state;
        Box::new(move || state.form())
    }

    /// None is made now: the next one is due after as many events.
    #[doc(hidden)]
    pub fn put_off(&mut self) {
        self.unsaved = 0;
    }

    /// Whether it would come back from a snapshot as it is, if it has any.
    ///
    /// # Errors
    /// If it would not.
    pub(super) fn survives(&self) -> Result<(), NotKept> {
        if self.identity().snapshots().is_none() {
            return Ok(());
        }
        let back = self.state.form().and_then(|form| self.identity().of_form(&form));
        NotKept::unless(self.identity().view(), back.map(|back| self.state.is_same(&*back)))
    }

    /// The position of the last event in it.
    #[doc(hidden)]
    pub fn last(&self) -> Position {
        self.last
    }

    /// Whether its state is the same as that of another one of the same view.
    #[doc(hidden)]
    pub fn is_same(&self, other: &Slot) -> bool {
        self.identity() == other.identity() && self.state.is_same(&*other.state)
    }

    /// What it is ahead with will never be: it is what it was before, or as new if nobody knows that.
    pub(super) fn forget(&mut self) {
        match self.before.take() {
            Some(before) => (self.state, self.ahead) = (before, false),
            None => *self = Slot::new(self.reading.clone()),
        }
    }

    /// Whether it has seen nothing yet.
    pub(super) fn is_new(&self) -> bool {
        !self.caught_up && self.upto == Position::START
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

    /// What it was ahead with is durable, and it knows all up to here: so many events, of which this is
    /// the last one.
    pub(super) fn settle(&mut self, upto: Position, events: u64) {
        if self.ahead {
            let behind = events.saturating_sub(self.last_ahead);
            self.last = Position::new(upto.get().saturating_sub(behind));
        }
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
            self.last = recorded.position;
            self.unsaved += 1;
        }
        self.upto = recorded.position;
        Ok(())
    }

    /// Folds an event in that is not durable yet, if it reads it: the `nth` that all are ahead with.
    pub(super) fn fold_ahead(&mut self, event: &EncodedEvent, nth: u64) -> Result<(), FoldError> {
        if !self.reads(event) {
            return Ok(());
        }
        if !self.ahead {
            self.before = self.state.try_clone();
            self.ahead = true;
        }
        (self.last_ahead, self.unsaved) = (nth, self.unsaved + 1);
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
