//! A cell: one aggregate in memory. What is known of it, and, while there is something to do, its
//! inbox; both behind one small lock.
//!
//! 1. The queue belongs to the cell. Who brings work to a cell with nothing to do runs its turn
//!    ([`inline`]); if it then waits for the journal, its caller polls for the answer ([`attend`]).
//!    Whatever comes beside that, or a caller that goes away or does not poll, gets an actor, and an
//!    actor that ends in any way hands the cell back: while there is work, another one is attached. So
//!    nothing is lost with whoever runs it. [`lifecycle`] is the whole table of these comings and goings.
//! 2. One at a time runs turns, and takes the life of the cell out of the lock to do so
//!    ([`Life::Out`]): turns of one aggregate never overlap, and the domain's code never runs
//!    under this lock.
//! 3. Between two polls of whoever runs it everything is in the cell: state, running appends, decided
//!    commands. An actor killed from outside, or a caller that is dropped, takes nothing with it.
//! 4. A cell is stored (leaves the registry) only with nothing to do and nothing undurable. Who still
//!    holds it looks again, and finds its successor, or makes one. One that a reference remembers is
//!    its own successor: it comes back with nothing known.

pub(crate) mod actor;

mod admit;
mod answers;
mod append;
mod attachment;
mod attend;
mod batch;
mod beside;
mod drive;
mod due;
mod encode;
mod folding;
mod hint;
mod hold;
mod inbox;
mod inline;
mod judge;
mod life;
mod lifecycle;
mod load;
mod queue;
mod readers;
mod reading;
mod record;
mod rest;
mod settle;
mod single;
mod snapshot;
mod tools;
mod turn;
mod waiters;
mod work;

use std::sync::Arc;

use bailiwick_core::{Aggregate, InvalidTag};
use parking_lot::MutexGuard;

pub(crate) use admit::NotAdmitted;
pub(crate) use attend::Attending;
pub(crate) use folding::fold_one;
pub(crate) use hold::Hold;
pub(crate) use inbox::Scope;
pub(crate) use single::{Committed, Single};
pub(crate) use tools::ToolsPool;

use crate::context::{Lock, Stage};
use crate::environment::time::Moment;
use crate::passivation::CacheEntry;
use crate::registry::aggregate_type::AggregateType;
use crate::telemetry::log::Of;
use actor::Prepared;
use attachment::Attachment;
use drive::Drive;
use encode::Tools;
use hint::Hint;
use inbox::Inbox;
use life::Life;
use lifecycle::{Act, Input, Phase};

pub(crate) struct Cell<A: Aggregate> {
    kind: Arc<AggregateType<A>>,
    id: A::Key,
    hint: Hint,
    core: Lock<Core<A>>,
}

struct Core<A: Aggregate> {
    life: Life<A>,
    /// Only while it has an actor or work: a resting cell is to be small.
    inbox: Option<Box<Inbox<A>>>,
    /// When there was last something to do.
    busy_at: Moment,
    /// How many actors and callers have run its turns so far; tells one from those before it.
    attachments: u32,
    phase: Phase,
    /// A reference remembers it, or did.
    remembered: bool,
    /// It keeps its inbox though there is nothing to do, and is in the queue of those who do.
    warm: bool,
    /// It is in the list of those who are looked at when a caller does not poll.
    watched: bool,
    /// Where it rests, or would.
    cache_entry: CacheEntry,
}

impl<A: Aggregate> Cell<A> {
    pub(crate) fn new(kind: Arc<AggregateType<A>>, id: A::Key) -> Result<Self, InvalidTag> {
        let inbox = Inbox::new(kind.scope(&id)?);
        let core = Core {
            life: Life::Unloaded,
            inbox: Some(Box::new(inbox)),
            busy_at: Moment::BEGIN,
            attachments: 0,
            phase: Phase::Idle,
            remembered: false,
            warm: false,
            watched: false,
            cache_entry: CacheEntry::default(),
        };
        Ok(Cell { kind, id, hint: Hint::idle(), core: Lock::new(core) })
    }

    /// Whom the log names.
    fn named(&self) -> Of<'_> {
        Of { aggregate: A::NAME, id: &self.id }
    }

    /// Takes the step that the table gives, and does what it says. The lock is let go before
    /// anything foreign is called: a waker, an executor, a destructor.
    fn step(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>, input: Input) -> Phase {
        let (phase, act) = core.phase.after(input);
        core.phase = phase;
        self.hint.is_idle(phase == Phase::Idle);
        #[cfg(feature = "fault-injection")]
        if !phase.is_driven()
            && let Some(inbox) = &mut core.inbox
        {
            // Its actor is gone, and is not there to be killed any more.
            inbox.kill = None;
        }
        match act {
            Act::Nothing | Act::Park | Act::Queue => {}
            Act::Attach => self.attach(core),
            Act::Wake => self.wake_actor(core),
            Act::Rest => self.rest(core),
            Act::Store => self.store(core),
            Act::Close => self.close(core),
        }
        phase
    }

    fn attach(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        core.attachments = core.attachments.wrapping_add(1);
        let number = core.attachments;
        let scope = self.inbox(&mut core).scope.clone();
        // Who attended to it does so no more, and waits for an answer alone.
        let attended = core.inbox.as_mut().and_then(|inbox| inbox.parked.take());
        // Spawning may run other code: a dropped task's, if the executor is gone.
        drop(core);
        match self.kind.shared.journal() {
            Some(journal) => self.attach_actor(number, Tools::new(scope, journal)),
            // The runtime is closed just now: nothing will ever run here again.
            None => self.detached(number, false),
        }
        if let Some(waker) = attended {
            waker.wake();
        }
    }

    fn attach_actor(self: &Arc<Self>, number: u32, tools: Tools<A>) {
        let actor = Prepared::new(&self.kind.shared);
        #[cfg(feature = "fault-injection")]
        self.set_kill(number, actor.kill());
        let attachment = Attachment::new(self.clone(), number, tools);
        actor.run(|| attachment.begin());
    }

    fn wake_actor(&self, mut core: MutexGuard<'_, Core<A>>) {
        #[cfg(feature = "fault-injection")]
        if self.kind.shared.sabotaged(crate::sabotage::Sabotage::LostWakeup) {
            return;
        }
        let waker = core.inbox.as_mut().and_then(|inbox| inbox.parked.take());
        drop(core);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The inbox; made if there is none.
    fn inbox<'a>(&self, core: &'a mut Core<A>) -> &'a mut Inbox<A> {
        core.inbox.get_or_insert_with(|| {
            let scope = self.kind.scope(&self.id).expect("checked when the cell was made");
            Box::new(Inbox::new(scope))
        })
    }

    /// Who ran its turns, the `number`th to do so, is gone, in whatever way. `ran`: it did so at least once.
    pub(crate) fn detached(self: &Arc<Self>, number: u32, ran: bool) {
        let mut core = self.core.lock();
        if core.attachments != number || !core.phase.is_driven() {
            return;
        }
        if matches!(core.life, Life::Out) {
            // Its turn panicked in our own code. What it held got its outcomes when it was
            // dropped; the state is rebuilt.
            core.life = Life::Unloaded;
            self.kind.deadlines.adopt(&self.id);
        }
        let left = core.inbox.as_mut().map(|inbox| inbox.actor_is_gone());
        let (work, keep) = (core.has_work(), core.is_to_be_kept());
        self.step(core, Input::Gone { ran, work, keep });
        // The lock first: what is dropped is the domain's.
        drop(left);
    }

    /// Meets a change of the runtime's stage: afterwards nothing new is admitted, and nobody waits
    /// for room any more.
    pub(crate) fn meet(self: &Arc<Self>, stage: Stage) {
        let mut core = self.core.lock();
        if stage == Stage::Closed {
            self.step(core, Input::Closes);
        } else {
            let gone = core.inbox.as_mut().map(|inbox| inbox.queue.close());
            drop(core);
            drop(gone);
        }
    }

    /// Gives everything an outcome and takes no more. A turn that is running just now does the
    /// same with what it holds when it finds the cell closed.
    fn close(&self, mut core: MutexGuard<'_, Core<A>>) {
        let mut inbox = core.inbox.take();
        let life = match &core.life {
            Life::Out => None,
            _ => Some(std::mem::replace(&mut core.life, Life::Unloaded)),
        };
        drop(core);
        self.kind.registry.remove_closed(&self.id, self);
        let waker = inbox.as_mut().and_then(|inbox| inbox.parked.take());
        // What is dropped without an outcome gets one: given back, or unknown if it was submitted.
        drop(life);
        self.clear(inbox);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<A: Aggregate> Core<A> {
    /// Others may have written something since this was read.
    fn doubt(&mut self) {
        if let Some(inbox) = self.inbox.as_mut().filter(|inbox| inbox.unsure)
            && let Some(known) = self.life.known()
        {
            (known.unsure, inbox.unsure) = (true, false);
        }
    }

    /// Whether a decision holds it, or waits to.
    fn is_held(&self) -> bool {
        self.inbox.as_ref().is_some_and(|inbox| inbox.queue.is_held())
    }

    /// Whether there is something to do, or to wait for.
    fn has_work(&self) -> bool {
        self.inbox.as_ref().is_some_and(|inbox| inbox.has_work()) || self.life.is_busy()
    }

    /// Whether it stays in memory with nothing to do.
    fn is_to_be_kept(&self) -> bool {
        self.life.is_worth_keeping() || self.is_held()
    }
}

#[cfg(feature = "fault-injection")]
impl<A: Aggregate> Cell<A> {
    fn set_kill(&self, number: u32, kill: actor::Kill) {
        let mut core = self.core.lock();
        if core.attachments == number
            && let Some(inbox) = &mut core.inbox
        {
            inbox.kill = Some(kill);
        }
    }

    /// Kills the actor from outside, as a test does.
    pub(crate) fn kill(&self) -> bool {
        let core = self.core.lock();
        let kill = core.inbox.as_ref().and_then(|inbox| inbox.kill.clone());
        drop(core);
        kill.map(|kill| kill.now()).is_some()
    }
}
