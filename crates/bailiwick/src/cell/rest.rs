//! Rest: a cell with nothing to do loses its actor first, and then its place in memory.

use std::sync::Arc;

use bailiwick_core::{Aggregate, Timestamp};
use parking_lot::MutexGuard;

use super::desk::Desk;
use super::life::Life;
use super::phase::{Input, Phase};
use super::{Cell, Core};
use crate::shared::Stage;

/// In which queues a cell is; in each at most once.
#[derive(Default)]
pub(super) struct Queued {
    lingering: bool,
    resting: bool,
}

impl<A: Aggregate> Cell<A> {
    /// Its actor has nothing to do: sees to it that it leaves in time.
    pub(super) fn linger(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        if std::mem::replace(&mut core.queued.lingering, true) {
            return;
        }
        let at = core.busy_at + self.kind.shared.config.linger;
        drop(core);
        self.kind.rest.push_lingering(at, self.clone());
        self.forsake();
    }

    /// It has neither an actor nor work: sees to it that it is stored in time.
    pub(super) fn rest(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        let desk = core.desk.take();
        let known = std::mem::replace(&mut core.queued.resting, true);
        let at = core.busy_at + self.kind.shared.config.idle;
        drop(core);
        self.clear(desk);
        if !known {
            self.kind.rest.push_resting(at, self.clone());
            self.forsake();
        }
    }

    /// Once the runtime is closed nobody looks after its queues any more.
    fn forsake(&self) {
        if self.kind.shared.stage() == Stage::Closed {
            self.kind.rest.clear();
        }
    }

    fn clear(&self, desk: Option<Box<Desk<A>>>) {
        if let Some(entry) = desk.as_ref().and_then(|desk| desk.patience) {
            self.kind.patience.remove(entry);
        }
    }

    /// Lets an actor that has lingered for long go, or at once if too many linger. Returns when to
    /// look again, if at all.
    pub(crate) fn tire(self: &Arc<Self>, now: Timestamp, at_once: bool) -> Option<Timestamp> {
        let linger = self.kind.shared.config.linger;
        let mut core = self.core.lock();
        match core.phase {
            Phase::Lingering if at_once || now.since(core.busy_at) >= linger => {
                core.queued.lingering = false;
                self.step(core, Input::Tires);
                None
            }
            Phase::Lingering => Some(core.busy_at + linger),
            Phase::Working | Phase::Waiting | Phase::Leaving => Some(now + linger),
            Phase::Resting | Phase::Stored | Phase::Closed => {
                core.queued.lingering = false;
                None
            }
        }
    }

    /// Stores a cell that has rested for long; or, if too many rest, one that has had nothing to do
    /// since it was queued for `due_by`. Returns when to look again, if at all.
    pub(crate) fn retire(
        self: &Arc<Self>,
        now: Timestamp,
        due_by: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let idle = self.kind.shared.config.idle;
        let core = self.core.lock();
        match core.phase {
            Phase::Resting
                if now.since(core.busy_at) >= idle
                    || due_by.is_some_and(|due_by| core.busy_at + idle <= due_by) =>
            {
                self.step(core, Input::Expires);
                None
            }
            Phase::Resting => Some(core.busy_at + idle),
            Phase::Working | Phase::Waiting | Phase::Lingering | Phase::Leaving => Some(now + idle),
            Phase::Stored | Phase::Closed => None,
        }
    }

    /// Leaves memory, but for the deadline.
    pub(super) fn store(&self, mut core: MutexGuard<'_, Core<A>>) {
        let wake_at = core.life.wake_at();
        let mut life = std::mem::replace(&mut core.life, Life::Unloaded);
        if let (Some(at), Some(known)) = (wake_at, life.known()) {
            let mut slot = known.slot.take();
            self.kind.deadlines.set(&mut slot, &self.id, at);
            self.kind.deadlines.leave(slot);
        }
        let desk = core.desk.take();
        drop(core);
        self.kind.registry.remove(&self.id, self);
        self.clear(desk);
        drop(life);
    }
}
