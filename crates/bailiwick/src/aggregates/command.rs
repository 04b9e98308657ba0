//! A command of whatever type in its envelope.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{EncodedEvent, RecordedCommand};
use bailiwick_core::{Context, Decide, Id, Position};
use bytes::Bytes;
use parking_lot::Mutex;

use crate::aggregates::Target;
use crate::context::counts::Counters;
use crate::error::{AskError, Cause, NotRun, Unknown, caught};
use crate::request::idempotency::ReplyCodec;
use crate::request::recorded::{self, JudgedAt, Refusal};
use crate::request::reply::Reply;
use crate::request::state::{Request, RequestState};
use crate::request::verdict::{self, Case, Verdict, count};
use crate::request::{Call, Envelope, command_of};
use crate::telemetry::log::{Of, decide_panicked};
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

pub(super) type Answer<A, C> =
    verdict::Answer<C, <A as Decide<C>>::Reply, <A as Decide<C>>::Rejection>;

pub(super) struct Asked<A: Decide<C>, C> {
    pub(super) target: Arc<Target<A>>,
    request: Request,
    /// Where there is an idempotency key.
    codec: Option<ReplyCodec<A::Reply>>,
    /// The runtime's side. Held while the command is decided: nobody else wants it then.
    case: Mutex<Case<C, A::Reply, A::Rejection>>,
    pub(super) reply: Reply<Answer<A, C>>,
}

impl<A: Decide<C>, C: Send + 'static> Asked<A, C> {
    pub(super) fn new(
        target: Arc<Target<A>>,
        call: Option<Arc<Call>>,
        times: (Mark, Duration),
        (command, codec): (C, Option<ReplyCodec<A::Reply>>),
    ) -> Self {
        let request = Request::new(times, call, |call| {
            let of = Of { aggregate: A::NAME, id: &target.id };
            Seen::command(|| (of, name_of::<A, C>(call), call))
        });
        let case = Mutex::new(Case::new(command));
        Asked { target, request, codec, case, reply: Reply::new() }
    }

    /// It was judged, and accepted with this reply.
    pub(super) fn accepted(self, reply: A::Reply) -> Self {
        self.request.claim();
        self.case.lock().verdict = Some(Verdict::Reply(reply));
        self
    }

    fn counters(&self) -> &Counters {
        self.target.kind.counters.here()
    }

    /// The caller's side: gives the command up, unless it was claimed. Whether it did.
    pub(super) fn give_up(&self) -> bool {
        self.request.give_up(self.counters(), &self.target.kind.shared)
    }

    /// Takes the command out. Only for one that nobody else knows of.
    pub(super) fn take_command(&self) -> C {
        self.case.lock().take()
    }

    fn unknown_because(&self, why: Unknown) -> AskError<C, A::Rejection> {
        let keyed = self.request.call.as_ref().is_some_and(|call| call.once.is_some());
        AskError::Unknown { why, keyed }
    }

    /// What is recorded of a refusal; none if the command is not recorded.
    #[inline]
    fn refused(
        &self,
        command: &C,
        rejection: &A::Rejection,
        (judged, as_of): (JudgedAt, Position),
    ) -> Option<EncodedEvent> {
        let form = recorded::form(A::RECORDED.as_ref()?, command, &self.target.kind.shared)?;
        let refusal = Refusal {
            by: Some(A::NAME),
            tags: self.target.id.tag().ok()?.into(),
            command: self.command(),
            form,
            call: self.call(),
            judged,
        };
        refusal.event(rejection, as_of)
    }

    /// The outcome of an accepted command.
    fn answer(&self, answer: Answer<A, C>) {
        count(self.counters(), &answer);
        self.request.span.answered(&answer);
        self.reply.tell(answer);
        self.target.kind.shared.settled();
    }

    /// The end of a command that was never judged.
    fn send_away(&self, cause: Cause) {
        let command = self.take_command();
        let answer = Err(AskError::NotRun(NotRun { command, cause }));
        self.request.span.answered(&answer);
        self.reply.overrule(answer);
        self.target.kind.shared.settled();
    }
}

/// Runs the serde code of a reply, which is the domain's.
impl<A: Decide<C>, C: Send + 'static> Envelope<A> for Asked<A, C> {
    fn request(&self) -> &Request {
        &self.request
    }

    fn command(&self) -> &'static str {
        name_of::<A, C>(self.call())
    }

    fn decide(&self, state: &A, ctx: &mut Context<A::Event>) -> bool {
        let _entered = self.request.span.enter();
        let mut case = self.case.lock();
        let Case { asked, verdict } = &mut *case;
        let command = asked.as_ref().expect("it is there until it has an outcome");
        let given = match caught(|| state.decide(command, ctx)) {
            Ok(Ok(reply)) => Verdict::Reply(reply),
            Ok(Err(rejection)) => Verdict::Rejection(rejection, JudgedAt::now(ctx.now())),
            Err(message) => {
                decide_panicked(A::NAME, self.command(), &message);
                Verdict::Failed(Cause::Panicked { message })
            }
        };
        let accepted = matches!(given, Verdict::Reply(_));
        let before = verdict.replace(given);
        // The lock first: what is dropped is the domain's.
        drop(case);
        drop(before);
        accepted
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
        let recording = A::RECORDED.as_ref()?;
        let case = self.case.lock();
        let form = recorded::form(recording, case.asked.as_ref()?, &self.target.kind.shared)?;
        Some(RecordedCommand::new(form, 0))
    }

    fn fail(&self, cause: Cause) {
        let before = self.case.lock().verdict.replace(Verdict::Failed(cause));
        drop(before);
    }

    fn release(&self, position: Position) {
        let mut case = self.case.lock();
        let (answer, refused) = case.told(
            position,
            |command, rejection, judged| self.refused(command, rejection, (judged, position)),
            |command| command,
        );
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
        if self.request.change(RequestState::WaitsForRoom, RequestState::Claimed) {
            self.counters().not_admitted.one();
            self.send_away(cause);
        } else if self.request.claim() || self.request.is(RequestState::Claimed) {
            self.give_back(cause);
        }
    }

    fn unknown(&self, unknown: Unknown) {
        self.answer(Err(self.unknown_because(unknown)));
    }

    fn expire(&self) -> bool {
        self.request.expire(RequestState::GivenUp, self.counters())
    }

    fn time_out(&self, cause: Option<Cause>) {
        if let Some(cause) = cause {
            self.send_away(cause);
        } else if self.request.is(RequestState::Claimed)
            && self.reply.time_out(Err(self.unknown_because(Unknown::TimedOut)))
        {
            self.counters().timed_out.one();
        }
    }
}

fn name_of<A: Decide<C>, C>(call: Option<&Call>) -> &'static str {
    // Of a delivery the type is the same for all commands.
    let delivering = call.and_then(|call| call.delivering.as_ref());
    delivering.map_or_else(command_of::<A, C>, |delivering| delivering.command)
}
