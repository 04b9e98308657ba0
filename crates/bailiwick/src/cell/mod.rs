//! A cell: one aggregate in memory. Its state, its mailbox and its flags, behind one small lock.
//!
//! 1. The mailbox belongs to the cell, not to an actor. Whoever leaves work in a cell without an
//!    actor attaches one; an actor that ends in any way hands the cell back and, while there is
//!    work, another is attached. So nothing is lost with an actor.
//! 2. Only the attached actor runs turns, and it takes the life of the cell out of the lock to do
//!    so ([`Life::Out`]): turns of one aggregate never overlap, and the domain's code never runs
//!    under a lock.
//! 3. Between two polls of the actor everything is in the cell: state, running appends, decided
//!    commands. An actor killed from outside takes nothing with it.
//! 4. A cell is stored (leaves the registry) only with nothing to do and nothing undurable. It is
//!    marked first: who still holds it looks again and finds, or makes, its successor.

mod admit;
mod drive;
mod judge;
mod lapse;
mod life;
mod load;
mod settle;

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use bailiwick_core::{Aggregate, InvalidTag, Key, Tags, Timestamp};
use tokio::sync::Semaphore;

pub(crate) use admit::NotAdmitted;
pub(crate) use drive::Drive;
use life::Life;

use crate::actor;
use crate::entry::Entry;
use crate::glance::Reader;
use crate::kind::Kind;
use crate::patience;
use crate::seams::Spawn;
use crate::shared::{Lock, Stage};

pub(crate) struct Cell<A: Aggregate> {
    kind: Arc<Kind<A>>,
    id: A::Key,
    tags: Tags,
    /// One permit per free place in the mailbox.
    places: Semaphore,
    core: Lock<Core<A>>,
}

struct Core<A: Aggregate> {
    mailbox: VecDeque<Entry<A>>,
    readers: VecDeque<Reader<A>>,
    /// The deadline index has called.
    due: bool,
    life: Life<A>,
    actor: Option<Attached>,
    /// How many actors were attached so far; tells an actor from those before it.
    attachments: u64,
    /// When there was last something to do.
    busy_at: Timestamp,
    /// When the time-outs of callers are to be looked at; see [`crate::patience`].
    patience: Option<patience::Entry>,
    /// Whether the rest queue knows this cell.
    resting: bool,
    gone: Option<Gone>,
}

/// Why a cell takes no more work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gone {
    /// It was stored: look in the registry again.
    Stored,
    /// The runtime is closed.
    Closed,
}

/// The actor of a cell.
struct Attached {
    number: u64,
    /// Set while the actor waits for something to do.
    parked: Option<Waker>,
    /// It is asked to leave if there is still nothing to do.
    leave: bool,
    #[cfg(feature = "fault-injection")]
    kill: Option<actor::Kill>,
}

impl<A: Aggregate> Cell<A> {
    pub(crate) fn new(kind: Arc<Kind<A>>, id: A::Key) -> Result<Self, InvalidTag> {
        let tags = Key::tags(&id)?;
        let places = kind.shared.config.mailbox_commands.get().min(Semaphore::MAX_PERMITS);
        let places = Semaphore::new(places);
        let core = Core {
            mailbox: VecDeque::new(),
            readers: VecDeque::new(),
            due: false,
            life: Life::Unloaded,
            actor: None,
            attachments: 0,
            busy_at: Timestamp::EPOCH,
            patience: None,
            resting: false,
            gone: None,
        };
        Ok(Cell { kind, id, tags, places, core: Lock::new(core) })
    }

    pub(crate) fn spawner(&self) -> Arc<dyn Spawn> {
        self.kind.shared.seams.spawner.clone()
    }

    /// Called with work in the cell: sees to it that an actor will find it.
    ///
    /// The lock is let go first, because spawning may run other code (a dropped task's, if the
    /// executor is gone).
    fn rouse(self: &Arc<Self>, mut core: parking_lot::MutexGuard<'_, Core<A>>) {
        match &mut core.actor {
            Some(attached) => {
                #[cfg(feature = "fault-injection")]
                if self.kind.shared.sabotaged(crate::Sabotage::LostWakeup) {
                    return;
                }
                let waker = attached.parked.take();
                drop(core);
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
            None => {
                core.attachments += 1;
                let number = core.attachments;
                core.actor = Some(Attached {
                    number,
                    parked: None,
                    leave: false,
                    #[cfg(feature = "fault-injection")]
                    kill: None,
                });
                drop(core);
                actor::attach(self.clone(), number);
            }
        }
    }

    /// The actor `number` is gone, in whatever way. `ran`: it was polled at least once.
    pub(crate) fn detached(self: &Arc<Self>, number: u64, ran: bool) {
        let mut core = self.core.lock();
        if core.actor.as_ref().is_none_or(|attached| attached.number != number) {
            return;
        }
        core.actor = None;
        if matches!(core.life, Life::Out) {
            // Its turn panicked in our own code. What it held got its outcomes when it was
            // dropped; the state is rebuilt.
            core.life = Life::Unloaded;
        }
        if !ran {
            // The executor takes no more tasks: nothing will ever run here again.
            self.close(core);
        } else if core.has_work() {
            self.rouse(core);
        } else {
            self.retire(core);
        }
    }

    /// Without an actor and without work: leaves memory, at once if there is nothing to keep.
    fn retire(self: &Arc<Self>, core: parking_lot::MutexGuard<'_, Core<A>>) {
        if core.life.is_worth_keeping() {
            self.rest(core);
        } else {
            self.store(core);
        }
    }

    /// Has nothing to do: sees to it that it is looked after.
    fn rest(self: &Arc<Self>, mut core: parking_lot::MutexGuard<'_, Core<A>>) {
        if std::mem::replace(&mut core.resting, true) {
            return;
        }
        let at = core.busy_at + self.kind.shared.config.linger;
        drop(core);
        self.kind.rest.push(at, self.clone());
        if self.kind.shared.stage() == Stage::Closed {
            // Nobody looks after it any more.
            self.kind.rest.clear();
        }
    }

    /// Whether there is nothing in it but, perhaps, a durable state.
    fn is_at_rest(core: &Core<A>) -> bool {
        core.actor.is_none() && !core.has_work()
    }

    /// Lets an actor that has had nothing to do since `before` go, or stores the cell if it has
    /// had none for long. Returns whether the cell stays in memory.
    pub(crate) fn tire(self: &Arc<Self>, now: Timestamp) -> bool {
        let config = &self.kind.shared.config;
        let mut core = self.core.lock();
        let rested = now.since(core.busy_at);
        if core.gone.is_some() {
            return false;
        }
        if rested >= config.linger
            && let Some(attached) = &mut core.actor
            && let Some(waker) = attached.parked.take()
        {
            attached.leave = true;
            drop(core);
            waker.wake();
            return true;
        }
        if rested < config.idle || !Self::is_at_rest(&core) {
            return true;
        }
        self.store(core);
        false
    }

    /// Leaves memory, but for the deadline.
    fn store(&self, mut core: parking_lot::MutexGuard<'_, Core<A>>) {
        if let Life::Live(live) = &core.life {
            self.kind.deadlines.set(&self.id, live.wake_at());
        }
        core.gone = Some(Gone::Stored);
        if let Some(entry) = core.patience.take() {
            self.kind.patience.remove(entry);
        }
        let life = std::mem::replace(&mut core.life, Life::Unloaded);
        drop(core);
        self.kind.registry.remove(&self.id, self);
        drop(life);
    }

    /// Meets a change of the runtime's stage: afterwards nothing new is admitted, and nobody waits
    /// at the door any more.
    pub(crate) fn meet(self: &Arc<Self>, stage: Stage) {
        let core = self.core.lock();
        if stage == Stage::Closed {
            self.close(core);
        } else {
            drop(core);
            self.places.close();
        }
    }

    /// Gives everything an outcome and takes no more. A turn that is running just now does the
    /// same with what it holds when it finds the cell closed.
    fn close(&self, mut core: parking_lot::MutexGuard<'_, Core<A>>) {
        core.gone = Some(Gone::Closed);
        let mailbox = std::mem::take(&mut core.mailbox);
        let readers = std::mem::take(&mut core.readers);
        let life = match &core.life {
            Life::Out => None,
            _ => Some(std::mem::replace(&mut core.life, Life::Unloaded)),
        };
        let waker = core.actor.as_mut().and_then(|attached| attached.parked.take());
        drop(core);
        self.places.close();
        self.kind.registry.remove(&self.id, self);
        // What is dropped without an outcome gets one: given back, or unknown if it was submitted.
        drop((life, mailbox, readers));
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<A: Aggregate> Core<A> {
    /// Whether an actor would find something to do, or to wait for.
    fn has_work(&self) -> bool {
        !self.mailbox.is_empty() || !self.readers.is_empty() || self.due || self.life.is_busy()
    }
}

#[cfg(feature = "fault-injection")]
impl<A: Aggregate> Cell<A> {
    pub(crate) fn set_kill(&self, number: u64, kill: actor::Kill) {
        if let Some(attached) = &mut self.core.lock().actor
            && attached.number == number
        {
            attached.kill = Some(kill);
        }
    }

    /// Kills the actor from outside, as a test does.
    pub(crate) fn kill(&self) -> bool {
        let core = self.core.lock();
        let kill = core.actor.as_ref().and_then(|attached| attached.kill.clone());
        drop(core);
        kill.map(|kill| kill.now()).is_some()
    }
}
