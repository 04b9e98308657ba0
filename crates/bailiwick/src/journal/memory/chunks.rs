//! The events of a memory journal in pieces, so that none is ever moved once its piece is full.
//!
//! One vector of a million events would be copied as it grows, under the journal's lock: everybody
//! would wait for tens of milliseconds.

use bailiwick_core::journal::EncodedEvent;

/// Events in a piece: copying one as it grows to this size takes well below 1 ms.
const EVENTS_PER_CHUNK: usize = 4_096;

/// Grows at the end, and in no other way.
#[derive(Default)]
pub(super) struct Chunks {
    /// All full but the last, which is there as soon as there is an event.
    chunks: Vec<Vec<EncodedEvent>>,
}

impl Chunks {
    pub(super) fn len(&self) -> usize {
        match self.chunks.split_last() {
            Some((last, full)) => full.len() * EVENTS_PER_CHUNK + last.len(),
            None => 0,
        }
    }

    pub(super) fn push(&mut self, event: EncodedEvent) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < EVENTS_PER_CHUNK => last.push(event),
            _ => {
                // The first grows as it must: most journals in memory are a test's.
                let full = !self.chunks.is_empty();
                let mut next = Vec::with_capacity(if full { EVENTS_PER_CHUNK } else { 4 });
                next.push(event);
                self.chunks.push(next);
            }
        }
    }

    /// # Panics
    ///
    /// If there are not more than `index` events.
    pub(super) fn get(&self, index: usize) -> &EncodedEvent {
        &self.chunks[index / EVENTS_PER_CHUNK][index % EVENTS_PER_CHUNK]
    }
}
