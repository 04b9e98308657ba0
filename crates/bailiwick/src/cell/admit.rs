//! Admission: how work gets into a cell, or is turned away at the door.

use std::sync::Arc;

use bailiwick_core::Aggregate;
use tokio::sync::{SemaphorePermit, TryAcquireError};

use super::{Cell, Gone};
use crate::entry::Entry;
use crate::envelope::Envelope;
use crate::glance::{Glance, Reader};
use crate::shared::Stage;

/// Why something did not get into a cell.
pub(crate) enum NotAdmitted {
    /// There is no room.
    Full,
    /// The cell was stored meanwhile: look in the registry again.
    Stored,
    /// The runtime takes no more work.
    ShutDown,
}

impl<A: Aggregate> Cell<A> {
    /// Puts a command into the mailbox if there is room.
    pub(crate) fn admit(
        self: &Arc<Self>,
        envelope: Arc<dyn Envelope<A>>,
    ) -> Result<(), NotAdmitted> {
        let place = self.places.try_acquire().map_err(|error| match error {
            TryAcquireError::NoPermits => NotAdmitted::Full,
            TryAcquireError::Closed => NotAdmitted::ShutDown,
        })?;
        self.admit_to(place, envelope)
    }

    /// Puts a command into the mailbox as soon as there is room, in the order of arrival.
    pub(crate) async fn admit_in_turn(
        self: &Arc<Self>,
        envelope: Arc<dyn Envelope<A>>,
    ) -> Result<(), NotAdmitted> {
        let place = self.places.acquire().await.map_err(|_| NotAdmitted::ShutDown)?;
        self.admit_to(place, envelope)
    }

    fn admit_to(
        self: &Arc<Self>,
        place: SemaphorePermit<'_>,
        envelope: Arc<dyn Envelope<A>>,
    ) -> Result<(), NotAdmitted> {
        self.put(|core| {
            self.kind.counters.accepted.one();
            let until = envelope.until();
            core.mailbox.push_back(Entry::new(envelope));
            self.be_patient(core, until);
        })?;
        // It comes back when the command leaves the mailbox.
        place.forget();
        Ok(())
    }

    /// Puts a read before the cell's next turn.
    pub(crate) fn admit_read(
        self: &Arc<Self>,
        glance: Arc<dyn Glance<A>>,
    ) -> Result<(), NotAdmitted> {
        let capacity = self.kind.shared.config.mailbox_commands.get();
        let mut full = false;
        self.put(|core| {
            if core.readers.len() >= capacity {
                core.readers.retain(|reader| !reader.abandoned());
            }
            full = core.readers.len() >= capacity;
            if !full {
                core.readers.push_back(Reader::new(glance));
            }
        })?;
        if full { Err(NotAdmitted::Full) } else { Ok(()) }
    }

    /// The deadline index calls.
    pub(crate) fn admit_deadline(self: &Arc<Self>) -> Result<(), NotAdmitted> {
        self.put(|core| core.due = true)
    }

    fn put(self: &Arc<Self>, put: impl FnOnce(&mut super::Core<A>)) -> Result<(), NotAdmitted> {
        let mut core = self.core.lock();
        // Under the lock: a shutdown that has met this cell has seen what was put in before.
        match core.gone {
            Some(Gone::Stored) => return Err(NotAdmitted::Stored),
            Some(Gone::Closed) => return Err(NotAdmitted::ShutDown),
            None => {}
        }
        if self.kind.shared.stage() != Stage::Open {
            if Self::is_at_rest(&core) {
                // Made, or met, too late to be swept: it must not outlive the runtime.
                self.close(core);
            }
            return Err(NotAdmitted::ShutDown);
        }
        put(&mut core);
        self.rouse(core);
        Ok(())
    }

    /// Takes an envelope that its caller has given up out of the mailbox, if it is still there.
    pub(crate) fn forget(&self, envelope: *const ()) {
        let mut core = self.core.lock();
        if let Some(at) = core.mailbox.iter().position(|entry| entry.is(envelope)) {
            let entry = core.mailbox.remove(at);
            drop(core);
            self.places.add_permits(1);
            if let Some(entry) = entry {
                entry.forget();
            }
        }
    }
}
