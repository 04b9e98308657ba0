//! At work: whether a cell may begin what the journal may keep waiting, and what it holds while it
//! waits; see [`crate::context::permits`].
//!
//! 1. Commands and due deadlines stay where they are while the cell has no permit and could get none;
//!    so does a load. Reads of a known state are served meanwhile.
//! 2. A cell that has something to do and may not begin queues, without an actor.
//! 3. It leaves the queue when nothing waits in it any more; and a load for which nobody waits is
//!    dropped.

use std::sync::Arc;

use bailiwick_core::{Aggregate, Position};
use parking_lot::MutexGuard;

use super::admit::NotAdmitted;
use super::inbox::Inbox;
use super::life::Life;
use super::lifecycle::{Input, Phase};
use super::{Cell, Core};
use crate::context::permits::{Look, Permit, Queueing};

impl<A: Aggregate> Queueing for Cell<A> {
    fn permitted(self: Arc<Self>, permit: Permit) -> Option<Permit> {
        let mut core = self.core.lock();
        match &mut core.inbox {
            Some(inbox) if inbox.ticket.is_some() => {
                (inbox.ticket, inbox.permit) = (None, Some(permit));
            }
            _ => return Some(permit),
        }
        self.step(core, Input::Work);
        None
    }
}

impl<A: Aggregate> Cell<A> {
    /// Whether it may begin what may have to wait for the journal.
    pub(super) fn may_begin(&self, inbox: &Inbox<A>) -> bool {
        match self.kind.shared.permits.look() {
            Look::Free => true,
            Look::Taken => inbox.permit.is_some(),
            Look::Wanted => inbox.permit.as_ref().is_some_and(|permit| !permit.used),
        }
    }

    /// Whether a command that comes now would have to queue with its cell.
    pub(super) fn is_overloaded(&self, core: &Core<A>) -> bool {
        match core.phase {
            Phase::Queued => true,
            Phase::Idle => {
                !matches!(core.life, Life::Faulted(_))
                    && self.kind.shared.permits.look() != Look::Free
            }
            _ => false,
        }
    }

    /// Fails if a command that comes now would have to queue. A cell that was made for it goes again.
    pub(super) fn turn_away(self: &Arc<Self>) -> Result<(), NotAdmitted> {
        let core = self.open()?;
        if !self.is_overloaded(&core) {
            return Ok(());
        }
        let is_unused = matches!(core.life, Life::Unloaded) && !core.is_held();
        if core.phase == Phase::Idle && is_unused {
            self.step(core, Input::Expires);
        }
        Err(NotAdmitted::Overloaded)
    }

    /// Something was put into the cell: somebody sees to it, or it queues. `reads`: a known state is
    /// enough for it.
    pub(super) fn put_in(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>, reads: bool) {
        let known = matches!(core.life, Life::Quiet(_) | Life::Live(_));
        if (reads && known) || !self.is_overloaded(&core) {
            self.step(core, Input::Work);
        } else if core.phase != Phase::Queued {
            let input = if self.queue(&mut core) { Input::Queues } else { Input::Work };
            self.step(core, input);
        }
    }

    /// Queues for a permit, unless there is one now. Whether it does.
    pub(super) fn queue(self: &Arc<Self>, core: &mut Core<A>) -> bool {
        let inbox = self.inbox(core);
        if inbox.ticket.is_some() {
            return true;
        }
        match self.kind.shared.permits.queue(|| self.clone()) {
            Ok(permit) => inbox.permit = Some(permit),
            Err(ticket) => inbox.ticket = Some(ticket),
        }
        inbox.ticket.is_some()
    }

    /// After a turn. Returns a permit that is not needed any more, to be dropped once the cell is
    /// unlocked. `idle`: there is nothing to do now.
    pub(super) fn keep_permit(&self, core: &mut Core<A>, idle: bool) -> Option<Permit> {
        let (waits, appends) = (core.life.waits_for_journal(), core.life.is_appending());
        let inbox = core.inbox.as_mut()?;
        if waits {
            let permit = inbox.permit.get_or_insert_with(|| self.kind.shared.permits.take());
            permit.used |= appends;
            return None;
        }
        let wanted = || self.kind.shared.permits.look() == Look::Wanted;
        let gives_back =
            idle || inbox.permit.as_ref().is_some_and(|permit| permit.used && wanted());
        inbox.permit.take_if(|_| gives_back)
    }

    /// Something was taken out of the cell, or somebody waits no more: perhaps nothing is left to do
    /// or to wait for.
    pub(super) fn withdrawn(self: &Arc<Self>, mut core: MutexGuard<'_, Core<A>>) {
        match core.phase {
            Phase::Queued if !core.has_work() => {
                let keep = core.is_to_be_kept();
                self.step(core, Input::Withdrawn { keep });
            }
            Phase::Queued => {
                // Decisions that waited behind commands need not any more.
                let granted = self.grant(&mut core);
                drop(core);
                drop(granted);
            }
            Phase::Waiting | Phase::Attended if core.is_abandoned() => {
                self.step(core, Input::Work);
            }
            _ => {}
        }
    }
}

impl<A: Aggregate> Core<A> {
    /// Whether a load is under way that nobody waits for, and no deadline.
    pub(super) fn is_abandoned(&self) -> bool {
        let Life::Loading(loading) = &self.life else { return false };
        let in_inbox = self.inbox.as_ref().is_some_and(|inbox| inbox.has_work());
        let again = &loading.again;
        let asked = || again.entries.iter().any(|entry| !entry.envelope().request().was_given_up());
        let due = again.called || again.stuck.is_some();
        !(in_inbox || due || !again.readers.is_empty() || asked())
    }
}

impl<A: Aggregate> Inbox<A> {
    /// Whether a turn now would find something to do, if it may not begin what the journal may keep
    /// waiting.
    pub(super) fn has_work_meanwhile(&self, life: &Life<A>) -> bool {
        match life {
            Life::Quiet(_) => !self.readers.is_empty(),
            Life::Live(_) => !self.readers.is_empty() || self.overtaken != Position::START,
            _ => false,
        }
    }
}
