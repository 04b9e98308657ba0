//! The journal of a story: all that happened in it, read as a journal is read.

use std::num::NonZeroUsize;

use crate::journal::{EncodedEvent, Page, Read, RecordedEvent};
use crate::position::Position;
use crate::report::ErrorReport;
use crate::views::{Boundary, FoldError, Folded};

/// Small, so that a story of some length is read in several pages, as in the runtime.
const PAGE: NonZeroUsize = NonZeroUsize::new(4).unwrap();

#[derive(Default)]
pub(super) struct Log {
    events: Vec<RecordedEvent>,
}

impl Log {
    pub(super) fn append(&mut self, event: EncodedEvent) -> &RecordedEvent {
        let position = self.head().plus(1);
        self.events.push(RecordedEvent { position, event });
        &self.events[self.events.len() - 1]
    }

    pub(super) fn events(&self) -> &[RecordedEvent] {
        &self.events
    }

    pub(super) fn head(&self) -> Position {
        self.events.last().map_or(Position::START, |last| last.position)
    }

    /// What comes behind `after`, up to `upto`: positions are dense here.
    pub(super) fn between(&self, after: Position, upto: Position) -> &[RecordedEvent] {
        let place = |position: Position| usize::try_from(position.get()).unwrap_or(usize::MAX);
        &self.events[place(after)..place(upto)]
    }

    /// The views of `boundary`, folded up to the end.
    pub(super) fn fold(&self, boundary: &Boundary) -> Result<Folded, FoldError> {
        let mut folded = Folded::of(boundary);
        self.go_on(&mut folded, self.head())?;
        Ok(folded)
    }

    /// Folds what is missing up to this position. No view has come further.
    ///
    /// # Panics
    /// If a view would not come back from a snapshot of it.
    pub(super) fn go_on(&self, folded: &mut Folded, upto: Position) -> Result<(), FoldError> {
        folded.behind();
        for (view, query) in folded.lasts().collect::<Vec<_>>() {
            let mut events = self.between(Position::START, upto).iter().rev();
            let last = events.find(|e| query.matches(e.event.event_type.as_str(), &e.event.tags));
            folded.found(&view, last, upto)?;
        }
        while folded.level().is_none() {
            folded.take(&self.read(&folded.next_read().limit(PAGE), upto))?;
        }
        // A fault of the view, as one that panics.
        folded.survive().unwrap_or_else(|error| panic!("{}", ErrorReport::of(&error)));
        Ok(())
    }

    fn read(&self, read: &Read, upto: Position) -> Page {
        let mut matching = self
            .between(read.after, upto)
            .iter()
            .filter(|e| read.query.matches(e.event.event_type.as_str(), &e.event.tags));
        let events: Vec<_> = matching.by_ref().take(read.limit.get()).cloned().collect();
        let more = matching.next().is_some();
        let last = events.last().filter(|_| more);
        let upto = last.map_or(upto, |last| last.position);
        Page { events, upto, more }
    }
}
