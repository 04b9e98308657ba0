//! A command on its way: claimed once, decided perhaps several times, answered once.
//!
//! 1. The claim is one compare-and-set between the actor that wants to judge the command and the
//!    caller that gives it up. A command given up before its claim is certainly not judged; a
//!    claimed one certainly is.
//! 2. The verdict waits in the envelope until the gate opens; only then the caller hears of it.
//! 3. Every envelope that entered a mailbox gets exactly one outcome, and it is counted there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

use bailiwick_core::{Aggregate, Context, Decide, Position, Text};
use parking_lot::{Mutex, MutexGuard};

use crate::error::{AskError, Cause, NotRun, Unknown, panic_message};
use crate::kind::Kind;

/// What a caller may say about one call beside the command itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    pub(crate) expected: Option<Position>,
    pub(crate) correlation: Option<Text>,
    pub(crate) principal: Option<Text>,
}

/// A reply, and where it is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed<R> {
    /// The reply.
    pub reply: R,
    /// The position of the aggregate's last event as of this command: of the command's own last
    /// event, or of the one before if it had none. It only grows, so it serves as a fencing token.
    pub position: Position,
}

/// How a decision went, as far as the turn has to know.
pub(crate) enum Judged {
    Accepted,
    Rejected,
    Panicked,
}

/// A command of an aggregate `A`, whatever its type.
pub(crate) trait Envelope<A: Aggregate>: Send + Sync {
    fn command(&self) -> &'static str;
    fn call(&self) -> Option<&Call>;
    /// Takes the right to judge it. Fails if the caller has given it up.
    fn claim(&self) -> bool;
    fn claimed(&self) -> bool;
    /// How long its caller waits, by the clock's `elapsed`.
    fn until(&self) -> Duration;
    /// Decides, and keeps the verdict until it is released or decided again.
    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> Judged;
    /// Replaces the verdict: it will be given back when the gate opens.
    fn fail(&self, cause: Cause);
    /// The gate is open: tells the caller the verdict.
    fn release(&self, position: Position);
    fn give_back(&self, cause: Cause);
    fn unknown(&self, unknown: Unknown);
    /// Claimed not to be judged but because its caller's time is up.
    fn lapse(&self);
    /// Its caller's time is up after its turn came: the caller is told, the command goes on.
    fn stop_waiting(&self);
}

const WAITING: u8 = 0;
const CLAIMED: u8 = 1;
const GIVEN_UP: u8 = 2;

type Answer<A, C> =
    Result<Committed<<A as Decide<C>>::Reply>, AskError<C, <A as Decide<C>>::Rejection>>;

pub(crate) struct Asked<A: Decide<C>, C> {
    kind: Arc<Kind<A>>,
    claim: AtomicU8,
    until: Duration,
    call: Option<Box<Call>>,
    body: Mutex<Body<A, C>>,
}

struct Body<A: Decide<C>, C> {
    command: Option<C>,
    verdict: Option<Verdict<A::Reply, A::Rejection>>,
    answer: Option<Answer<A, C>>,
    /// The caller was told that its time is up.
    told: bool,
    waker: Option<Waker>,
}

enum Verdict<R, E> {
    Reply(R),
    Rejection(E),
    Failed(Cause),
}

impl<A: Decide<C>, C: Send + 'static> Asked<A, C> {
    pub(crate) fn new(
        kind: Arc<Kind<A>>,
        call: Option<Box<Call>>,
        until: Duration,
        command: C,
    ) -> Self {
        let body =
            Body { command: Some(command), verdict: None, answer: None, told: false, waker: None };
        Asked { kind, claim: AtomicU8::new(WAITING), until, call, body: Mutex::new(body) }
    }

    /// The caller's side: the answer, when there is one.
    pub(crate) fn poll_answer(&self, cx: &TaskContext<'_>) -> Poll<Answer<A, C>> {
        let mut body = self.body.lock();
        match body.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => {
                if !body.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
                    body.waker = Some(cx.waker().clone());
                }
                Poll::Pending
            }
        }
    }

    /// The caller's side: gives the command up, unless it was claimed.
    pub(crate) fn give_up(&self) -> bool {
        let won = self.change(WAITING, GIVEN_UP);
        if won {
            self.kind.counters.lapsed.one();
            self.kind.shared.settled();
        }
        won
    }

    /// Takes the command out. Only for one that was never accepted, or was given up.
    pub(crate) fn take_command(&self) -> C {
        self.body.lock().command.take().expect("a command leaves its envelope once")
    }

    fn change(&self, from: u8, to: u8) -> bool {
        self.claim.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    fn answer(&self, answer: impl FnOnce(&mut Body<A, C>) -> Answer<A, C>) {
        let mut body = self.body.lock();
        let answer = answer(&mut body);
        let counters = &self.kind.counters;
        match &answer {
            Ok(_) => counters.replied.one(),
            Err(AskError::Rejected(_)) => counters.rejected.one(),
            Err(AskError::Unknown(_)) => counters.unknown.one(),
            Err(AskError::NotRun(NotRun { cause: Cause::Panicked { .. }, .. })) => {
                counters.panicked.one();
            }
            Err(AskError::NotRun(_)) => counters.given_back.one(),
        }
        if !body.told {
            body.answer = Some(answer);
        }
        self.tell(body);
        self.kind.shared.settled();
    }

    fn tell(&self, mut body: MutexGuard<'_, Body<A, C>>) {
        let waker = body.waker.take();
        // The lock first: who is woken polls at once, perhaps on another thread.
        drop(body);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<A: Decide<C>, C: Send + 'static> Envelope<A> for Asked<A, C> {
    fn command(&self) -> &'static str {
        let path = std::any::type_name::<C>();
        // By bytes, from the end: this runs once per command.
        let path = if path.ends_with('>') { path.split('<').next().unwrap_or(path) } else { path };
        path.bytes().rposition(|byte| byte == b':').map_or(path, |colon| &path[colon + 1..])
    }

    fn call(&self) -> Option<&Call> {
        self.call.as_deref()
    }

    fn claim(&self) -> bool {
        self.change(WAITING, CLAIMED)
    }

    fn claimed(&self) -> bool {
        self.claim.load(Ordering::Acquire) == CLAIMED
    }

    fn until(&self) -> Duration {
        self.until
    }

    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> Judged {
        // Out of the lock while the domain's code runs: a slow decision must not block a thread in
        // which the caller polls.
        let command = self.take_command();
        let outcome = catch_unwind(AssertUnwindSafe(|| state.decide(&command, ctx)));
        let (judged, verdict) = match outcome {
            Ok(Ok(reply)) => (Judged::Accepted, Verdict::Reply(reply)),
            Ok(Err(rejection)) => (Judged::Rejected, Verdict::Rejection(rejection)),
            Err(panic) => {
                let message = panic_message(&*panic);
                tracing::error!(aggregate = A::NAME, command = self.command(), %message, "decide panicked");
                (Judged::Panicked, Verdict::Failed(Cause::Panicked { message }))
            }
        };
        let mut body = self.body.lock();
        body.command = Some(command);
        body.verdict = Some(verdict);
        judged
    }

    fn fail(&self, cause: Cause) {
        self.body.lock().verdict = Some(Verdict::Failed(cause));
    }

    fn release(&self, position: Position) {
        self.answer(|body| match body.verdict.take().expect("only what was judged is released") {
            Verdict::Reply(reply) => Ok(Committed { reply, position }),
            Verdict::Rejection(rejection) => Err(AskError::Rejected(rejection)),
            Verdict::Failed(Cause::Moved { expected, .. }) => {
                body.not_run(Cause::Moved { expected, actual: position })
            }
            Verdict::Failed(cause) => body.not_run(cause),
        });
    }

    fn give_back(&self, cause: Cause) {
        self.answer(|body| body.not_run(cause));
    }

    fn unknown(&self, unknown: Unknown) {
        self.answer(|_| Err(AskError::Unknown(unknown)));
    }

    fn lapse(&self) {
        let mut body = self.body.lock();
        body.answer = Some(body.not_run(Cause::TimedOut));
        self.kind.counters.lapsed.one();
        self.tell(body);
        self.kind.shared.settled();
    }

    fn stop_waiting(&self) {
        let mut body = self.body.lock();
        if body.answer.is_none() && !body.told {
            body.told = true;
            body.answer = Some(Err(AskError::Unknown(Unknown::TimedOut)));
            self.tell(body);
        }
    }
}

impl<A: Decide<C>, C> Body<A, C> {
    fn not_run(&mut self, cause: Cause) -> Answer<A, C> {
        let command = self.command.take().expect("a command leaves its envelope once");
        Err(AskError::NotRun(NotRun { command, cause }))
    }
}
