//! A batch: what is decided together, and appended as one.

use bailiwick_core::journal::EncodedEvent;
use bailiwick_core::{Aggregate, Tag, Text};

use super::encode::{Tools, seal};
use super::life::Before;
use crate::request::entry::Entries;
use crate::request::read::Reader;

/// Commands decided together, their events, and the reads that saw them.
pub(super) struct Batch<A: Aggregate> {
    pub(super) entries: Entries<A>,
    pub(super) readers: Vec<Reader<A>>,
    pub(super) events: Vec<EncodedEvent>,
    /// How many of the events have their bytes.
    pub(super) sealed: usize,
    /// How many bytes the events have together, as the journal counts them.
    pub(super) bytes: usize,
    /// Something had no room in it: that goes into the next, and so does what comes after it.
    pub(super) full: bool,
    /// The idempotency keys among them.
    pub(super) keys: Vec<Text>,
    /// The tags of the deliveries that some of the events stand for.
    pub(super) deliveries: Vec<Tag>,
    /// If the state can be copied.
    pub(super) before: Option<Box<Before<A>>>,
}

/// How much of a batch there is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) events: usize,
    pub(super) bytes: usize,
}

impl<A: Aggregate> Default for Batch<A> {
    fn default() -> Self {
        Batch {
            entries: Entries::new(),
            readers: Vec::new(),
            events: Vec::new(),
            sealed: 0,
            bytes: 0,
            full: false,
            keys: Vec::new(),
            deliveries: Vec::new(),
            before: None,
        }
    }
}

impl<A: Aggregate> Batch<A> {
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.readers.is_empty() && self.events.is_empty()
    }

    /// Gives the events of a turn their bytes.
    pub(super) fn seal(&mut self, tools: &mut Tools<A>) {
        seal(&mut self.events[self.sealed..], tools);
        self.sealed = self.events.len();
    }

    /// How much there is.
    pub(super) fn extent(&self) -> Extent {
        Extent { events: self.events.len(), bytes: self.bytes }
    }

    /// How many events there are.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.events.len()).unwrap_or(u32::MAX)
    }

    /// Forgets all but the first `kept` events.
    pub(super) fn forget(&mut self, kept: usize, tools: &mut Tools<A>) {
        self.events.truncate(kept);
        tools.forget(kept - self.sealed);
    }
}
