//! The life of a cell: what is known of its aggregate, and what of that is durable.

use std::time::Duration;

use bailiwick_core::journal::{AppendError, Appended, RecordedDeadline};
use bailiwick_core::{Aggregate, Position, Text, Timestamp};

use super::answers::Answers;
use super::batch::Batch;
use crate::deadlines::Slot;
use crate::environment::time::Moment;
use crate::error::{LoadError, caught};
use crate::journal::port::Guarded;
use crate::registry::news::Concerned;
use crate::request::entry::Entries;
use crate::request::read::Reader;
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

/// Small, because every cell in memory has one.
pub(super) enum Life<A: Aggregate> {
    /// Nothing is known.
    Unloaded,
    /// The journal is being folded. What waits for it to be decided again comes along.
    Loading(Box<Loading<A>>),
    /// The state is known and durable, and nothing else is to be remembered.
    Quiet(Box<Known<A>>),
    /// The state was durable; what was written since is read before it is used.
    Behind(Box<Known<A>>),
    /// The state is known, and something is under way.
    Live(Box<Live<A>>),
    /// The actor has it out for a turn.
    Out,
    /// The journal cannot be folded.
    Faulted(Box<Fault>),
}

/// Not tried again before `until`.
pub(super) struct Fault {
    pub(super) error: LoadError,
    pub(super) until: Moment,
    /// How often it was found unloadable.
    pub(super) times: u8,
}

pub(super) struct Loading<A: Aggregate> {
    pub(super) fold: Guarded<Folded<A>, LoadError>,
    pub(super) again: Again<A>,
    /// How often it was found unloadable before.
    pub(super) times: u8,
    /// The journal was closed for writing when it began: see [`Known::unsure`].
    pub(super) began_closed: bool,
}

/// What outlives a rebuild: work to be run again on the new state, in its original order.
pub(super) struct Again<A: Aggregate> {
    pub(super) entries: Entries<A>,
    pub(super) readers: Vec<Reader<A>>,
    /// A deadline that panicked or stayed due: when it is tried again.
    pub(super) stuck: Option<Timestamp>,
    /// The deadline index has called, and what that led to is not durable yet.
    pub(super) called: bool,
}

/// An aggregate folded from the journal.
pub(super) struct Folded<A> {
    pub(super) state: A,
    pub(super) answers: Option<Box<Answers>>,
    /// The position of its last event.
    pub(super) version: Position,
    /// The position up to which everything that concerns it was read.
    pub(super) seen: Position,
    /// The deadline that stands beside its last event, if one does.
    pub(super) recorded: Option<RecordedDeadline>,
    /// How many of its events no snapshot has.
    pub(super) unsaved: u32,
}

/// An aggregate whose state is known: all that a resting cell keeps.
pub(super) struct Known<A> {
    pub(super) state: A,
    /// What it remembers of commands with an idempotency key, if there were any.
    pub(super) answers: Option<Box<Answers>>,
    /// The deadline of the state.
    pub(super) deadline: Option<Timestamp>,
    /// The deadline index has an entry at this time or earlier.
    pub(super) armed: Option<Timestamp>,
    /// That entry.
    pub(super) slot: Option<Slot>,
    /// The position of the last durable event.
    pub(super) version: Position,
    /// The position up to which the durable state has seen the journal.
    pub(super) seen: Position,
    /// It was read while the journal was closed for writing: an append whose outcome is unknown may
    /// turn out to be there when that is open again.
    pub(super) unsure: bool,
    /// How many of its durable events no snapshot has; of types that have snapshots only.
    pub(super) unsaved: u32,
}

/// What a state was before the first event of a batch, so that the batch can be undone. Its answers
/// are found by their keys.
pub(super) struct Before<A> {
    pub(super) state: A,
    pub(super) deadline: Option<Timestamp>,
}

/// A known aggregate and what is under way. Its state is speculative while anything is running or
/// formed.
pub(super) struct Live<A: Aggregate> {
    pub(super) known: Box<Known<A>>,
    /// The entry of the deadline index is to be set exactly once all is durable.
    pub(super) rearm: bool,
    /// More is due than a turn may decide: the turns that follow do, before anything else.
    pub(super) overdue: bool,
    /// The one append in flight.
    pub(super) running: Option<Running<A>>,
    /// What is decided on top of it.
    pub(super) forming: Batch<A>,
    /// Decided once already: before anything new.
    pub(super) again: Again<A>,
    /// What is to be done to the state, once what is decided has settled, before anything more is.
    pub(super) mend: Mend,
    /// What was decided moves a deadline on that was [stuck](Again::stuck): it is so again if that is undone.
    pub(super) unstuck: Option<Timestamp>,
    /// While the state is garbage: the last durable one that there is a copy of.
    pub(super) base: Option<Base<A>>,
}

/// A copy of a durable state, the position of its last event, and up to where it had seen the
/// journal.
pub(super) struct Base<A> {
    pub(super) before: Box<Before<A>>,
    pub(super) version: Position,
    pub(super) seen: Position,
}

/// What is wrong with a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mend {
    Nothing,
    /// It may lack what others wrote: that is read.
    ReadOn,
    /// It is garbage (`apply` panicked): it is folded anew.
    FoldAnew,
}

pub(super) struct Running<A: Aggregate> {
    pub(super) entries: Entries<A>,
    pub(super) readers: Vec<Reader<A>>,
    pub(super) keys: Vec<Text>,
    /// Who else is to be told.
    pub(super) concerned: Concerned,
    pub(super) before: Option<Box<Before<A>>>,
    pub(super) append: Guarded<Appended, AppendError>,
    /// When it was given to the journal.
    pub(super) begun: Mark,
    /// Closed when it is dropped.
    pub(super) _span: Seen,
}

impl<A: Aggregate> Default for Again<A> {
    fn default() -> Self {
        Again { entries: Entries::new(), readers: Vec::new(), stuck: None, called: false }
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
            Life::Quiet(known) | Life::Behind(known) => !known.is_unknown(),
            Life::Live(live) => !live.known.is_unknown(),
            Life::Unloaded => false,
            Life::Loading(_) | Life::Out | Life::Faulted(_) => true,
        }
    }

    /// Whether it needs its actor even if nothing new comes.
    pub(super) fn is_busy(&self) -> bool {
        match self {
            Life::Loading(_) | Life::Out => true,
            Life::Live(live) => live.is_busy(),
            Life::Unloaded | Life::Quiet(_) | Life::Behind(_) | Life::Faulted(_) => false,
        }
    }

    /// Whether it can do nothing before the journal has answered.
    pub(super) fn waits_for_journal(&self) -> bool {
        matches!(self, Life::Loading(_)) || self.is_appending()
    }

    /// Whether an append is in flight.
    pub(super) fn is_appending(&self) -> bool {
        matches!(self, Life::Live(live) if live.running.is_some())
    }

    pub(super) fn known(&mut self) -> Option<&mut Known<A>> {
        match self {
            Life::Quiet(known) | Life::Behind(known) => Some(known),
            Life::Live(live) => Some(&mut live.known),
            _ => None,
        }
    }

    /// Whether an append of which nobody knew whether it was written may have changed it.
    pub(super) fn is_unsure(&self) -> bool {
        match self {
            Life::Quiet(known) => known.unsure,
            Life::Live(live) => live.known.unsure,
            _ => false,
        }
    }

    /// Whether its deadline is stuck, so that the entry of the index is to stay where it was put.
    pub(super) fn is_stuck(&self) -> bool {
        matches!(self, Life::Live(live) if live.again.stuck.is_some())
    }
}

impl<A: Aggregate> Known<A> {
    /// Forgets the idempotency keys whose time is over.
    pub(super) fn forget_answers(&mut self, now: Timestamp, window: Duration) {
        if let Some(answers) = &mut self.answers {
            answers.forget(now, window);
            if answers.is_empty() {
                self.answers = None;
            }
        }
    }

    /// Whether the journal knows nothing of this aggregate.
    fn is_unknown(&self) -> bool {
        self.version == Position::START && self.deadline.is_none() && !self.unsure
    }

    /// Becomes again what it was before a batch.
    pub(super) fn undo(&mut self, before: Before<A>) {
        (self.state, self.deadline) = (before.state, before.deadline);
    }

    /// What was decided on it is durable.
    pub(super) fn advance(&mut self, Appended { first, last }: Appended) {
        (self.version, self.seen) = (last, last);
        if A::SNAPSHOTS.is_some() {
            let events = last.get().saturating_sub(first.get()) + 1;
            self.unsaved = self.unsaved.saturating_add(u32::try_from(events).unwrap_or(u32::MAX));
        }
    }

    /// A copy, if one can be made.
    pub(super) fn copy(&self) -> Option<Box<Before<A>>> {
        // Whoever panics here is folded anew.
        let copied = caught(|| self.state.try_clone()).ok()?;
        copied.map(|state| Box::new(Before { state, deadline: self.deadline }))
    }
}

impl<A: Aggregate> Live<A> {
    /// With nothing under way.
    pub(super) fn of(known: Box<Known<A>>) -> Self {
        Live {
            known,
            rearm: false,
            overdue: false,
            running: None,
            forming: Batch::default(),
            again: Again::default(),
            mend: Mend::Nothing,
            unstuck: None,
            base: None,
        }
    }

    /// As small as it can be remembered.
    pub(super) fn into_life(self) -> Life<A> {
        if self.is_busy() || self.again.stuck.is_some() {
            Life::Live(Box::new(self))
        } else {
            Life::Quiet(self.known)
        }
    }

    /// After a turn that leaves nothing under way.
    pub(super) fn settled(self: Box<Self>) -> Life<A> {
        if self.is_busy() || self.again.stuck.is_some() {
            Life::Live(self)
        } else {
            Life::Quiet(self.known)
        }
    }

    fn is_busy(&self) -> bool {
        !self.is_durable() || !self.again.is_empty() || self.rearm || self.overdue
    }

    /// Whether something is decided that is not durable, is to be decided again, or is half done.
    pub(super) fn is_under_way(&self) -> bool {
        self.running.is_some() || !self.forming.is_empty() || !self.again.is_empty() || self.overdue
    }

    /// Whether the state is the durable one.
    pub(super) fn is_durable(&self) -> bool {
        self.running.is_none() && self.forming.is_empty() && self.is_sound()
    }

    /// Whether anything can be decided on the state.
    pub(super) fn is_sound(&self) -> bool {
        self.mend == Mend::Nothing
    }

    /// Whether the next command can be decided into the forming batch.
    pub(super) fn takes_more(&self) -> bool {
        self.is_sound() && !self.forming.full && !self.overdue
    }

    /// The batch that is forming has no events, so what was before it is the state without what made
    /// that garbage.
    pub(super) fn mend_by_copy(&mut self) {
        if self.mend == Mend::FoldAnew
            && self.forming.events.is_empty()
            && let Some(before) = self.forming.before.take()
        {
            self.known.undo(*before);
            self.mend = Mend::Nothing;
        }
    }

    /// Nothing more is decided before what others wrote was read.
    pub(super) fn read_on(&mut self) {
        if self.is_sound() {
            self.mend = Mend::ReadOn;
        }
    }

    /// Whether the turn may decide more of what is overdue: one batch of it is being appended, and
    /// another one formed, at most.
    pub(super) fn may_go_on(&self) -> bool {
        self.is_sound() && self.forming.events.is_empty()
    }

    /// The deadline is not stuck, or not any more: then the index is told when it is.
    pub(super) fn not_stuck(&mut self) {
        if let Some(stuck) = self.again.stuck.take() {
            (self.rearm, self.unstuck) = (true, Some(stuck));
        }
    }

    /// When the deadline index has to call. Not for a deadline that is stuck: it has been put off.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.known.deadline.filter(|_| self.again.stuck.is_none())
    }
}
