//! A decision on its way: claimed once, decided perhaps several times, answered once.
//!
//! Whoever ends it (its turn, its caller, a time-out, the end of the runtime) does so by one step of
//! its stage, so there is one outcome, and it is counted there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bailiwick_core::journal::{EncodedEvent, EventType, Metadata, RecordedCommand};
use bailiwick_core::views::{Boundary, Folded};
use bailiwick_core::{Bounded, Context, Decision, Event, Position, Tags, Text, Timestamp, stored};
use parking_lot::Mutex;

use super::keyed::{KeyedCall, Repeat};
use super::order::Ticket;
use super::scheduler::Scheduler;
use crate::context::counts::Counters;
use crate::error::{AlreadyRun, AskError, Cause, NotRun, Unknown, panic_message};
use crate::reactions::Delivering;
use crate::request::recorded::{self, JudgedAt, Refusal, without_form};
use crate::request::reply::Reply;
use crate::request::timeouts::{Entry, Waiters};
use crate::request::{Call, Receipt, Verdict, command_name};
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

/// A decision, whatever its type.
pub(super) trait DecisionRequest: Waiters {
    fn boundary(&self) -> &Boundary;
    /// There is no room yet. Only before anybody else knows of it.
    fn wait_for_room(&self);
    /// There is room now. Fails if the caller has given it up.
    fn gets_room(&self) -> bool;
    /// When its caller began to wait.
    fn asked(&self) -> Mark;
    /// Takes the right to decide it. Fails if the caller has given it up.
    fn claim(&self) -> bool;
    /// Decides, adds the events, and keeps the verdict until it is released or decided again.
    fn decide(&self, views: &Folded, now: Timestamp, events: &mut Vec<EncodedEvent>) -> Decided;
    /// Its idempotency key.
    fn key(&self) -> Option<&Text>;
    /// It is a delivery of a policy.
    fn delivering(&self) -> Option<&Delivering>;
    /// It goes to the journal. Fails if it has its outcome: then nothing of it may be appended.
    fn submit(&self) -> bool;
    /// It was not appended, and will be decided again.
    fn take_back(&self);
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
/// By far the most events have fewer: spared the growing.
const PAYLOAD_BYTES: usize = 64;

const WAITING: u8 = 0;
const CLAIMED: u8 = 1;
const GIVEN_UP: u8 = 2;
const WAITS_FOR_ROOM: u8 = 3;
const SUBMITTED: u8 = 4;
const ENDED: u8 = 5;

pub(super) type Answer<D> =
    Result<Receipt<<D as Decision>::Reply>, AskError<D, <D as Decision>::Rejection>>;

pub(super) struct Asked<D: Decision> {
    scheduler: Arc<Scheduler>,
    boundary: Boundary,
    asked: Mark,
    until: Duration,
    span: Seen,
    call: Option<Arc<Call>>,
    keyed: Option<KeyedCall<D::Reply>>,
    stage: AtomicU8,
    ticket: AtomicU64,
    /// The runtime's side. Held while it is decided.
    case: Mutex<Judgement<D>>,
    reply: Reply<Answer<D>>,
}

struct Judgement<D: Decision> {
    bounded: Option<Bounded<D>>,
    verdict: Option<Verdict<D::Reply, D::Rejection>>,
}

impl<D: Decision> Asked<D> {
    pub(super) fn new(
        scheduler: Arc<Scheduler>,
        (bounded, keyed): (Bounded<D>, Option<KeyedCall<D::Reply>>),
        (asked, until): (Mark, Duration),
        call: Option<Arc<Call>>,
    ) -> Self {
        Asked {
            scheduler,
            boundary: bounded.boundary().clone(),
            asked,
            until,
            span: Seen::decision(|| (Self::command(), call.as_deref())),
            call,
            keyed,
            stage: AtomicU8::new(WAITING),
            ticket: AtomicU64::new(0),
            case: Mutex::new(Judgement { bounded: Some(bounded), verdict: None }),
            reply: Reply::new(),
        }
    }

    pub(super) fn scheduler(&self) -> &Arc<Scheduler> {
        &self.scheduler
    }

    pub(super) fn until(&self) -> Duration {
        self.until
    }

    /// Where it stands; said before anybody waits for it.
    pub(super) fn stands_at(&self, ticket: Ticket) {
        self.ticket.store(ticket, Ordering::Relaxed);
    }

    pub(super) fn ticket(&self) -> Ticket {
        self.ticket.load(Ordering::Relaxed)
    }

    /// The caller's side: the answer, when there is one.
    pub(super) fn poll_answer(&self, cx: &TaskContext<'_>) -> Poll<Answer<D>> {
        self.reply.poll(cx)
    }

    /// The caller's side: gives it up, unless it was claimed. Whether it did.
    pub(super) fn give_up(&self) -> bool {
        loop {
            if self.change(WAITING, GIVEN_UP) {
                self.counters().lapsed.one();
                self.scheduler.shared().settled();
                return true;
            }
            if self.change(WAITS_FOR_ROOM, GIVEN_UP) {
                return true;
            }
            // It came in just now.
            if self.stage.load(Ordering::Acquire) != WAITING {
                self.counters().abandoned.one();
                return false;
            }
        }
    }

    /// Takes the decision out of one that nobody else knows of, or that has ended.
    pub(super) fn take_decision(&self) -> D {
        take(&mut self.case.lock())
    }

    fn counters(&self) -> &Counters {
        self.scheduler.counters().here()
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.stage.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Takes the right to give it its outcome.
    fn end(&self) -> bool {
        self.change(SUBMITTED, ENDED) || self.change(CLAIMED, ENDED)
    }

    fn unknown_because(&self, why: Unknown) -> AskError<D, D::Rejection> {
        AskError::Unknown { why, keyed: self.keyed.is_some() }
    }

    fn answer(&self, answer: Answer<D>) {
        self.span.answered(&answer);
        self.reply.tell(answer);
        self.scheduler.forget(self.until, self.ticket());
        self.scheduler.shared().settled();
    }

    fn not_run(&self, decision: D, cause: Cause) {
        let counters = self.counters();
        match cause {
            Cause::Panicked { .. } => counters.panicked.one(),
            _ => counters.given_back.one(),
        }
        self.answer(Err(AskError::NotRun(NotRun { command: decision, cause })));
    }

    /// The end of one that was never claimed.
    fn send_away(&self, cause: Cause) {
        let command = self.take_decision();
        self.answer(Err(AskError::NotRun(NotRun { command, cause })));
    }

    /// Encodes what was emitted.
    fn encode(
        &self,
        bounded: &Bounded<D>,
        emitted: &[D::Event],
        now: Timestamp,
        to: &mut Vec<EncodedEvent>,
    ) -> Result<(), Cause> {
        for event in emitted {
            let readers = self.scheduler.keys(event.event_type());
            let tags = bounded.tags_for(event, readers).map_err(Cause::Emit)?;
            to.push(encoded(event, tags, now, self.metadata())?);
        }
        Ok(())
    }

    /// Adds what is found when it is asked again with its key. The reply as it will be found.
    fn remember(
        &self,
        reply: D::Reply,
        now: Timestamp,
        to: &mut Vec<EncodedEvent>,
    ) -> Result<D::Reply, Cause> {
        let Some(keyed) = &self.keyed else { return Ok(reply) };
        let given = (&reply, command_name::<D>());
        let config = &self.scheduler.shared().config;
        let (event, read) = keyed.answered(given, config, now, self.metadata())?;
        to.push(event);
        Ok(read)
    }

    /// Whether the journal takes these at once.
    fn fits(&self, events: &mut [EncodedEvent]) -> Result<(), Cause> {
        let limits = &self.scheduler.shared().limits;
        let checked = match limits.check(events) {
            // It goes without: what is not recorded is no reason to refuse it.
            Err(_) if without_form(events) => limits.check(events),
            checked => checked,
        };
        checked.map(|_| ()).map_err(Cause::OverLimit)
    }

    /// Puts the decision beside its first event, if it is recorded.
    fn record(
        &self,
        bounded: &Bounded<D>,
        emitted: usize,
        views: &Folded,
        events: &mut [EncodedEvent],
    ) {
        let (Some(recording), Some(first)) = (&D::RECORDED, events.first_mut()) else { return };
        let form = recorded::form(recording, bounded.decision(), self.scheduler.shared());
        first.metadata.extra_mut().recorded = form.map(|form| {
            let emitted = u32::try_from(emitted).unwrap_or(u32::MAX);
            let mut recorded = RecordedCommand::new(form, emitted);
            recorded.read_upto = views.level();
            recorded
        });
    }

    /// What is recorded of a refusal; none if the decision is not recorded.
    fn refused(
        &self,
        bounded: Option<&Bounded<D>>,
        rejection: &D::Rejection,
        (judged, as_of): (JudgedAt, Position),
    ) -> Option<EncodedEvent> {
        let recording = D::RECORDED.as_ref()?;
        let form = recorded::form(recording, bounded?.decision(), self.scheduler.shared())?;
        let refusal = Refusal {
            by: None,
            tags: Tags::none(),
            command: Self::command(),
            form,
            call: self.call.as_deref(),
            judged,
        };
        refusal.event(rejection, as_of)
    }

    fn command() -> &'static str {
        D::COMMAND.unwrap_or_else(command_name::<D>)
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::default();
        metadata.command = Some(Text::literal(Self::command()));
        if let Some(call) = &self.call {
            let extra = metadata.extra_mut();
            extra.correlation.clone_from(&call.correlation);
            extra.principal.clone_from(&call.principal);
            if let Some(delivering) = &call.delivering {
                delivering.says_why(extra);
            }
        }
        metadata
    }

    fn judge(
        &self,
        bounded: &Bounded<D>,
        views: &Folded,
        now: Timestamp,
        events: &mut Vec<EncodedEvent>,
    ) -> (Verdict<D::Reply, D::Rejection>, Decided) {
        match self.repeat(views, now) {
            Some(Ok(Repeat { reply, position })) => {
                let verdict = reply.map_or_else(Verdict::AlreadyRun, Verdict::Repeated);
                (verdict, Decided::Repeated(position))
            }
            Some(Err(cause)) => (Verdict::Failed(cause), Decided::Anew),
            None => {
                let verdict = self.judge_anew(bounded, views, now, events);
                let replies = matches!(verdict, Verdict::Reply(_)) && self.keyed.is_some();
                (verdict, if replies { Decided::Remembered } else { Decided::Anew })
            }
        }
    }

    fn repeat(&self, views: &Folded, now: Timestamp) -> Option<Result<Repeat<D::Reply>, Cause>> {
        let keyed = self.keyed.as_ref()?;
        #[cfg(feature = "fault-injection")]
        if self.scheduler.shared().sabotaged(crate::sabotage::Sabotage::DecisionKeysForgotten) {
            return None;
        }
        let last = views.answer(&self.boundary)?;
        keyed.repeat(last, now, self.scheduler.shared().config.answers_for)
    }

    fn judge_anew(
        &self,
        bounded: &Bounded<D>,
        views: &Folded,
        now: Timestamp,
        events: &mut Vec<EncodedEvent>,
    ) -> Verdict<D::Reply, D::Rejection> {
        let before = events.len();
        let judged = catch_unwind(AssertUnwindSafe(|| {
            let mut ctx = Context::new(now);
            match bounded.decide(views, &mut ctx) {
                Ok(reply) => {
                    let emitted = ctx.into_events();
                    let encoded = self.encode(bounded, &emitted, now, events);
                    if let Some(delivering) = self.delivering() {
                        delivering.caused(&mut events[before..]);
                    }
                    let kept = encoded.and_then(|()| self.remember(reply, now, events));
                    self.record(bounded, emitted.len(), views, &mut events[before..]);
                    match kept.and_then(|reply| self.fits(&mut events[before..]).map(|()| reply)) {
                        Ok(reply) => Verdict::Reply(reply),
                        Err(cause) => Verdict::Failed(cause),
                    }
                }
                Err(rejection) => {
                    let read_upto = D::RECORDED.and_then(|_| views.level());
                    Verdict::Rejection(rejection, JudgedAt { now, read_upto })
                }
            }
        }));
        let verdict = judged.unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            tracing::error!(decision = command_name::<D>(), %message, "a decision panicked");
            Verdict::Failed(Cause::Panicked { message })
        });
        if matches!(verdict, Verdict::Failed(_)) {
            events.truncate(before);
        }
        verdict
    }
}

impl<D: Decision> DecisionRequest for Asked<D> {
    fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    fn wait_for_room(&self) {
        self.stage.store(WAITS_FOR_ROOM, Ordering::Release);
    }

    fn gets_room(&self) -> bool {
        let got_room = self.change(WAITS_FOR_ROOM, WAITING);
        if got_room {
            self.counters().accepted.one();
        }
        got_room
    }

    fn asked(&self) -> Mark {
        self.asked
    }

    fn claim(&self) -> bool {
        self.change(WAITING, CLAIMED)
    }

    fn decide(&self, views: &Folded, now: Timestamp, events: &mut Vec<EncodedEvent>) -> Decided {
        let _entered = self.span.enter();
        let mut case = self.case.lock();
        // None if the runtime went away just now.
        let Some(bounded) = &case.bounded else { return Decided::Anew };
        let (verdict, decided) = self.judge(bounded, views, now, events);
        let before = case.verdict.replace(verdict);
        drop(case);
        drop(before);
        decided
    }

    fn key(&self) -> Option<&Text> {
        self.keyed.as_ref().map(KeyedCall::key)
    }

    fn delivering(&self) -> Option<&Delivering> {
        self.call.as_ref().and_then(|call| call.delivering.as_deref())
    }

    fn submit(&self) -> bool {
        self.change(CLAIMED, SUBMITTED)
    }

    fn take_back(&self) {
        self.change(SUBMITTED, CLAIMED);
    }

    fn release(&self, position: Position) {
        let mut case = self.case.lock();
        if !self.end() {
            return;
        }
        let verdict = case.verdict.take().expect("only what was decided is released");
        let mut refused = None;
        let (answer, failed) = match verdict {
            Verdict::Reply(reply) => (Some(Ok(Receipt { reply, position, repeated: false })), None),
            Verdict::Repeated(reply) => {
                (Some(Ok(Receipt { reply, position, repeated: true })), None)
            }
            Verdict::Rejection(rejection, judged) => {
                refused = self.refused(case.bounded.as_ref(), &rejection, (judged, position));
                (Some(Err(AskError::Rejected(rejection))), None)
            }
            Verdict::AlreadyRun(cause) => {
                (Some(Err(AskError::AlreadyRun(AlreadyRun { position, cause }))), None)
            }
            Verdict::Failed(cause) => (None, Some((take(&mut case), cause))),
        };
        let decided = case.bounded.take();
        drop(case);
        if let Some(refused) = refused {
            let scheduler = self.scheduler.clone();
            let lost = move || scheduler.counters().here().unrecorded.one();
            recorded::append(self.scheduler.shared(), refused, lost);
        }
        match (answer, failed) {
            (Some(answer), _) => {
                let counters = self.counters();
                let outcome = match &answer {
                    Ok(_) => &counters.replied,
                    Err(AskError::AlreadyRun(_)) => &counters.already_run,
                    Err(_) => &counters.rejected,
                };
                outcome.one();
                self.answer(answer);
            }
            (None, Some((decision, cause))) => self.not_run(decision, cause),
            (None, None) => {}
        }
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
            self.counters().unknown.one();
            self.answer(Err(self.unknown_because(unknown)));
        }
    }

    fn close(&self) {
        if self.change(WAITS_FOR_ROOM, ENDED) {
            self.counters().turned_away.one();
            return self.send_away(Cause::ShutDown);
        }
        self.claim();
        // Held: it is being decided just now, and its turn finds the runtime closed.
        let decision = self
            .case
            .try_lock()
            .and_then(|mut case| self.change(CLAIMED, ENDED).then(|| take(&mut case)));
        if let Some(decision) = decision {
            self.not_run(decision, Cause::ShutDown);
        } else if self.change(SUBMITTED, ENDED) {
            self.counters().unknown.one();
            self.answer(Err(self.unknown_because(Unknown::ShutDown)));
        }
    }
}

impl<D: Decision> Waiters for Asked<D> {
    /// From its turn on, the decision goes on.
    fn expire(self: Arc<Self>, (_, ticket): Entry, _: Duration) {
        if self.change(WAITS_FOR_ROOM, ENDED) {
            self.counters().turned_away.one();
            self.send_away(Cause::TimedOut);
        } else if self.change(WAITING, ENDED) {
            self.counters().lapsed.one();
            self.send_away(Cause::TimedOut);
        } else {
            if self.reply.time_out(Err(self.unknown_because(Unknown::TimedOut))) {
                self.counters().timed_out.one();
            }
        }
        self.scheduler.withdraw(ticket);
    }
}

/// An event as it will stand in the journal.
pub(crate) fn encoded<E: Event>(
    event: &E,
    tags: Tags,
    recorded_at: Timestamp,
    metadata: Metadata,
) -> Result<EncodedEvent, Cause> {
    let mut payload = Vec::with_capacity(PAYLOAD_BYTES);
    // Views fold it from these bytes, whether it was read back or not.
    stored::event(event, &mut payload)?;
    let known = event.descriptor();
    let (event_type, version) = (EventType::literal(known.name), known.version());
    Ok(EncodedEvent { event_type, version, tags, payload: payload.into(), recorded_at, metadata })
}

fn take<D: Decision>(case: &mut Judgement<D>) -> D {
    case.bounded.take().expect("a decision leaves its case once").into_decision()
}
