//! Attending: a caller whose turn waits for the journal polls for the answer itself.
//!
//! 1. It is woken by the cell, which the journal wakes, and then goes on as whoever runs the cell.
//! 2. Whatever else comes to the cell gets an actor, which takes over from the caller; so does a caller
//!    that is dropped, and one that is alive and not polled for [`UNPOLLED`](crate::context::unpolled::UNPOLLED) once there is an answer.
//! 3. It never writes and never syncs: that is the journal's.

use std::sync::Arc;
use std::task::{Wake, Waker};

use bailiwick_core::Aggregate;
use parking_lot::MutexGuard;

use super::lifecycle::{Input, Phase};
use super::{Cell, Core};
use crate::context::unpolled::Attended;

/// A caller that attends to a cell, as the `number`th who runs it. Dropped before that is over, it hands
/// the cell over to an actor.
pub(crate) struct Attending<A: Aggregate> {
    cell: Option<Arc<Cell<A>>>,
    number: u32,
}

impl<A: Aggregate> Attending<A> {
    pub(super) fn new(cell: Arc<Cell<A>>, number: u32) -> Self {
        Attending { cell: Some(cell), number }
    }

    /// Attends to a cell that queues for a permit, if it does and nobody else attends to it: until it has one.
    /// An actor runs it then.
    pub(super) fn queued(cell: Arc<Cell<A>>, waker: &Waker) -> Option<Self> {
        let mut core = cell.core.lock();
        let (queues, number) = (core.phase == Phase::Queued, core.attachments);
        let inbox = core.inbox.as_mut().filter(|inbox| queues && inbox.parked.is_none())?;
        inbox.parked = Some(waker.clone());
        drop(core);
        Some(Attending::new(cell, number))
    }

    /// Whether the cell queues for a permit.
    pub(super) fn is_queued(&self) -> bool {
        self.cell.as_ref().is_some_and(|cell| {
            let core = cell.core.lock();
            core.attachments == self.number && core.phase == Phase::Queued
        })
    }

    /// Goes on if there may be an answer; `waker` is woken when there is. Returns whether it still
    /// attends to the cell.
    #[must_use]
    pub(crate) fn poll(&mut self, waker: &Waker) -> bool {
        let Some(cell) = self.cell.take() else { return false };
        let mut core = cell.core.lock();
        let phase = core.phase;
        if core.attachments != self.number || !matches!(phase, Phase::Attended | Phase::Queued) {
            return false;
        }
        let inbox = cell.inbox(&mut core);
        if !inbox.answered || phase == Phase::Queued {
            let mut before = None;
            if !inbox.parked.as_ref().is_some_and(|parked| parked.will_wake(waker)) {
                before = inbox.parked.replace(waker.clone());
            }
            drop(core);
            drop(before);
            self.cell = Some(cell);
            return true;
        }
        let scope = inbox.scope.clone();
        drop(core);
        let attending = cell.go_on_inline(self.number, scope, Some(waker)).attending();
        attending.map(|attending| *self = attending).is_some()
    }
}

impl<A: Aggregate> Drop for Attending<A> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            cell.hand_over(self.number);
        }
    }
}

/// What the journal wakes when a caller attends to the cell.
impl<A: Aggregate> Wake for Cell<A> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        #[cfg(feature = "fault-injection")]
        if self.kind.shared.sabotaged(crate::sabotage::Sabotage::LostWakeup) {
            return;
        }
        self.may_go_on(self.core.lock());
    }
}

impl<A: Aggregate> Cell<A> {
    /// The caller that attends to it, if one does, may go on.
    pub(super) fn may_go_on(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        let (phase, number) = (core.phase, core.attachments);
        let Some(inbox) = core.inbox.as_mut().filter(|_| phase.is_driven()) else { return };
        // Whoever runs it just now looks at this before it waits.
        inbox.answered = true;
        if phase != Phase::Attended {
            return;
        }
        let parked = inbox.parked.take();
        let watched = std::mem::replace(&mut core.watched, true);
        drop(core);
        if !watched {
            self.kind.shared.unpolled.watch(self.clone(), number);
        }
        if let Some(waker) = parked {
            waker.wake();
        }
    }

    /// The caller that attended to it does so no more.
    fn hand_over(self: &Arc<Self>, number: u32) {
        let core = self.core.lock();
        if core.attachments == number && core.phase == Phase::Attended {
            self.step(core, Input::Work);
        }
    }
}

impl<A: Aggregate> Attended for Cell<A> {
    fn take_over(self: Arc<Self>, number: u32) {
        let mut core = self.core.lock();
        let attended = core.phase == Phase::Attended;
        let answered = attended && core.inbox.as_ref().is_some_and(|inbox| inbox.answered);
        let now = core.attachments;
        core.watched = answered && now != number;
        if core.watched {
            // Another caller, which has not had its time yet.
            drop(core);
            self.kind.shared.unpolled.watch(self.clone(), now);
        } else if answered {
            self.step(core, Input::Work);
        }
    }
}
