//! Rest: a cell with nothing to do loses its actor first, and then its place in memory.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Aggregate;
use parking_lot::MutexGuard;

use super::desk::Desk;
use super::life::Life;
use super::phase::{Input, Phase};
use super::{Cell, Core};
use crate::context::Stage;
use crate::environment::time::Moment;
use crate::error::panic_message;
use crate::passivation::{Look, Rests, Seen};

/// How often an actor that is at work is looked at, at most, while it is in the queue of those who
/// linger.
const BUSY_LOOK: Duration = Duration::from_millis(10);

impl<A: Aggregate> Cell<A> {
    /// Its actor has nothing to do: sees to it that it leaves in time.
    pub(super) fn linger(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        if std::mem::replace(&mut core.lingers, true) {
            return;
        }
        let now = core.busy_at;
        drop(core);
        let at = now + self.kind.shared.config.linger;
        self.kind.rest.push_lingering(now, at, self.clone());
        self.forsake();
    }

    /// It has neither an actor nor work: sees to it that it is stored in time.
    pub(super) fn rest(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        let rest = &self.kind.rest;
        let desk = core.desk.take();
        let now = core.busy_at;
        let standing = &mut core.standing;
        if standing.is_queued() {
            // However much it did: what comes close together is one use.
            standing.was_used();
            drop(core);
            return self.clear(desk);
        }
        let at = now + self.kind.shared.config.idle;
        let first = rest.push_resting(at, self.clone(), standing, rest.hash(&self.id));
        drop(core);
        self.clear(desk);
        rest.make_room(now, &*self.kind, first);
        self.forsake();
    }

    /// Its actor is about to leave: sees how much it holds, and asks the state. Only while nobody else can
    /// change it, and not under the lock: this is the domain's code.
    pub(super) fn weigh(&self, life: &mut Life<A>) {
        let heap = life.known().map_or(0, |known| {
            let asked = catch_unwind(AssertUnwindSafe(|| known.state.heap_bytes()));
            let state = asked.unwrap_or_else(|panic| {
                let message = panic_message(&*panic);
                self.named().panicked("`heap_bytes`", &message);
                0
            });
            state.saturating_add(known.answers.as_ref().map_or(0, |answers| answers.bytes()))
        });
        let heap = u32::try_from(heap).unwrap_or(u32::MAX);
        let rest = &self.kind.rest;
        let over = rest.weigh(&mut self.core.lock().standing, heap);
        if over {
            rest.make_room(self.kind.shared.time.recent(), &*self.kind, false);
        }
    }

    /// Once the runtime is closed nobody looks after its queues any more.
    fn forsake(&self) {
        if self.kind.shared.stage() == Stage::Closed {
            self.kind.rest.clear();
        }
    }

    /// It needs its desk no more. Not under the lock: a permit may go to another cell.
    pub(super) fn clear(&self, desk: Option<Box<Desk<A>>>) {
        let Some(desk) = desk else { return };
        if let Some(entry) = desk.patience {
            self.kind.patience.remove(entry);
        }
        if let Some(ticket) = desk.ticket {
            self.kind.shared.permits.leave(ticket);
        }
    }

    /// Leaves memory, but for the deadline.
    pub(super) fn store(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        let mut life = std::mem::replace(&mut core.life, Life::Unloaded);
        let is_stuck = life.is_stuck();
        if let Some(known) = life.known() {
            if !is_stuck && !known.unsure && !self.is_put_off(known) {
                self.kind.deadlines.set(&mut known.slot, &self.id, known.deadline);
            }
            self.kind.deadlines.leave(known.slot.take());
        }
        let desk = core.desk.take();
        self.kind.registry.remove_stored(&self.id, self, core.remembered);
        drop(core);
        self.clear(desk);
        self.leaves_memory(life);
    }

    /// Sees to it that this cell, and no other, is there whenever its ID is called. Fails if it has
    /// left memory. For as long as somebody holds it: from then on it is forgotten.
    pub(crate) fn be_remembered(&self) -> bool {
        let mut core = self.core.lock();
        core.remembered |= !core.phase.is_over();
        !core.phase.is_over()
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let core = self.core.lock();
        core.desk.is_none() && matches!(core.life, Life::Unloaded)
    }

    /// Comes back into memory, with nothing known, if it was stored.
    pub(crate) fn come_back(self: &Arc<Self>) {
        let core = self.core.lock();
        if core.phase == Phase::Stored && self.kind.registry.put_back(&self.id, self) {
            self.step(core, Input::ComesBack);
        }
    }
}

impl<A: Aggregate> Drop for Cell<A> {
    fn drop(&mut self) {
        if self.core.get_mut().remembered {
            self.kind.registry.forget(&self.id, self);
        }
    }
}

impl<A: Aggregate> Rests for Cell<A> {
    fn tire(self: Arc<Self>, now: Moment, at_once: bool) -> Option<Moment> {
        let linger = self.kind.shared.config.linger;
        let mut core = self.core.lock();
        match core.phase {
            Phase::Lingering if at_once || now.since(core.busy_at) >= linger => {
                core.lingers = false;
                self.step(core, Input::Tires);
                None
            }
            Phase::Lingering => Some(core.busy_at + linger),
            Phase::Working | Phase::Waiting | Phase::Leaving => Some(now + linger.max(BUSY_LOOK)),
            Phase::Resting | Phase::Queued | Phase::Stored | Phase::Closed => {
                core.lingers = false;
                None
            }
        }
    }

    fn retire(self: Arc<Self>, look: Look<Arc<dyn Rests>>, now: Moment) -> bool {
        let (rest, idle) = (&self.kind.rest, self.kind.shared.config.idle);
        let hash = rest.hash(&self.id);
        let mut core = self.core.lock();
        let seen = match core.phase {
            // Else its decisions would have no turns with the one that comes after it.
            Phase::Resting if core.is_held() => Seen::AtWork,
            Phase::Resting if now.since(core.busy_at) >= idle => Seen::Expired,
            Phase::Resting => Seen::Resting((core.busy_at + idle).as_millis()),
            _ => Seen::AtWork,
        };
        let gone = rest.judge(look, &mut core.standing, seen, hash);
        let gives_way = gone.is_some() && core.phase == Phase::Resting;
        if gives_way {
            self.step(core, Input::Expires);
        }
        gives_way
    }
}
