//! Holding: while a decision that concerns an aggregate has its turn, the aggregate decides nothing.
//! So they take turns instead of running into each other's conditions.
//!
//! 1. Whoever came first goes first: a decision waits in the [queue](super::queue) of the cell, in its place among
//!    the commands. What is under way, and what was asked before, comes to its end before the cell is
//!    held; what is asked later is decided when it is let go.
//! 2. Several may hold a cell at once: their decisions have nothing in common.
//! 3. Reads are served meanwhile.
//! 4. Who holds several cells asks for one after the other in one order, which is that of all: so
//!    nobody waits in a circle.
//!
//! It spares conflicts and does nothing else: the condition of the append stays the truth. Only a
//! cell in memory can be held, and as long as it is held it stays there.

use std::future::ready;
use std::sync::Arc;

use bailiwick_core::{Aggregate, BoxFuture};
use tokio::sync::oneshot;

use super::life::Life;
use super::lifecycle::{Input, Phase};
use super::{Cell, Core};

/// A cell that is held. Dropping it lets the cell go.
pub(crate) struct Hold(#[expect(dead_code, reason = "it is there to be dropped")] Box<dyn Send>);

struct Held<A: Aggregate>(Arc<Cell<A>>);

impl<A: Aggregate> Drop for Held<A> {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

/// Those who hold a cell from now on. To be dropped, which tells them, once the cell is unlocked.
pub(super) struct Granted<A: Aggregate> {
    to: Option<Arc<Cell<A>>>,
    waiting: Vec<oneshot::Sender<Hold>>,
}

impl<A: Aggregate> Drop for Granted<A> {
    fn drop(&mut self) {
        let Some(cell) = &self.to else { return };
        for waiting in self.waiting.drain(..) {
            // Whoever does not wait any more lets it go.
            drop(waiting.send(Hold(Box::new(Held(cell.clone())))));
        }
    }
}

impl<A: Aggregate> Cell<A> {
    /// Holds the cell as soon as nothing of it is under way and nothing that came before waits. The future gives nothing if the cell
    /// has left memory.
    pub(crate) fn hold(self: &Arc<Self>) -> BoxFuture<Option<Hold>> {
        let mut core = self.core.lock();
        if core.phase.is_over() {
            return Box::pin(ready(None));
        }
        let under_way = core.life.is_under_way();
        let queue = &mut self.inbox(&mut core).queue;
        if !under_way && queue.hold_now() {
            drop(core);
            return Box::pin(ready(Some(Hold(Box::new(Held(self.clone()))))));
        }
        let (granted, held) = oneshot::channel();
        queue.hold_later(granted);
        if core.phase == Phase::Attended {
            // Not for as long as a caller does not poll.
            self.step(core, Input::Work);
        }
        Box::pin(async move { held.await.ok() })
    }

    /// Lets those who wait hold the cell, if it is their turn.
    pub(super) fn grant(self: &Arc<Self>, core: &mut Core<A>) -> Granted<A> {
        let mut granted = Granted { to: None, waiting: Vec::new() };
        if let Some(inbox) = &mut core.inbox
            && inbox.queue.is_held()
            && !core.life.is_under_way()
        {
            granted = Granted { to: Some(self.clone()), waiting: inbox.queue.grant() };
        }
        granted
    }

    fn let_go(self: &Arc<Self>) {
        let mut core = self.core.lock();
        let Some(inbox) = &mut core.inbox else { return };
        inbox.queue.let_go();
        let granted = self.grant(&mut core);
        match core.phase {
            // It has work now, or nothing to wait for any more.
            Phase::Waiting => {
                self.step(core, Input::Work);
            }
            Phase::Attended => self.may_go_on(core),
            // It was not stored as long as it was held.
            Phase::Idle if core.is_to_be_kept() => self.rest(core),
            Phase::Idle => {
                self.step(core, Input::Expires);
            }
            _ => self.withdrawn(core),
        }
        drop(granted);
    }
}

impl<A: Aggregate> Life<A> {
    /// Whether something was decided, or is just being decided, that has not come to its end.
    fn is_under_way(&self) -> bool {
        match self {
            Life::Out => true,
            Life::Live(live) => live.is_under_way(),
            Life::Loading(loading) => !loading.again.is_empty(),
            Life::Unloaded | Life::Quiet(_) | Life::Behind(_) | Life::Faulted(_) => false,
        }
    }
}
