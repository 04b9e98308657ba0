//! A command in the runtime's hands: whatever happens to it, it gets an outcome.

use std::sync::Arc;

use bailiwick_core::{Aggregate, Position};

use crate::envelope::Envelope;
use crate::error::{Cause, Unknown};

/// An envelope in the runtime's hands. Whatever happens to it, it gets an outcome: dropped without
/// one (the runtime went away), its command is given back, or unknown if it may be in the journal.
pub(crate) struct Entry<A: Aggregate> {
    envelope: Option<Arc<dyn Envelope<A>>>,
    /// How often it was decided.
    pub(crate) attempts: u32,
    /// The journal was read again for its sake.
    pub(crate) reread: bool,
    /// How many events of its batch come before or with it.
    pub(crate) events_upto: usize,
    /// Whether its batch was given to the journal.
    pub(crate) submitted: bool,
}

impl<A: Aggregate> Entry<A> {
    pub(crate) fn new(envelope: Arc<dyn Envelope<A>>) -> Self {
        Entry {
            envelope: Some(envelope),
            attempts: 0,
            reread: false,
            events_upto: 0,
            submitted: false,
        }
    }

    pub(crate) fn envelope(&self) -> &dyn Envelope<A> {
        &**self.envelope_arc()
    }

    pub(crate) fn is(&self, other: *const ()) -> bool {
        self.envelope.as_ref().is_some_and(|mine| Arc::as_ptr(mine).cast::<()>() == other)
    }

    pub(crate) fn release(mut self, position: Position) {
        self.take().release(position);
    }

    pub(crate) fn give_back(mut self, cause: Cause) {
        self.take().give_back(cause);
    }

    pub(crate) fn unknown(mut self, unknown: Unknown) {
        self.take().unknown(unknown);
    }

    pub(crate) fn envelope_arc(&self) -> &Arc<dyn Envelope<A>> {
        self.envelope.as_ref().expect("present until it has an outcome")
    }

    /// Its caller's time is up before its turn came.
    pub(crate) fn time_out(mut self) {
        let envelope = self.take();
        if envelope.claim() {
            envelope.lapse();
        }
    }

    /// Lets go of one whose caller has given it up.
    pub(crate) fn forget(mut self) {
        self.take();
    }

    fn take(&mut self) -> Arc<dyn Envelope<A>> {
        self.envelope.take().expect("present until it has an outcome")
    }
}

impl<A: Aggregate> Drop for Entry<A> {
    fn drop(&mut self) {
        let Some(envelope) = self.envelope.take() else {
            return;
        };
        if self.submitted {
            envelope.unknown(Unknown::ShutDown);
        } else if envelope.claimed() || envelope.claim() {
            envelope.give_back(Cause::ShutDown);
        }
    }
}
