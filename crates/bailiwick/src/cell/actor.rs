//! The actors: one that runs a live aggregate, and one that works for a policy or an effect. The only file that knows
//! kameo.
//!
//! kameo gives the task a life cycle and makes it killable; mailbox, admission and accounting are
//! the [cell](crate::cell)'s. Nothing is ever sent through kameo's own mailbox, no actor is
//! registered, linked, supervised, restarted or asked to stop, so what loses messages there cannot
//! lose any here. An actor ends in one of three ways: its cell lets it go, it is killed, or its
//! executor is gone. In each of them it is dropped, and the cell takes over from there.

use std::convert::Infallible;
use std::future::poll_fn;
#[cfg(feature = "fault-injection")]
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::BoxFuture;
use kameo::Actor;
use kameo::actor::{ActorRef, PreparedActor, WeakActorRef};
use kameo::mailbox::{self, MailboxReceiver, Signal};

use crate::cell::Drive;
use crate::context::RuntimeContext;
use crate::context::tasks::Task;

/// What an actor drives, whatever its aggregate: so that kameo is compiled once, and not for every type.
pub(crate) trait Driven: Send {
    fn drive(&mut self, cx: &mut Context<'_>) -> Drive;
    /// The actor is gone, in whatever way. `ran`: it was polled at least once.
    fn detached(&mut self, ran: bool);
    #[cfg(feature = "fault-injection")]
    fn set_kill(&mut self, kill: Kill);
}

/// Attaches an actor.
pub(crate) fn attach(shared: &RuntimeContext, driven: Box<dyn Driven>) {
    let task = shared.tasks.begin();
    let prepared = PreparedActor::<Host>::new(mailbox::bounded(1));
    #[cfg_attr(not(feature = "fault-injection"), expect(unused_mut, reason = "it is not killed"))]
    let mut host = Host { driven, ran: false, _task: task };
    #[cfg(feature = "fault-injection")]
    host.driven.set_kill(Kill::of(prepared.actor_ref().clone()));
    shared.environment.spawner.spawn(Box::pin(async move {
        // It reports its end by being dropped.
        drop(prepared.run(host).await);
    }));
}

/// Runs a worker of a policy or an effect.
pub(crate) fn work(shared: &RuntimeContext, work: BoxFuture<()>) {
    let task = shared.tasks.begin();
    let prepared = PreparedActor::<Worker>::new(mailbox::bounded(1));
    let worker = Worker { work, _task: task };
    shared.environment.spawner.spawn(Box::pin(async move {
        drop(prepared.run(worker).await);
    }));
}

/// Works until it has nothing to do any more.
struct Worker {
    work: BoxFuture<()>,
    /// The last of all to be dropped.
    _task: Task,
}

impl Actor for Worker {
    type Args = Self;
    type Error = Infallible;

    fn name() -> &'static str {
        "reaction"
    }

    async fn on_start(worker: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(worker)
    }

    async fn next(
        &mut self,
        _: WeakActorRef<Self>,
        _: &mut MailboxReceiver<Self>,
    ) -> Result<Option<Signal<Self>>, Infallible> {
        self.work.as_mut().await;
        Ok(None)
    }
}

struct Host {
    driven: Box<dyn Driven>,
    ran: bool,
    /// The last of all to be dropped.
    _task: Task,
}

impl Actor for Host {
    type Args = Self;
    type Error = Infallible;

    fn name() -> &'static str {
        "aggregate"
    }

    async fn on_start(mut host: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        host.ran = true;
        Ok(host)
    }

    /// Drives the cell; ends only when the cell has let this actor go.
    async fn next(
        &mut self,
        _: WeakActorRef<Self>,
        _: &mut MailboxReceiver<Self>,
    ) -> Result<Option<Signal<Self>>, Infallible> {
        poll_fn(|cx| match self.driven.drive(cx) {
            Drive::Park => Poll::Pending,
            Drive::Yield => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Drive::Leave | Drive::Queued => Poll::Ready(Ok(None)),
        })
        .await
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.driven.detached(self.ran);
    }
}

/// Kills an actor from outside, as a test does.
#[cfg(feature = "fault-injection")]
#[derive(Clone)]
pub(crate) struct Kill(Arc<dyn Fn() + Send + Sync>);

#[cfg(feature = "fault-injection")]
impl Kill {
    fn of(actor: ActorRef<Host>) -> Self {
        Kill(Arc::new(move || actor.kill()))
    }

    pub(crate) fn now(&self) {
        (self.0)();
    }
}
