//! The inbox of a cell: what is there while it has work, and for a while after.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bailiwick_core::journal::Query;
use bailiwick_core::{Aggregate, Position, Tags};
use smallvec::SmallVec;

use super::queue::Queue;
use super::waiters::Callers;
use crate::context::permits::{Permit, Ticket};
use crate::request::Envelope;
use crate::request::read::Reader;
use crate::request::timeouts;

/// What every event of an aggregate carries, and what each of its appends guards.
pub(crate) struct Scope {
    pub(crate) tags: Tags,
    pub(crate) boundary: Query,
}

pub(super) struct Inbox<A: Aggregate> {
    pub(super) scope: Arc<Scope>,
    /// Commands, a deadline that is due, and decisions, in their order.
    pub(super) queue: Queue<A>,
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

pub(super) type InTurn<A> = SmallVec<[Arc<dyn Envelope<A>>; 1]>;

impl<A: Aggregate> Inbox<A> {
    pub(super) fn new(scope: Arc<Scope>) -> Self {
        Inbox {
            scope,
            queue: Queue::default(),
            readers: Vec::new(),
            reads_out: 0,
            left_reads: 0,
            permit: None,
            ticket: None,
            overtaken: Position::START,
            unsure: false,
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
        !self.has_work() && !self.unsure && !self.answered && !self.queue.is_held()
    }

    pub(super) fn has_work(&self) -> bool {
        self.queue.has_work() || self.has_more_than_the_queue()
    }

    /// Whether a turn now would find something to do.
    pub(super) fn has_work_now(&self) -> bool {
        (self.queue.has_work() && !self.queue.is_blocked()) || self.has_more_than_the_queue()
    }

    fn has_more_than_the_queue(&self) -> bool {
        !self.readers.is_empty() || self.overtaken != Position::START
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
