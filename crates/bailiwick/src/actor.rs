//! The actor that runs a live aggregate. The only file that knows kameo.
//!
//! kameo gives the task a life cycle and makes it killable; mailbox, admission and accounting are
//! the [cell](crate::cell)'s. Nothing is ever sent through kameo's own mailbox, no actor is
//! registered, linked, supervised, restarted or asked to stop, so what loses messages there cannot
//! lose any here. An actor ends in one of three ways: its cell lets it go, it is killed, or its
//! executor is gone. In each of them it is dropped, and the cell takes over from there.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bailiwick_core::Aggregate;
use kameo::Actor;
use kameo::actor::{ActorRef, PreparedActor, WeakActorRef};
use kameo::mailbox::{self, MailboxReceiver, Signal};

use crate::cell::{Cell, Drive, Ground, Tools};
use crate::tasks::Task;

/// Attaches the actor `number` to a cell.
pub(crate) fn attach<A: Aggregate>(cell: Arc<Cell<A>>, number: u32, ground: Arc<Ground>) {
    let shared = cell.shared().clone();
    // Else the runtime is closed just now: nothing will ever run here again.
    let Some(journal) = shared.journal() else { return cell.detached(number, false) };
    let task = shared.tasks.begin();
    let prepared = PreparedActor::<Host<A>>::new(mailbox::bounded(1));
    #[cfg(feature = "fault-injection")]
    cell.set_kill(number, Kill::of(prepared.actor_ref().clone()));
    let host = Host { cell, number, tools: Tools::new(ground, journal), ran: false, _task: task };
    shared.seams.spawner.spawn(Box::pin(async move {
        // It reports its end by being dropped.
        drop(prepared.run(host).await);
    }));
}

struct Host<A: Aggregate> {
    cell: Arc<Cell<A>>,
    number: u32,
    tools: Tools<A>,
    ran: bool,
    /// The last of all to be dropped.
    _task: Task,
}

impl<A: Aggregate> Actor for Host<A> {
    type Args = Self;
    type Error = Infallible;

    fn name() -> &'static str {
        A::NAME
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
        poll_fn(|cx| match self.cell.drive(self.number, &mut self.tools, cx) {
            Drive::Park => Poll::Pending,
            Drive::Yield => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Drive::Leave => Poll::Ready(Ok(None)),
        })
        .await
    }
}

impl<A: Aggregate> Drop for Host<A> {
    fn drop(&mut self) {
        self.cell.detached(self.number, self.ran);
    }
}

/// Kills an actor from outside, as a test does.
#[cfg(feature = "fault-injection")]
#[derive(Clone)]
pub(crate) struct Kill(Arc<dyn Fn() + Send + Sync>);

#[cfg(feature = "fault-injection")]
impl Kill {
    fn of<A: Aggregate>(actor: ActorRef<Host<A>>) -> Self {
        Kill(Arc::new(move || actor.kill()))
    }

    pub(crate) fn now(&self) {
        (self.0)();
    }
}
