//! Rest: what a cell with nothing to do keeps, and for how long.
//!
//! One that was asked something stays warm for a while: it keeps its inbox. One that was only called for
//! its deadline does not.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Aggregate;
use parking_lot::MutexGuard;

use super::inbox::Inbox;
use super::life::Life;
use super::lifecycle::{Input, Phase};
use super::{Cell, Core};
use crate::context::Stage;
use crate::environment::time::Moment;
use crate::error::caught;
use crate::passivation::{Look, Rests, Seen};
use crate::util::on_drop::OnDrop;

/// How often a cell that is at work is looked at, at most, while it is in the queue of the warm.
const BUSY_LOOK: Duration = Duration::from_millis(10);

impl<A: Aggregate> Cell<A> {
    /// It has nothing to do: sees to it that it cools down, or is stored, in time.
    pub(super) fn rest(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        // Who waited behind something that is not there any more.
        let granted = self.grant(&mut core);
        // It waits for no journal.
        let waited = core.inbox.as_mut().map(|inbox| (inbox.ticket.take(), inbox.permit.take()));
        if core.warm {
            drop(core);
        } else if self.stays_warm(&core) {
            core.warm = true;
            let now = core.busy_at;
            drop(core);
            self.kind.rest.push_warm(now, now + self.kind.shared.config.warm, self.clone());
            self.leave_closed_queues();
        } else {
            self.rest_cold(core);
        }
        // None of it under the lock: others may go on by it.
        if let Some((Some(ticket), _)) = &waited {
            self.kind.shared.permits.leave(*ticket);
        }
        drop(waited);
        drop(granted);
    }

    fn rest_cold(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        let rest = &self.kind.rest;
        let inbox = if core.is_held() { None } else { core.inbox.take() };
        // Of one that cannot be loaded that lies in the future.
        let now = core.busy_at.min(self.kind.shared.time.recent());
        let cache_entry = &mut core.cache_entry;
        if cache_entry.is_queued() {
            // However much it did while it was warm: what comes close together is one use.
            cache_entry.was_used();
            drop(core);
            return self.clear(inbox);
        }
        let at = now + self.kind.shared.config.idle;
        let first = rest.push_resting(at, self.clone(), cache_entry, rest.hash(&self.id));
        drop(core);
        self.clear(inbox);
        rest.make_room(now, &*self.kind, first);
        self.leave_closed_queues();
    }

    /// Whether it is asked again soon, perhaps.
    fn stays_warm(&self, core: &Core<A>) -> bool {
        let known = matches!(core.life, Life::Quiet(_) | Life::Live(_));
        known && core.inbox.as_ref().is_some_and(|inbox| inbox.asked)
    }

    /// Gives up its inbox; asks first how much the state holds, which nobody else can change meanwhile.
    fn cool_down(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        let number = self.begin(&mut core);
        core.warm = false;
        let inbox = core.inbox.take();
        let mut life = std::mem::replace(&mut core.life, Life::Out);
        drop(core);
        let lost = OnDrop::new(|| self.detached(number, true));
        self.clear(inbox);
        let over = self.weigh(&mut life);
        let mut core = self.core.lock();
        lost.disarm();
        if core.phase.is_over() {
            drop(core);
            return drop(life);
        }
        core.life = life;
        core.doubt();
        if core.has_work() {
            drop(core);
            self.detached(number, true);
        } else {
            core.phase = core.phase.after(Input::Idles { keep: true }).0;
            self.hint.is_idle(true);
            self.rest(core);
        }
        if over {
            // What others drop when they leave memory is the domain's: not before this one is at rest.
            self.make_room();
        }
    }

    /// Sees how much it holds, and asks the state. Only while nobody else can
    /// change it, and not under the lock: this is the domain's code. Returns whether others have to
    /// [make room](Self::make_room), once its life is back.
    #[must_use]
    pub(super) fn weigh(&self, life: &mut Life<A>) -> bool {
        let heap = life.known().map_or(0, |known| {
            let state = caught(|| known.state.heap_bytes()).unwrap_or_else(|message| {
                self.named().panicked("`heap_bytes`", &message);
                0
            });
            state.saturating_add(known.answers.as_ref().map_or(0, |answers| answers.bytes()))
        });
        let heap = u32::try_from(heap).unwrap_or(u32::MAX);
        self.kind.rest.weigh(&mut self.core.lock().cache_entry, heap)
    }

    pub(super) fn make_room(&self) {
        self.kind.rest.make_room(self.kind.shared.time.recent(), &*self.kind, false);
    }

    /// Once the runtime is closed nobody looks after its queues any more.
    fn leave_closed_queues(&self) {
        if self.kind.shared.stage() == Stage::Closed {
            self.kind.rest.clear();
        }
    }

    /// It needs its inbox no more. Not under the lock: a permit may go to another cell.
    pub(super) fn clear(&self, inbox: Option<Box<Inbox<A>>>) {
        let Some(inbox) = inbox else { return };
        if let Some(entry) = inbox.timeout {
            self.kind.timeouts.remove(entry);
        }
        if let Some(ticket) = inbox.ticket {
            self.kind.shared.permits.leave(ticket);
        }
    }

    /// Leaves memory, but for the deadline.
    pub(super) fn store(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        let mut life = std::mem::replace(&mut core.life, Life::Unloaded);
        let is_stuck = life.is_stuck();
        // One that is behind has left its entry to the index, where it may have been put off.
        if !matches!(life, Life::Behind(_))
            && let Some(known) = life.known()
        {
            if !is_stuck && !known.unsure && !self.was_tried(known) {
                self.kind.deadlines.set(&mut known.slot, &self.id, known.deadline);
            }
            self.kind.deadlines.leave(known.slot.take());
        }
        let inbox = core.inbox.take();
        self.kind.registry.remove_stored(&self.id, self, core.remembered);
        drop(core);
        self.clear(inbox);
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
        core.inbox.is_none() && matches!(core.life, Life::Unloaded)
    }

    #[cfg(test)]
    pub(crate) fn has_inbox(&self) -> bool {
        self.core.lock().inbox.is_some()
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
    fn cool(self: Arc<Self>, now: Moment, at_once: bool) -> Option<Moment> {
        let warm = self.kind.shared.config.warm;
        let mut core = self.core.lock();
        match core.phase {
            // It holds its inbox for a decision.
            Phase::Idle if core.is_held() => Some(now + warm.max(BUSY_LOOK)),
            Phase::Idle if at_once || now.since(core.busy_at) >= warm => {
                self.cool_down(core);
                None
            }
            Phase::Idle => Some(core.busy_at + warm),
            Phase::Running | Phase::Waiting | Phase::Attended | Phase::Queued => {
                Some(now + warm.max(BUSY_LOOK))
            }
            Phase::Stored | Phase::Closed => {
                core.warm = false;
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
            Phase::Idle if core.is_held() || core.warm => Seen::AtWork,
            Phase::Idle if now.since(core.busy_at) >= idle => Seen::Expired,
            Phase::Idle => Seen::Resting((core.busy_at + idle).as_millis()),
            _ => Seen::AtWork,
        };
        let at_work = matches!(seen, Seen::AtWork);
        let gone = rest.judge(look, &mut core.cache_entry, seen, hash);
        let gives_way = gone.is_some() && !at_work;
        if gives_way {
            self.step(core, Input::Expires);
        }
        gives_way
    }
}
