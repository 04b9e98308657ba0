//! A decision on its way: claimed once, decided perhaps several times, answered once.
//!
//! Whoever ends it (its turn, its caller, a time-out, the end of the runtime) does so by one step of
//! its stage, so there is one outcome, and it is counted there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bailiwick_core::journal::EncodedEvent;
use bailiwick_core::views::{Boundary, Folded};
use bailiwick_core::{Bounded, Decision, Position, Text, Timestamp};
use parking_lot::Mutex;

use super::keyed::KeyedCall;
use super::order::Ticket;
use super::scheduler::Scheduler;
use crate::context::counts::Counters;
use crate::error::{AskError, Cause, NotRun, Unknown};
use crate::request::Call;
use crate::request::recorded;
use crate::request::reply::Reply;
use crate::request::state::{Request, RequestState};
use crate::request::timeouts::{Entry, HasWaiters};
use crate::request::verdict::{self, Case, count};
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

/// A decision, whatever its type.
pub(super) trait DecisionRequest: HasWaiters {
    fn request(&self) -> &Request;
    fn boundary(&self) -> &Boundary;
    /// Decides, adds the events, and keeps the verdict until it is released or decided again.
    fn decide(&self, views: &Folded, now: Timestamp, events: &mut Vec<EncodedEvent>) -> Decided;
    /// Its idempotency key.
    fn key(&self) -> Option<&Text>;
    /// The gate is open: tells the caller the verdict.
    fn release(&self, position: Position);
    fn give_back(&self, cause: Cause);
    fn unknown(&self, unknown: Unknown);
    /// The runtime goes away: it gets the outcome that it can have now.
    fn close(&self);
}

/// How a decision went, as far as its turn has to know.
pub(super) enum Decided {
    /// By its own code.
    Anew,
    /// The same, and its reply is remembered with its key.
    Remembered,
    /// One with its key was decided before: where that stands, if it is not of this turn.
    Repeated(Option<Position>),
}

pub(super) type Answer<D> = verdict::Answer<D, <D as Decision>::Reply, <D as Decision>::Rejection>;

pub(super) struct Asked<D: Decision> {
    pub(super) scheduler: Arc<Scheduler>,
    boundary: Boundary,
    pub(super) request: Request,
    pub(super) keyed: Option<KeyedCall<D::Reply>>,
    ticket: AtomicU64,
    /// The runtime's side. Held while it is decided.
    case: Mutex<Case<Bounded<D>, D::Reply, D::Rejection>>,
    pub(super) reply: Reply<Answer<D>>,
}

impl<D: Decision> Asked<D> {
    pub(super) fn new(
        scheduler: Arc<Scheduler>,
        (bounded, keyed): (Bounded<D>, Option<KeyedCall<D::Reply>>),
        times: (Mark, Duration),
        call: Option<Arc<Call>>,
    ) -> Self {
        Asked {
            scheduler,
            boundary: bounded.boundary().clone(),
            request: Request::new(times, call, |call| Seen::decision(|| (Self::command(), call))),
            keyed,
            ticket: AtomicU64::new(0),
            case: Mutex::new(Case::new(bounded)),
            reply: Reply::new(),
        }
    }

    /// Where it stands; said before anybody waits for it.
    pub(super) fn stands_at(&self, ticket: Ticket) {
        self.ticket.store(ticket, Ordering::Relaxed);
    }

    pub(super) fn ticket(&self) -> Ticket {
        self.ticket.load(Ordering::Relaxed)
    }

    /// The caller's side: gives it up, unless it was claimed. Whether it did.
    pub(super) fn give_up(&self) -> bool {
        self.request.give_up(self.counters(), self.scheduler.shared())
    }

    /// Takes the decision out of one that nobody else knows of, or that has ended.
    pub(super) fn take_decision(&self) -> D {
        self.case.lock().take().into_decision()
    }

    fn counters(&self) -> &Counters {
        self.scheduler.counters.here()
    }

    /// Takes the right to give it its outcome.
    fn end(&self) -> bool {
        self.request.change(RequestState::Submitted, RequestState::Ended)
            || self.request.change(RequestState::Claimed, RequestState::Ended)
    }

    fn unknown_because(&self, why: Unknown) -> AskError<D, D::Rejection> {
        AskError::Unknown { why, keyed: self.keyed.is_some() }
    }

    /// The outcome of one that was accepted, and not yet counted.
    fn answer(&self, answer: Answer<D>) {
        count(self.counters(), &answer);
        self.tell(answer);
    }

    fn tell(&self, answer: Answer<D>) {
        self.request.span.answered(&answer);
        self.reply.tell(answer);
        self.scheduler.forget(self.request.until, self.ticket());
        self.scheduler.shared().settled();
    }

    fn not_run(&self, command: D, cause: Cause) {
        self.answer(Err(AskError::NotRun(NotRun { command, cause })));
    }

    /// The end of one that was never claimed.
    fn send_away(&self, cause: Cause) {
        let command = self.take_decision();
        self.tell(Err(AskError::NotRun(NotRun { command, cause })));
    }
}

impl<D: Decision> DecisionRequest for Asked<D> {
    fn request(&self) -> &Request {
        &self.request
    }

    fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    fn decide(&self, views: &Folded, now: Timestamp, events: &mut Vec<EncodedEvent>) -> Decided {
        let _entered = self.request.span.enter();
        let mut case = self.case.lock();
        // None if the runtime went away just now.
        let Some(bounded) = &case.asked else { return Decided::Anew };
        let (verdict, decided) = self.judge(bounded, views, now, events);
        let before = case.verdict.replace(verdict);
        drop(case);
        drop(before);
        decided
    }

    fn key(&self) -> Option<&Text> {
        self.keyed.as_ref().map(|keyed| &keyed.once.key)
    }

    fn release(&self, position: Position) {
        let mut case = self.case.lock();
        if !self.end() {
            return;
        }
        let (answer, refused) = case.told(
            position,
            |bounded, rejection, judged| self.refused(bounded, rejection, (judged, position)),
            Bounded::into_decision,
        );
        let decided = case.asked.take();
        drop(case);
        if let Some(refused) = refused {
            let scheduler = self.scheduler.clone();
            let lost = move || scheduler.counters.here().unrecorded.one();
            recorded::append(self.scheduler.shared(), refused, lost);
        }
        self.answer(answer);
        drop(decided);
    }

    fn give_back(&self, cause: Cause) {
        if self.end() {
            let decision = self.take_decision();
            self.not_run(decision, cause);
        }
    }

    fn unknown(&self, unknown: Unknown) {
        if self.end() {
            self.answer(Err(self.unknown_because(unknown)));
        }
    }

    fn close(&self) {
        if self.request.change(RequestState::WaitsForRoom, RequestState::Ended) {
            self.counters().not_admitted.one();
            return self.send_away(Cause::ShutDown);
        }
        self.request.claim();
        // Held: it is being decided just now, and its turn finds the runtime closed.
        let decision = self.case.try_lock().and_then(|mut case| {
            let ends = self.request.change(RequestState::Claimed, RequestState::Ended);
            ends.then(|| case.take().into_decision())
        });
        if let Some(decision) = decision {
            self.not_run(decision, Cause::ShutDown);
        } else if self.request.change(RequestState::Submitted, RequestState::Ended) {
            self.answer(Err(self.unknown_because(Unknown::ShutDown)));
        }
    }
}

impl<D: Decision> HasWaiters for Asked<D> {
    /// From its turn on, the decision goes on.
    fn expire(self: Arc<Self>, (_, ticket): Entry, _: Duration) {
        if self.request.expire(RequestState::Ended, self.counters()) {
            self.send_away(Cause::TimedOut);
        } else if self.reply.time_out(Err(self.unknown_because(Unknown::TimedOut))) {
            self.counters().timed_out.one();
        }
        self.scheduler.withdraw(ticket);
    }
}
