//! The life of a cell: what is known of its aggregate, and what of that is durable.

use bailiwick_core::{
    Aggregate, AppendError, Appended, BoxFuture, EncodedEvent, Position, Timestamp,
};

use crate::entry::Entry;
use crate::error::LoadError;
use crate::glance::Reader;

pub(super) enum Life<A: Aggregate> {
    /// Nothing is known.
    Unloaded,
    /// The journal is being folded. What waits for it to be decided again comes along.
    Loading(Loading<A>),
    /// The state is known.
    Live(Box<Live<A>>),
    /// The actor has it out for a turn.
    Out,
    /// The journal cannot be folded; not tried again before `until`.
    Faulted { error: LoadError, until: Timestamp },
}

pub(super) struct Loading<A: Aggregate> {
    pub(super) fold: BoxFuture<Result<Folded<A>, LoadError>>,
    pub(super) again: Again<A>,
}

/// What outlives a rebuild: work to be run again on the new state, in its original order.
pub(super) struct Again<A: Aggregate> {
    pub(super) entries: Vec<Entry<A>>,
    pub(super) readers: Vec<Reader<A>>,
    /// A deadline that panicked or stayed due: how often, and when it is tried again.
    pub(super) stuck: Option<Stuck>,
}

/// An aggregate folded from the journal.
pub(super) struct Folded<A> {
    pub(super) state: A,
    /// The position of its last event.
    pub(super) version: Position,
    /// The position up to which everything that concerns it was read.
    pub(super) seen: Position,
}

/// An aggregate whose state is known. The state is speculative while anything is running or formed.
pub(super) struct Live<A: Aggregate> {
    pub(super) state: A,
    /// The deadline of the speculative state.
    pub(super) deadline: Option<Timestamp>,
    /// The deadline index has an entry at this time or earlier.
    pub(super) armed: Option<Timestamp>,
    /// The entry of the deadline index is to be set exactly once all is durable.
    pub(super) rearm: bool,
    /// The position of the last durable event.
    pub(super) version: Position,
    /// The position up to which the durable state has seen the journal.
    pub(super) seen: Position,
    /// The one append in flight.
    pub(super) running: Option<Running<A>>,
    /// What is decided on top of it.
    pub(super) forming: Batch<A>,
    /// Decided once already: before anything new.
    pub(super) again: Again<A>,
    /// The state is garbage (`apply` panicked) or known to be stale: it is rebuilt once what is
    /// decided has settled.
    pub(super) broken: bool,
    pub(super) scratch: Scratch<A>,
}

/// Buffers that are used again and again.
pub(super) struct Scratch<A: Aggregate> {
    pub(super) events: Vec<A::Event>,
    pub(super) payload: Vec<u8>,
}

#[derive(Clone, Copy)]
pub(super) struct Stuck {
    pub(super) times: u32,
    pub(super) until: Timestamp,
}

/// Commands decided together, their events, and the reads that saw them.
pub(super) struct Batch<A: Aggregate> {
    pub(super) entries: Vec<Entry<A>>,
    pub(super) readers: Vec<Reader<A>>,
    pub(super) events: Vec<EncodedEvent>,
}

pub(super) struct Running<A: Aggregate> {
    pub(super) entries: Vec<Entry<A>>,
    pub(super) readers: Vec<Reader<A>>,
    pub(super) append: BoxFuture<Result<Appended, AppendError>>,
}

impl<A: Aggregate> Default for Batch<A> {
    fn default() -> Self {
        Batch { entries: Vec::new(), readers: Vec::new(), events: Vec::new() }
    }
}

impl<A: Aggregate> Batch<A> {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.readers.is_empty() && self.events.is_empty()
    }
}

impl<A: Aggregate> Default for Again<A> {
    fn default() -> Self {
        Again { entries: Vec::new(), readers: Vec::new(), stuck: None }
    }
}

impl<A: Aggregate> Again<A> {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.readers.is_empty()
    }
}

impl<A: Aggregate> Life<A> {
    /// An ID without a single event, or not even looked up, leaves nothing in memory.
    pub(super) fn is_worth_keeping(&self) -> bool {
        match self {
            Life::Live(live) => !live.is_unknown(),
            Life::Unloaded => false,
            Life::Loading(_) | Life::Out | Life::Faulted { .. } => true,
        }
    }

    /// Whether it needs its actor even if nothing new comes.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Life::Loading(_) | Life::Out => true,
            Life::Live(live) => !live.is_durable() || !live.again.is_empty() || live.rearm,
            Life::Unloaded | Life::Faulted { .. } => false,
        }
    }
}

impl<A: Aggregate> Live<A> {
    /// Whether the journal knows nothing of this aggregate.
    fn is_unknown(&self) -> bool {
        self.version == Position::START && self.deadline.is_none()
    }

    /// Whether the state is the durable one.
    pub(super) fn is_durable(&self) -> bool {
        self.running.is_none() && self.forming.is_empty() && !self.broken
    }

    /// When the deadline index has to call: at the deadline, or when a stuck one is tried again.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        let stuck = self.again.stuck.map(|stuck| stuck.until);
        self.deadline.map(|deadline| stuck.map_or(deadline, |until| deadline.max(until)))
    }
}
