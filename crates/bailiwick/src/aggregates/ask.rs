//! The caller's side of a command: into the cell, the wait, the time-out.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bailiwick_core::{Aggregate, Decide};
use tokio::task::coop::poll_proceed;

use crate::aggregates::Target;
use crate::aggregates::command::{Answer, Asked};
use crate::cell::{Attending, Committed, NotAdmitted, Single};
use crate::error::{AskError, Cause, NotRun, Unknown, caught};
use crate::options::{Admission, Options};
use crate::request::entry::Entry;
use crate::request::idempotency::ReplyCodec;
use crate::request::reply::Reply;
use crate::request::verdict::count;
use crate::request::{Receipt, command_of};
use crate::telemetry::spans::Seen;
use crate::telemetry::timings::Mark;

pub(crate) struct Asking<A: Aggregate> {
    pub(crate) target: Arc<Target<A>>,
    pub(crate) options: Options,
}

impl<A: Aggregate> Asking<A> {
    pub(crate) async fn ask<C>(
        self,
        command: C,
        codec: Option<ReplyCodec<A::Reply>>,
    ) -> Result<Receipt<A::Reply>, AskError<C, A::Rejection>>
    where
        A: Decide<C>,
        C: Send + 'static,
    {
        let mut waiting = Waiting { asked: None, attending: None };
        let mut asking = Some((self, command, codec));
        poll_fn(|cx| {
            if asking.is_some() {
                ready!(others_had_theirs(cx));
            }
            if let Some((asking, command, codec)) = asking.take() {
                match asking.enter(command, codec, cx.waker()) {
                    Entered::Answered(answer) => return Poll::Ready(answer),
                    Entered::Waits(asked, attending) => {
                        (waiting.asked, waiting.attending) = (Some(asked), attending);
                    }
                }
            }
            waiting.poll(cx)
        })
        .await
    }

    /// Has the command decided here and now, or gets it into the queue of its aggregate.
    fn enter<C>(
        self,
        command: C,
        codec: Option<ReplyCodec<A::Reply>>,
        waker: &Waker,
    ) -> Entered<A, C>
    where
        A: Decide<C>,
        C: Send + 'static,
    {
        let checked = self.options.check(&self.target.kind.shared.config);
        let Asking { target, options: Options { timeout, admission, call } } = self;
        if let Err(cause) = checked {
            target.kind.counters.here().not_admitted.one();
            return Entered::Answered(Err(AskError::NotRun(NotRun { command, cause })));
        }
        let now = target.kind.shared.environment.clock.elapsed();
        let times = (Mark::at(now), now.saturating_add(timeout));
        if call.is_none()
            && A::RECORDED.is_none()
            && !Seen::is_wanted()
            && let Some(single) = target.if_in_memory(|cell| cell.begin_single(now))
        {
            return decide_alone(single, target, command, times, waker);
        }
        let asked = Arc::new(Asked::new(target, call, times, (command, codec)));
        match get_in(&asked, admission, waker) {
            Ok(attending) => Entered::Waits(asked, attending),
            Err(cause) => {
                asked.target.kind.counters.here().not_admitted.one();
                let not_run = NotRun { command: asked.take_command(), cause };
                Entered::Answered(Err(AskError::NotRun(not_run)))
            }
        }
    }
}

/// What has become of a command.
enum Entered<A: Decide<C>, C: Send + 'static> {
    Answered(Answer<A, C>),
    /// Its caller has to wait, and perhaps to attend to the journal's answer.
    Waits(Arc<Asked<A, C>>, Option<Attending<A>>),
}

/// Decides a command while nothing else is to be done.
fn decide_alone<A: Decide<C>, C: Send + 'static>(
    mut single: Single<A>,
    target: Arc<Target<A>>,
    command: C,
    times: (Mark, Duration),
    waker: &Waker,
) -> Entered<A, C> {
    let name = command_of::<A, C>();
    let (waits, shared) = (times.1, target.kind.shared.clone());
    // What is dropped on the way is the domain's, too.
    let judged = caught(|| judge_alone(&mut single, &command, name));
    let answer = match judged {
        Ok(Judgement::Told(reply)) => reply.map_err(AskError::Rejected),
        Ok(Judgement::Failed(cause)) => Err(AskError::NotRun(NotRun { command, cause })),
        Ok(Judgement::Submitted { reply, events }) => {
            let asked = Asked::new(target, None, times, (command, None)).accepted(reply);
            let asked = Arc::new(asked);
            let attending = single.leave(Entry::new(asked.clone()), (events, waits), waker);
            return Entered::Waits(asked, attending);
        }
        Err(_) => {
            drop(single);
            let answer = Err(AskError::Unknown { why: Unknown::ShutDown, keyed: false });
            count(target.kind.counters.here(), &answer);
            shared.settled();
            return Entered::Answered(answer);
        }
    };
    count(target.kind.counters.here(), &answer);
    if let Err(message) = caught(|| single.end()) {
        tracing::error!(aggregate = A::NAME, %message, "what came after a command panicked");
    }
    shared.settled();
    Entered::Answered(answer)
}

/// What has become of a command that was decided by itself.
enum Judgement<R, E> {
    Told(Result<Receipt<R>, E>),
    Failed(Cause),
    Submitted { reply: R, events: u32 },
}

fn judge_alone<A: Decide<C>, C>(
    single: &mut Single<A>,
    command: &C,
    name: &'static str,
) -> Judgement<A::Reply, A::Rejection> {
    match single.decide(command, name) {
        Ok(Ok(reply)) => match single.commit(name) {
            Committed::At(position) => {
                Judgement::Told(Ok(Receipt { reply, position, repeated: false }))
            }
            Committed::Failed(cause) => Judgement::Failed(cause),
            Committed::Submitted { events } => Judgement::Submitted { reply, events },
        },
        Ok(Err(rejection)) => Judgement::Told(Err(rejection)),
        Err(cause) => Judgement::Failed(cause),
    }
}

fn get_in<A: Decide<C>, C: Send + 'static>(
    asked: &Arc<Asked<A, C>>,
    admission: Admission,
    waker: &Waker,
) -> Result<Option<Attending<A>>, Cause> {
    let target = &asked.target;
    let config = &target.kind.shared.config;
    let put = target.put(|cell| cell.admit(asked.clone(), admission, waker));
    put.map_err(Cause::InvalidId)?.map_err(|why| match why {
        NotAdmitted::Full => Cause::MailboxFull { capacity: config.mailbox_commands },
        NotAdmitted::Overloaded => Cause::Overloaded { most: config.waiting_aggregates },
        NotAdmitted::ShutDown | NotAdmitted::Stored => Cause::ShutDown,
    })
}

/// A caller waiting for its answer. Dropped before there is one, it gives the command up.
struct Waiting<A: Decide<C>, C: Send + 'static> {
    /// None once it has its answer.
    asked: Option<Arc<Asked<A, C>>>,
    /// While the caller polls for the journal's answer.
    attending: Option<Attending<A>>,
}

impl<A: Decide<C>, C: Send + 'static> Waiting<A, C> {
    fn poll(&mut self, cx: &Context<'_>) -> Poll<Answer<A, C>> {
        let Some(asked) = &self.asked else { return Poll::Pending };
        let answer = poll_answer(&asked.reply, &mut self.attending, cx);
        if answer.is_ready() {
            self.asked = None;
        }
        answer
    }
}

impl<A: Decide<C>, C: Send + 'static> Drop for Waiting<A, C> {
    fn drop(&mut self) {
        let Some(asked) = self.asked.take().filter(|asked| asked.give_up()) else { return };
        let Target { kind, id, .. } = &*asked.target;
        if let Some(cell) = kind.registry.get(id) {
            cell.given_up();
        }
    }
}

/// Polls for the journal's answer for as long as the caller attends to that, and for its own.
pub(super) fn poll_answer<A: Aggregate, T>(
    reply: &Reply<T>,
    attending: &mut Option<Attending<A>>,
    cx: &Context<'_>,
) -> Poll<T> {
    if let Some(attends) = attending {
        // It is not woken by what it does itself.
        reply.wakes_nobody();
        if !attends.poll(cx.waker()) {
            *attending = None;
        }
    }
    reply.poll(cx)
}

/// A turn may be run here and now: after some of them others on the same thread have theirs.
pub(super) fn others_had_theirs(cx: &mut Context<'_>) -> Poll<()> {
    poll_proceed(cx).map(|budget| budget.made_progress())
}
