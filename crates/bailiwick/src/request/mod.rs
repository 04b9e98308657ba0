//! A command on its way: claimed once, decided perhaps several times, answered once.
//!
//! 1. The claim is one compare-and-set between the actor that wants to judge the command and the
//!    caller that gives it up. A command given up before its claim is certainly not judged; a
//!    claimed one certainly is.
//! 2. The verdict waits in the envelope until the gate opens; only then the caller hears of it.
//! 3. Every envelope that entered a mailbox gets exactly one outcome, and it is counted there. One
//!    that still waits in the admission queue is turned away instead.

pub(crate) mod entry;
pub(crate) mod read;
pub(crate) mod recorded;
pub(crate) mod reply;
pub(crate) mod timeouts;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use bailiwick_core::journal::{EncodedEvent, RecordedCommand};
use bailiwick_core::{Aggregate, Context, Decide, Id, Position, Text};
use bytes::Bytes;
use parking_lot::Mutex;

use self::recorded::{JudgedAt, Refusal};
use crate::aggregates::Target;
use crate::aggregates::idempotency::{Once, ReplyCodec};
use crate::context::counts::Counters;
use crate::error::{AlreadyRun, AskError, Cause, NotRun, Unknown, UnreadableReply, panic_message};
use crate::reactions::Delivering;
use crate::request::reply::Reply;
use crate::telemetry::log::{Of, decide_panicked};
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

/// What a caller may say about one call beside the command itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) expected: Option<Position>,
    pub(crate) correlation: Option<Text>,
    pub(crate) principal: Option<Text>,
    pub(crate) once: Option<Once>,
    /// It is a delivery of a policy.
    pub(crate) delivering: Option<Arc<Delivering>>,
}

/// A reply, where it is written down, and whether it was there already.
///
/// For an example see [`AggregateRef`](crate::AggregateRef).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt<R> {
    /// The reply.
    pub reply: R,
    /// The position of the last event as of this command: of the command's own last event; if it had
    /// none, of the aggregate's one before, or, for a decision, of the last that was in the journal. It
    /// only grows, so it serves as a fencing token.
    ///
    /// Of a repetition it is what it was when the command was run.
    pub position: Position,
    /// This call did not run it: it was run for another one with the same idempotency key, by
    /// whichever runtime and however long ago, and this is what was remembered, or waited for.
    ///
    /// Of all the calls that get the reply of one run, one at most is told `false`: none, if who ran it
    /// was told that the outcome is unknown, or went away.
    pub repeated: bool,
}

/// How a decision went, as far as the turn has to know.
pub(crate) enum Judged {
    Accepted {
        /// Its type is recorded.
        recorded: bool,
    },
    Rejected,
    Panicked,
}

/// A command of an aggregate `A`, whatever its type.
pub(crate) trait Envelope<A: Aggregate>: Send + Sync {
    fn command(&self) -> &'static str;
    fn call(&self) -> Option<&Call>;
    /// When its caller began to wait.
    fn asked(&self) -> Mark;
    fn span(&self) -> &Seen;
    /// How long its caller waits, by the clock's `elapsed`.
    fn until(&self) -> Duration;
    /// There is no room yet. Only before anybody else knows of it.
    fn wait_for_room(&self);
    /// There is room now. Fails if the caller has given it up.
    fn gets_room(&self) -> bool;
    fn was_given_up(&self) -> bool;
    /// Takes the right to judge it. Fails if the caller has given it up.
    fn claim(&self) -> bool;
    /// Decides, and keeps the verdict until it is released or decided again.
    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> Judged;
    /// Takes the reply to an earlier command with the same key as its verdict.
    fn repeat(&self, reply: &[u8]);
    /// The reply of its verdict, to be remembered. It becomes what will be read again.
    fn remembered(&self) -> Result<Bytes, Cause>;
    /// The command as it is recorded, without its events; none if it is not.
    fn recorded(&self) -> Option<RecordedCommand>;
    /// Replaces the verdict: it will be given back when the gate opens.
    fn fail(&self, cause: Cause);
    /// The gate is open: tells the caller the verdict.
    fn release(&self, position: Position);
    /// Judged or claimed, but certainly without an effect.
    fn give_back(&self, cause: Cause);
    /// Given back whatever it waits for, unless its caller has given it up.
    fn abandon(&self, cause: Cause);
    fn unknown(&self, unknown: Unknown);
    /// Its caller's time is up: it is given up, unless its turn has come. Whether it is.
    fn expire(&self) -> bool;
    /// Tells the caller that its time is up: `cause` if it [lapsed](Self::expire). From its turn on, the
    /// command goes on.
    fn time_out(&self, cause: Option<Cause>);
}

/// Waits for its turn.
const WAITING: u8 = 0;
/// Will be judged.
const CLAIMED: u8 = 1;
/// Its caller went away first, or was told that its time is up.
const GIVEN_UP: u8 = 2;
/// Waits for room in the mailbox.
const WAITS_FOR_ROOM: u8 = 3;

type Answer<A, C> =
    Result<Receipt<<A as Decide<C>>::Reply>, AskError<C, <A as Decide<C>>::Rejection>>;

pub(crate) struct Asked<A: Decide<C>, C> {
    target: Arc<Target<A>>,
    claim: AtomicU8,
    asked: Mark,
    until: Duration,
    span: Seen,
    call: Option<Arc<Call>>,
    /// Where there is an idempotency key.
    codec: Option<ReplyCodec<A::Reply>>,
    /// The runtime's side. Held while the command is decided: nobody else wants it then.
    case: Mutex<Case<A, C>>,
    reply: Reply<Answer<A, C>>,
}

struct Case<A: Decide<C>, C> {
    command: Option<C>,
    verdict: Option<Verdict<A::Reply, A::Rejection>>,
}

/// How it was decided.
pub(crate) enum Verdict<R, E> {
    Reply(R),
    /// As it was when it was asked before.
    Repeated(R),
    Rejection(E, JudgedAt),
    /// When it was asked before; its reply is lost.
    AlreadyRun(UnreadableReply),
    Failed(Cause),
}

impl<A: Decide<C>, C: Send + 'static> Asked<A, C> {
    pub(crate) fn new(
        target: Arc<Target<A>>,
        call: Option<Arc<Call>>,
        (asked, until): (Mark, Duration),
        (command, codec): (C, Option<ReplyCodec<A::Reply>>),
    ) -> Self {
        let mut asked = Asked {
            target,
            claim: AtomicU8::new(WAITING),
            asked,
            until,
            span: Seen::default(),
            call,
            codec,
            case: Mutex::new(Case { command: Some(command), verdict: None }),
            reply: Reply::new(),
        };
        asked.span = Seen::command(|| {
            let of = Of { aggregate: A::NAME, id: &asked.target.id };
            (of, asked.command(), asked.call.as_deref())
        });
        asked
    }

    /// It was judged, and accepted with this reply.
    pub(crate) fn accepted(self, reply: A::Reply) -> Self {
        self.claim.store(CLAIMED, Ordering::Release);
        self.case.lock().verdict = Some(Verdict::Reply(reply));
        self
    }

    pub(crate) fn target(&self) -> &Arc<Target<A>> {
        &self.target
    }

    fn counters(&self) -> &Counters {
        self.target.kind.counters.here()
    }

    /// The caller's side: the answer, when there is one.
    pub(crate) fn poll_answer(&self, cx: &TaskContext<'_>) -> Poll<Answer<A, C>> {
        self.reply.poll(cx)
    }

    /// The caller's side: it is not woken before it [asks](Self::poll_answer) again.
    pub(crate) fn wakes_nobody(&self) {
        self.reply.wakes_nobody();
    }

    /// The caller's side: gives the command up, unless it was claimed. Whether it did.
    pub(crate) fn give_up(&self) -> bool {
        loop {
            if self.change(WAITING, GIVEN_UP) {
                self.counters().lapsed.one();
                self.target.kind.shared.settled();
                return true;
            }
            if self.change(WAITS_FOR_ROOM, GIVEN_UP) {
                return true;
            }
            // It came in just now.
            if self.claim.load(Ordering::Acquire) != WAITING {
                self.counters().abandoned.one();
                return false;
            }
        }
    }

    /// Takes the command out. Only for one that nobody else knows of.
    pub(crate) fn take_command(&self) -> C {
        self.case.lock().command()
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.claim.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn unknown_because(&self, why: Unknown) -> AskError<C, A::Rejection> {
        let keyed = self.call.as_ref().is_some_and(|call| call.once.is_some());
        AskError::Unknown { why, keyed }
    }

    /// What is recorded of a refusal; none if the command is not recorded.
    #[inline]
    fn refused(
        &self,
        command: Option<&C>,
        rejection: &A::Rejection,
        (judged, as_of): (JudgedAt, Position),
    ) -> Option<EncodedEvent> {
        let form = recorded::form(A::RECORDED.as_ref()?, command?, &self.target.kind.shared)?;
        let refusal = Refusal {
            by: Some(A::NAME),
            tags: self.target.id.tag().ok()?.into(),
            command: self.command(),
            form,
            call: self.call.as_deref(),
            judged,
        };
        refusal.event(rejection, as_of)
    }

    /// The outcome of an accepted command.
    fn answer(&self, answer: Answer<A, C>) {
        count(self.counters(), &answer);
        self.span.answered(&answer);
        self.reply.tell(answer);
        self.target.kind.shared.settled();
    }

    /// The end of a command that was never judged.
    fn send_away(&self, cause: Cause) {
        let command = self.take_command();
        let answer = Err(AskError::NotRun(NotRun { command, cause }));
        self.span.answered(&answer);
        self.reply.overrule(answer);
        self.target.kind.shared.settled();
    }
}

/// Counts the outcome of an accepted command.
pub(crate) fn count<R, C, E>(counters: &Counters, answer: &Result<Receipt<R>, AskError<C, E>>) {
    match answer {
        Ok(_) => counters.replied.one(),
        Err(AskError::Rejected(_)) => counters.rejected.one(),
        Err(AskError::AlreadyRun(_)) => counters.already_run.one(),
        Err(AskError::Unknown { .. }) => counters.unknown.one(),
        Err(AskError::NotRun(NotRun { cause: Cause::Panicked { .. }, .. })) => {
            counters.panicked.one();
        }
        Err(AskError::NotRun(_)) => counters.given_back.one(),
    }
}

/// By which name a command is recorded.
pub(crate) fn command_of<A: Decide<C>, C>() -> &'static str {
    A::COMMAND.unwrap_or_else(command_name::<C>)
}

/// The name of a command's type, without its path and what it is generic over.
pub(crate) fn command_name<C>() -> &'static str {
    let path = std::any::type_name::<C>();
    // By bytes, from the end: this runs once per command.
    let path = if path.ends_with('>') { path.split('<').next().unwrap_or(path) } else { path };
    path.bytes().rposition(|byte| byte == b':').map_or(path, |colon| &path[colon + 1..])
}

/// Runs the serde code of a reply, which is the domain's.
impl<A: Decide<C>, C: Send + 'static> Envelope<A> for Asked<A, C> {
    fn command(&self) -> &'static str {
        let delivering = self.call.as_ref().and_then(|call| call.delivering.as_ref());
        // Of a delivery the type is the same for all commands.
        match delivering {
            Some(delivering) => delivering.command,
            None => command_of::<A, C>(),
        }
    }

    fn call(&self) -> Option<&Call> {
        self.call.as_deref()
    }

    fn asked(&self) -> Mark {
        self.asked
    }

    fn span(&self) -> &Seen {
        &self.span
    }

    fn until(&self) -> Duration {
        self.until
    }

    fn wait_for_room(&self) {
        self.claim.store(WAITS_FOR_ROOM, Ordering::Release);
    }

    fn gets_room(&self) -> bool {
        self.change(WAITS_FOR_ROOM, WAITING)
    }

    fn was_given_up(&self) -> bool {
        self.claim.load(Ordering::Acquire) == GIVEN_UP
    }

    fn claim(&self) -> bool {
        self.change(WAITING, CLAIMED)
    }

    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> Judged {
        let _entered = self.span.enter();
        let mut case = self.case.lock();
        let Case { command, verdict } = &mut *case;
        let command = command.as_ref().expect("it is there until it has an outcome");
        let outcome = catch_unwind(AssertUnwindSafe(|| state.decide(command, ctx)));
        let (judged, given) = match outcome {
            Ok(Ok(reply)) => {
                (Judged::Accepted { recorded: A::RECORDED.is_some() }, Verdict::Reply(reply))
            }
            Ok(Err(rejection)) => {
                (Judged::Rejected, Verdict::Rejection(rejection, JudgedAt::now(ctx.now())))
            }
            Err(panic) => {
                let message = panic_message(&*panic);
                decide_panicked(A::NAME, self.command(), &message);
                (Judged::Panicked, Verdict::Failed(Cause::Panicked { message }))
            }
        };
        let before = verdict.replace(given);
        // The lock first: what is dropped is the domain's.
        drop(case);
        drop(before);
        judged
    }

    fn repeat(&self, reply: &[u8]) {
        let codec = self.codec.as_ref().expect("only with a key");
        let verdict = codec.decoded(reply).map_or_else(Verdict::AlreadyRun, Verdict::Repeated);
        let before = self.case.lock().verdict.replace(verdict);
        drop(before);
    }

    fn remembered(&self) -> Result<Bytes, Cause> {
        let codec = self.codec.as_ref().expect("only with a key");
        let mut case = self.case.lock();
        let Some(Verdict::Reply(reply)) = &mut case.verdict else { return Ok(Bytes::new()) };
        let (bytes, read) = codec.stored(reply, self.command(), &self.target.kind.shared.config)?;
        let before = std::mem::replace(reply, read);
        drop(case);
        drop(before);
        Ok(bytes)
    }

    fn recorded(&self) -> Option<RecordedCommand> {
        let case = self.case.lock();
        let shared = &self.target.kind.shared;
        let form = recorded::form(A::RECORDED.as_ref()?, case.command.as_ref()?, shared)?;
        Some(RecordedCommand::new(form, 0))
    }

    fn fail(&self, cause: Cause) {
        let before = self.case.lock().verdict.replace(Verdict::Failed(cause));
        drop(before);
    }

    fn release(&self, position: Position) {
        let mut case = self.case.lock();
        let verdict = case.verdict.take().expect("only what was judged is released");
        let mut refused = None;
        let answer = match verdict {
            Verdict::Reply(reply) => Ok(Receipt { reply, position, repeated: false }),
            Verdict::Repeated(reply) => Ok(Receipt { reply, position, repeated: true }),
            Verdict::Rejection(rejection, judged) => {
                refused = self.refused(case.command.as_ref(), &rejection, (judged, position));
                Err(AskError::Rejected(rejection))
            }
            Verdict::AlreadyRun(cause) => Err(AskError::AlreadyRun(AlreadyRun { position, cause })),
            Verdict::Failed(cause) => {
                let cause = match cause {
                    // Where it really is, is known only now.
                    Cause::Moved { expected, .. } => Cause::Moved { expected, actual: position },
                    cause => cause,
                };
                Err(AskError::NotRun(NotRun { command: case.command(), cause }))
            }
        };
        drop(case);
        if let Some(refused) = refused {
            let target = self.target.clone();
            let lost = move || target.kind.counters.here().unrecorded.one();
            recorded::append(&self.target.kind.shared, refused, lost);
        }
        self.answer(answer);
    }

    fn give_back(&self, cause: Cause) {
        let command = self.take_command();
        self.answer(Err(AskError::NotRun(NotRun { command, cause })));
    }

    fn abandon(&self, cause: Cause) {
        if self.change(WAITS_FOR_ROOM, CLAIMED) {
            self.counters().turned_away.one();
            self.send_away(cause);
        } else if self.claim() || self.claim.load(Ordering::Acquire) == CLAIMED {
            self.give_back(cause);
        }
    }

    fn unknown(&self, unknown: Unknown) {
        self.answer(Err(self.unknown_because(unknown)));
    }

    fn expire(&self) -> bool {
        if self.change(WAITS_FOR_ROOM, GIVEN_UP) {
            self.counters().turned_away.one();
        } else if self.change(WAITING, GIVEN_UP) {
            self.counters().lapsed.one();
        } else {
            return false;
        }
        true
    }

    fn time_out(&self, cause: Option<Cause>) {
        if let Some(cause) = cause {
            self.send_away(cause);
        } else if self.claim.load(Ordering::Acquire) == CLAIMED
            && self.reply.time_out(Err(self.unknown_because(Unknown::TimedOut)))
        {
            self.counters().timed_out.one();
        }
    }
}

impl<A: Decide<C>, C> Case<A, C> {
    fn command(&mut self) -> C {
        self.command.take().expect("a command leaves its envelope once")
    }
}
