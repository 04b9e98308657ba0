//! Actors: they run a live aggregate, or work for a policy or an effect. The only file that knows kameo.
//!
//! kameo gives the task a life cycle and makes it killable; mailbox, admission and accounting are
//! the [cell](crate::cell)'s. Nothing is ever sent through kameo's own mailbox, no actor is
//! registered, linked, supervised, restarted or asked to stop, so what loses messages there cannot
//! lose any here. An actor ends in one of three ways: its cell lets it go, it is killed, or its
//! executor is gone. In each of them it is dropped, and the cell takes over from there.

use std::convert::Infallible;
#[cfg(feature = "fault-injection")]
use std::sync::Arc;

use bailiwick_core::BoxFuture;
use kameo::Actor;
use kameo::actor::{ActorRef, PreparedActor, WeakActorRef};
use kameo::mailbox::{self, MailboxReceiver, Signal};

use crate::context::RuntimeContext;
use crate::context::tasks::Task;

/// An actor that has not begun yet.
pub(crate) struct Prepared<'a> {
    shared: &'a RuntimeContext,
    actor: PreparedActor<Host>,
    task: Task,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(shared: &'a RuntimeContext) -> Self {
        let task = shared.tasks.begin();
        Prepared { shared, actor: PreparedActor::new(mailbox::bounded(1)), task }
    }

    /// Runs what `begins` to its end. That is dropped with the actor, in whatever way it ends; if its
    /// executor is gone, before it has begun.
    pub(crate) fn run(self, begins: impl FnOnce() -> BoxFuture<()> + Send + 'static) {
        let Prepared { shared, actor, task } = self;
        shared.environment.spawner.spawn(Box::pin(async move {
            let host = Host { work: begins(), _task: task };
            drop(actor.run(host).await);
        }));
    }

    #[cfg(feature = "fault-injection")]
    pub(crate) fn kill(&self) -> Kill {
        let actor = self.actor.actor_ref().clone();
        Kill(Arc::new(move || actor.kill()))
    }
}

/// One type whatever it runs: so that kameo is compiled once.
struct Host {
    work: BoxFuture<()>,
    /// The last of all to be dropped.
    _task: Task,
}

impl Actor for Host {
    type Args = Self;
    type Error = Infallible;

    fn name() -> &'static str {
        "bailiwick"
    }

    async fn on_start(host: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(host)
    }

    /// Ends with the work.
    async fn next(
        &mut self,
        _: WeakActorRef<Self>,
        _: &mut MailboxReceiver<Self>,
    ) -> Result<Option<Signal<Self>>, Infallible> {
        self.work.as_mut().await;
        Ok(None)
    }
}

/// Kills an actor from outside, as a test does.
#[cfg(feature = "fault-injection")]
#[derive(Clone)]
pub(crate) struct Kill(Arc<dyn Fn() + Send + Sync>);

#[cfg(feature = "fault-injection")]
impl Kill {
    pub(crate) fn now(&self) {
        (self.0)();
    }
}
