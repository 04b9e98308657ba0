//! The journal of a story: all that happened in it, read as a journal is read.

use std::num::NonZeroUsize;

use crate::Position;
use crate::journal::{EncodedEvent, Page, Read, RecordedEvent};
use crate::views::{Boundary, FoldError, Folded};

/// Small, so that a story of some length is read in several pages, as in the runtime.
const PAGE: NonZeroUsize = NonZeroUsize::new(4).unwrap();

#[derive(Default)]
pub(super) struct Log {
    events: Vec<RecordedEvent>,
}

impl Log {
    pub(super) fn append(&mut self, event: EncodedEvent) {
        let position = self.head().plus(1);
        self.events.push(RecordedEvent { position, event });
    }

    pub(super) fn events(&self) -> &[RecordedEvent] {
        &self.events
    }

    fn head(&self) -> Position {
        self.events.last().map_or(Position::START, |last| last.position)
    }

    /// The views of `boundary`, folded up to the end.
    pub(super) fn fold(&self, boundary: &Boundary) -> Result<Folded, FoldError> {
        let mut folded = Folded::of(boundary);
        for (view, query) in folded.lasts().collect::<Vec<_>>() {
            let mut events = self.events.iter().rev();
            let last = events.find(|e| query.matches(e.event.event_type.as_str(), &e.event.tags));
            folded.found(&view, last, self.head())?;
        }
        while folded.level().is_none() {
            folded.take(&self.read(&folded.next_read(PAGE)))?;
        }
        Ok(folded)
    }

    fn read(&self, read: &Read) -> Page {
        let beyond = self.events.iter().filter(|e| e.position > read.after);
        let mut matching =
            beyond.filter(|e| read.query.matches(e.event.event_type.as_str(), &e.event.tags));
        let events: Vec<_> = matching.by_ref().take(read.limit.get()).cloned().collect();
        let more = matching.next().is_some();
        let last = events.last().filter(|_| more);
        let upto = last.map_or(self.head(), |last| last.position);
        Page { events, upto, more }
    }
}
