//! Admission: how work gets into a cell, or is turned away at the door.

use std::sync::Arc;

use bailiwick_core::{Aggregate, Position};
use parking_lot::MutexGuard;

use super::life::Life;
use super::phase::{Input, Phase};
use super::{Cell, Core};
use crate::aggregates::ask::Admission;
use crate::context::Stage;
use crate::deadlines::Due;
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
    /// Puts a command into the mailbox, or, if there is no room, into the queue at its door.
    pub(crate) fn admit(
        self: &Arc<Self>,
        envelope: Arc<dyn Envelope<A>>,
        admission: Admission,
    ) -> Result<(), NotAdmitted> {
        if admission == Admission::Refuse {
            self.turn_away()?;
        }
        self.put(|core| {
            let until = envelope.until();
            let desk = self.desk(core);
            let room = desk.mailbox.len() < self.capacity() && desk.door.is_empty();
            if room {
                self.kind.tally.here().accepted.one();
                desk.mailbox.push(Entry::new(envelope));
            } else if admission == Admission::Wait {
                envelope.wait_at_the_door();
                desk.door.push_back(Entry::new(envelope));
            } else {
                return Err(NotAdmitted::Full);
            }
            self.be_patient(desk, until);
            Ok(())
        })
    }

    /// The deadline index calls. If nobody works for the cell, the caller does, for one poll.
    pub(crate) fn admit_deadline(
        self: &Arc<Self>,
        due: &mut Option<Due>,
    ) -> Result<(), NotAdmitted> {
        let mut core = self.open()?;
        let has_one = matches!(&core.life, Life::Live(live) if live.due.is_some());
        let called = &mut self.desk(&mut core).due;
        called.called = true;
        if called.due.is_none() && !has_one {
            called.due = due.take();
        }
        if core.phase == Phase::Resting && !self.is_overloaded(&core) {
            self.work_briefly(core);
        } else {
            self.put_in(core, false);
        }
        Ok(())
    }

    /// Somebody else wrote something at `at` that this aggregate reads. Fails if it has left memory.
    pub(crate) fn overtaken(self: &Arc<Self>, at: Position) -> bool {
        let mut core = self.core.lock();
        if core.phase.is_over() {
            return false;
        }
        let desk = self.desk(&mut core);
        desk.overtaken = desk.overtaken.max(at);
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
            self.desk(&mut core).unsure = true;
        } else if let Some(known) = core.life.known() {
            known.unsure = true;
        }
    }

    fn put(
        self: &Arc<Self>,
        put: impl FnOnce(&mut Core<A>) -> Result<(), NotAdmitted>,
    ) -> Result<(), NotAdmitted> {
        let mut core = self.open()?;
        put(&mut core)?;
        self.put_in(core, false);
        Ok(())
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
            if core.phase == Phase::Resting {
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

    /// Lets those at the door come in for whom there is room now. Returns those that were given up:
    /// to be [forgotten](Entry::forget) once the cell is unlocked, for what is dropped is the domain's.
    #[must_use]
    pub(super) fn let_in(&self, core: &mut Core<A>) -> Vec<Entry<A>> {
        let Some(desk) = core.desk.as_mut().filter(|desk| !desk.door.is_empty()) else {
            return Vec::new();
        };
        let (came_in, gone) = desk.let_in(self.capacity());
        (0..came_in).for_each(|_| self.kind.tally.here().accepted.one());
        gone
    }

    /// A caller has given its command up before its turn.
    pub(crate) fn given_up(self: &Arc<Self>) {
        let mut core = self.core.lock();
        let Some(desk) = &mut core.desk else { return };
        desk.given_up += 1;
        let mut gone = desk.take_given_up();
        gone.extend(self.let_in(&mut core));
        // The lock first: what is dropped is the domain's.
        self.withdrawn(core);
        gone.into_iter().for_each(Entry::forget);
    }
}
