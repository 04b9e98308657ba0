//! The inbox of a cell: what is there while it has work, and for a while after.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bailiwick_core::journal::Query;
use bailiwick_core::{Aggregate, InvalidTag, Position, Tags};
use smallvec::SmallVec;

use super::hold::Holding;
use super::waiters::{self, Callers, GONE_SHARE};
use crate::context::permits::{Permit, Ticket};
use crate::deadlines::InFlight;
use crate::registry::aggregate_type::AggregateType;
use crate::request::Envelope;
use crate::request::entry::{Entries, Entry};
use crate::request::read::Reader;
use crate::request::timeouts;

/// What every event of an aggregate carries, and what each of its appends guards.
pub(crate) struct Scope {
    pub(crate) tags: Tags,
    pub(crate) boundary: Query,
}

pub(super) struct Inbox<A: Aggregate> {
    pub(super) scope: Arc<Scope>,
    /// Accepted commands, in order.
    pub(super) mailbox: Entries<A>,
    /// A buffer that the mailbox had before, to be used again.
    pub(super) spare: Entries<A>,
    /// Commands whose callers wait for room in the mailbox, in order. It is as long as there are
    /// callers waiting, each of whom holds more memory than an entry.
    pub(super) admission_queue: VecDeque<Entry<A>>,
    /// How many in the mailbox and in the admission queue were given up since they were last
    /// [taken out](Self::take_given_up), or a few more.
    pub(super) given_up: usize,
    pub(super) readers: Vec<Reader<A>>,
    /// How many more the turn that is running has out.
    pub(super) reads_out: usize,
    /// How many were given up since they were last looked through.
    pub(super) left_reads: usize,
    /// While it waits for the journal, and from when it was given one until it does.
    pub(super) permit: Option<Permit>,
    /// Its place in the queue for a permit.
    pub(super) ticket: Option<Ticket>,
    /// Others of this runtime wrote up to here what this aggregate reads; the start if nobody did, or
    /// it is known.
    pub(super) overtaken: Position,
    /// Others may have written something while nothing was known, or it was out for a turn.
    pub(super) unsure: bool,
    /// The deadline index has called.
    pub(super) due: Called,
    /// Set while a decision holds the cell, or waits to.
    pub(super) holding: Option<Box<Holding>>,
    /// The commands of the turn that is running, so that their callers can be told that their time
    /// is up whatever takes so long.
    pub(super) in_turn: InTurn<A>,
    /// Set while the actor, or the caller that attends to the cell, waits for something.
    pub(super) parked: Option<Waker>,
    /// What a caller attends to may have an answer.
    pub(super) answered: bool,
    /// Somebody asked something, so that somebody may again: it is kept when there is nothing to do.
    pub(super) asked: bool,
    /// When the time-outs of callers are to be looked at; see [`crate::request::timeouts`].
    pub(super) timeout: Option<timeouts::Entry>,
    /// Callers who wait, if their time-outs were looked at: see [`super::waiters`].
    pub(super) callers: Option<Box<Callers<A>>>,
    /// The first time-out of those who are not listed there yet, or before.
    pub(super) unlisted: Duration,
    #[cfg(feature = "fault-injection")]
    pub(super) kill: Option<crate::cell::actor::Kill>,
}

/// Whether the deadline index has called, and what keeps it from calling too many at once.
#[derive(Default)]
pub(super) struct Called {
    pub(super) called: bool,
    pub(super) due: Option<InFlight>,
}

pub(super) type InTurn<A> = SmallVec<[Arc<dyn Envelope<A>>; 1]>;

impl Scope {
    pub(super) fn of<A: Aggregate>(
        kind: &AggregateType<A>,
        id: &A::Key,
    ) -> Result<Arc<Scope>, InvalidTag> {
        let (tags, boundary) = kind.boundary(id)?;
        Ok(Arc::new(Scope { tags, boundary }))
    }
}

impl<A: Aggregate> Inbox<A> {
    pub(super) fn new(scope: Arc<Scope>) -> Self {
        Inbox {
            scope,
            mailbox: Entries::new(),
            spare: Entries::new(),
            admission_queue: VecDeque::new(),
            given_up: 0,
            readers: Vec::new(),
            reads_out: 0,
            left_reads: 0,
            permit: None,
            ticket: None,
            overtaken: Position::START,
            unsure: false,
            due: Called::default(),
            holding: None,
            in_turn: InTurn::new(),
            parked: None,
            answered: false,
            asked: false,
            timeout: None,
            callers: None,
            unlisted: Duration::MAX,
            #[cfg(feature = "fault-injection")]
            kill: None,
        }
    }

    /// Whether nothing waits, nobody holds it, and nothing is to be looked at.
    pub(super) fn is_clear(&self) -> bool {
        !self.has_work() && !self.unsure && !self.answered && self.holding.is_none()
    }

    pub(super) fn has_work(&self) -> bool {
        !self.mailbox.is_empty()
            || !self.admission_queue.is_empty()
            || !self.readers.is_empty()
            || self.due.called
            || self.overtaken != Position::START
    }

    /// Whether something waits that the aggregate is to decide.
    pub(super) fn is_asked(&self) -> bool {
        !self.mailbox.is_empty() || !self.admission_queue.is_empty() || self.due.called
    }

    /// Whether that is to wait for decisions.
    pub(super) fn is_blocked(&self) -> bool {
        self.holding.as_ref().is_some_and(|holding| holding.blocks())
    }

    /// Whether a turn now would find something to do.
    pub(super) fn has_work_now(&self) -> bool {
        match self.is_blocked() {
            true => !self.readers.is_empty() || self.overtaken != Position::START,
            false => self.has_work(),
        }
    }

    /// Up to `room` commands from the mailbox.
    pub(super) fn take_commands(&mut self, room: usize) -> Entries<A> {
        if room >= self.mailbox.len() {
            let spare = std::mem::take(&mut self.spare);
            std::mem::replace(&mut self.mailbox, spare)
        } else {
            self.mailbox.drain(..room).collect()
        }
    }

    /// Gives back the empty buffer of [`take_commands`](Self::take_commands).
    pub(super) fn reuse(&mut self, buffer: Entries<A>) {
        if buffer.spilled() {
            self.spare = buffer;
        }
    }

    /// Lets those in the admission queue come in for whom there is room. Returns how many did, and those that
    /// were given up meanwhile: to be [forgotten](Entry::forget) once the cell is unlocked.
    pub(super) fn admit_waiting(&mut self, capacity: usize) -> (usize, Vec<Entry<A>>) {
        let (mut got_room, mut gone) = (0, Vec::new());
        while self.mailbox.len() < capacity
            && let Some(entry) = self.admission_queue.pop_front()
        {
            if entry.envelope().gets_room() {
                self.mailbox.push(entry);
                got_room += 1;
            } else {
                self.given_up = self.given_up.saturating_sub(1);
                gone.push(entry);
            }
        }
        (got_room, gone)
    }

    /// Takes out of the mailbox and the admission queue what was given up, if that may be a
    /// [certain share](GONE_SHARE) of all there.
    #[must_use]
    pub(super) fn take_given_up(&mut self) -> Vec<Entry<A>> {
        let waiting = self.mailbox.len() + self.admission_queue.len();
        if self.given_up == 0 || self.given_up * GONE_SHARE < waiting {
            return Vec::new();
        }
        self.given_up = 0;
        let is_gone = |entry: &Entry<A>| {
            waiters::look();
            entry.envelope().was_given_up()
        };
        let (gone, waiting): (Entries<A>, _) = self.mailbox.drain(..).partition(is_gone);
        self.mailbox = waiting;
        let mut gone = gone.into_vec();
        if self.admission_queue.iter().any(is_gone) {
            let (out, waiting): (VecDeque<_>, _) =
                self.admission_queue.drain(..).partition(is_gone);
            self.admission_queue = waiting;
            gone.extend(out);
        }
        gone
    }

    /// What it left is to be dropped once the cell is unlocked.
    pub(super) fn actor_is_gone(&mut self) -> (Option<Waker>, InTurn<A>) {
        let left = (self.parked.take(), std::mem::take(&mut self.in_turn));
        #[cfg(feature = "fault-injection")]
        {
            self.kill = None;
        }
        left
    }
}
