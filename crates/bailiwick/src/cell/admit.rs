//! Admission: how work gets into a cell, or is refused.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bailiwick_core::{Aggregate, Position};
use parking_lot::MutexGuard;

use super::attend::Attending;
use super::inline::Ran;
use super::life::Life;
use super::lifecycle::{Input, Phase};
use super::{Cell, Core};
use crate::context::Stage;
use crate::options::Admission;
use crate::request::Envelope;
use crate::request::entry::Entry;

/// Why something did not get into a cell.
pub(crate) enum NotAdmitted {
    /// There is no room.
    Full,
    /// As many aggregates wait for the journal as may.
    Overloaded,
    /// The cell was stored meanwhile: look in the registry again.
    Stored,
    /// The runtime takes no more work.
    ShutDown,
}

impl<A: Aggregate> Cell<A> {
    /// Puts a command into the queue; if the mailbox has no room, to wait for that. If there is
    /// nothing else to do, its turn is run before this returns; `waker` is that of its caller.
    ///
    /// Returns what the caller is to attend to, if it is.
    pub(crate) fn admit(
        self: &Arc<Self>,
        envelope: Arc<dyn Envelope<A>>,
        admission: Admission,
        waker: &Waker,
    ) -> Result<Option<Attending<A>>, NotAdmitted> {
        if admission == Admission::Refuse {
            self.turn_away()?;
        }
        let mut core = self.open()?;
        let until = envelope.request().until;
        let queue = &mut self.inbox(&mut core).queue;
        if queue.has_room(self.capacity()) {
            self.kind.counters.here().accepted.one();
            queue.accept(Entry::new(envelope));
        } else if admission == Admission::Wait {
            envelope.request().waits_for_room();
            queue.wait_for_room(Entry::new(envelope));
        } else {
            return Err(NotAdmitted::Full);
        }
        Ok(self.run_or_hand_over(core, until, waker, false))
    }

    /// Something was put in whose caller waits until `until`. `reads`: a known state is enough for it.
    pub(super) fn run_or_hand_over(
        self: &Arc<Self>,
        mut core: MutexGuard<'_, Core<A>>,
        until: Duration,
        waker: &Waker,
        reads: bool,
    ) -> Option<Attending<A>> {
        if core.phase != Phase::Idle || self.is_overloaded(&core) {
            self.expect_timeout(self.inbox(&mut core), until);
            self.put_in(core, reads);
            return None;
        }
        match self.run_inline(core, Some(waker)) {
            // What is answered in its turn needs no time-out.
            Ran::Done => None,
            ran => self.has_to_wait(ran, until),
        }
    }

    /// Sees to it that a caller who has to wait is told in time. Returns what it is to attend to.
    pub(super) fn has_to_wait(
        self: &Arc<Self>,
        ran: Ran<A>,
        until: Duration,
    ) -> Option<Attending<A>> {
        let mut core = self.core.lock();
        if let Some(inbox) = &mut core.inbox {
            self.expect_timeout(inbox, until);
        }
        drop(core);
        ran.attending()
    }

    /// The deadline index calls. If there is nothing else to do, the turn is run before this returns. Returns
    /// what the caller, whose waker this is, is to attend to.
    pub(crate) fn admit_deadline(
        self: &Arc<Self>,
        waker: &Waker,
    ) -> Result<Option<Attending<A>>, NotAdmitted> {
        let mut core = self.open()?;
        self.inbox(&mut core).queue.call();
        if core.phase == Phase::Idle && !self.is_overloaded(&core) {
            return Ok(self.run_inline(core, Some(waker)).attending());
        }
        self.put_in(core, false);
        Ok(Attending::queued(self.clone(), waker))
    }

    /// Somebody else wrote something at `at` that this aggregate reads. Fails if it has left memory.
    pub(crate) fn overtaken(self: &Arc<Self>, at: Position) -> bool {
        let mut core = self.core.lock();
        if core.phase.is_over() {
            return false;
        }
        let inbox = self.inbox(&mut core);
        inbox.overtaken = inbox.overtaken.max(at);
        self.put_in(core, false);
        true
    }

    /// Somebody else may have written something that this aggregate reads: it is looked at before the
    /// next turn for which the journal is open.
    pub(crate) fn perhaps_overtaken(&self) {
        let mut core = self.core.lock();
        if core.phase.is_over() {
            return;
        }
        // What is not known, and not just being read, will be read anyway.
        if matches!(core.life, Life::Out | Life::Loading(_)) {
            self.inbox(&mut core).unsure = true;
        } else if let Some(known) = core.life.known() {
            known.unsure = true;
        }
    }

    /// The cell, if it takes work.
    pub(super) fn open(self: &Arc<Self>) -> Result<MutexGuard<'_, Core<A>>, NotAdmitted> {
        let core = self.core.lock();
        // Under the lock: a shutdown that has met this cell has seen what was put in before.
        match core.phase {
            Phase::Stored => return Err(NotAdmitted::Stored),
            Phase::Closed => return Err(NotAdmitted::ShutDown),
            _ => {}
        }
        if self.kind.shared.stage() != Stage::Open {
            if core.phase == Phase::Idle {
                // Made, or met, too late to be swept: it must not outlive the runtime.
                self.step(core, Input::Closes);
            }
            return Err(NotAdmitted::ShutDown);
        }
        Ok(core)
    }

    pub(super) fn capacity(&self) -> usize {
        self.kind.shared.config.mailbox_commands
    }

    /// Accepts those for whom there is room now.
    pub(super) fn accept_waiting(&self, core: &mut Core<A>) {
        if let Some(inbox) = &mut core.inbox {
            let got_room = inbox.queue.accept_waiting(self.capacity());
            (0..got_room).for_each(|_| self.kind.counters.here().accepted.one());
        }
    }

    /// A caller has given its command up before its turn.
    pub(crate) fn given_up(self: &Arc<Self>) {
        let mut core = self.core.lock();
        let Some(inbox) = &mut core.inbox else { return };
        inbox.queue.given_up += 1;
        let gone = inbox.queue.take_given_up();
        self.accept_waiting(&mut core);
        // The lock first: what is dropped is the domain's.
        self.withdrawn(core);
        gone.into_iter().for_each(Entry::forget);
    }
}
