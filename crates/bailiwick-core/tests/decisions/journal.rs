//! A journal of a test, read as a journal is.

use std::num::NonZeroUsize;

use bailiwick_core::journal::{
    EncodedEvent, EventType, Metadata, Page, Query, Read, RecordedEvent,
};
use bailiwick_core::views::{Boundary, FoldError, Folded};
use bailiwick_core::{Event, Position, Tags, Timestamp, tags_of};

/// As it will be appended.
pub fn encoded(event: &impl Event, at: impl Into<Timestamp>) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: tags_of(&Tags::none(), event).unwrap(),
        payload: payload.into(),
        recorded_at: at.into(),
        metadata: Metadata::default(),
    }
}

#[derive(Default)]
pub struct Journal {
    pub events: Vec<RecordedEvent>,
    /// Every read, as the position it started at and how many events it gave.
    pub reads: Vec<(Position, usize)>,
}

impl Journal {
    pub fn of<E: Event>(events: impl IntoIterator<Item = E>) -> Journal {
        let mut journal = Journal::default();
        for event in events {
            journal.append(encoded(&event, journal.head().get()));
        }
        journal
    }

    pub fn append(&mut self, event: EncodedEvent) -> Position {
        let position = self.head().plus(1);
        self.events.push(RecordedEvent { position, event });
        position
    }

    pub fn head(&self) -> Position {
        self.events.last().map_or(Position::START, |last| last.position)
    }

    pub fn last(&self, query: &Query) -> Option<&RecordedEvent> {
        self.events.iter().rev().find(|e| matches(query, e))
    }

    pub fn read(&mut self, read: &Read) -> Page {
        let beyond = self.events.iter().filter(|e| e.position > read.after);
        let mut matching = beyond.filter(|e| matches(&read.query, e));
        let events: Vec<_> = matching.by_ref().take(read.limit.get()).cloned().collect();
        let more = matching.next().is_some();
        let upto = if more { events[events.len() - 1].position } else { self.head() };
        self.reads.push((read.after, events.len()));
        Page { events, upto, more }
    }

    /// Reads until the views are level.
    pub fn level(&mut self, folded: &mut Folded, limit: usize) -> Result<Position, FoldError> {
        let limit = NonZeroUsize::new(limit).unwrap();
        loop {
            if let Some(level) = folded.level() {
                return Ok(level);
            }
            let page = self.read(&folded.next_read().limit(limit));
            folded.take(&page)?;
        }
    }

    /// The views of a boundary, folded in one go.
    pub fn fold(&mut self, boundary: &Boundary) -> Folded {
        let mut folded = Folded::of(boundary);
        self.level(&mut folded, 1_000).unwrap();
        folded
    }
}

fn matches(query: &Query, recorded: &RecordedEvent) -> bool {
    query.matches(recorded.event.event_type.as_str(), &recorded.event.tags)
}
