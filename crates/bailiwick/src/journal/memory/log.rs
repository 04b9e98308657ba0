//! The events of a memory journal, the index over them, and what an append condition asks of it.

use std::collections::HashMap;
use std::hash::Hash;

use bailiwick_core::journal::{
    AppendCondition, Appended, EncodedEvent, EventType, Head, Query, QueryItem, RecordedEvent,
};
use bailiwick_core::{Position, Tag, Timestamp};
use foldhash::fast::FixedState;

use super::chunks::Chunks;

/// Where the events with each tag, or of each type, are: ascending. Looked up, never iterated, so
/// nothing depends on the order of the map.
type Index<K> = HashMap<K, Vec<Position>, FixedState>;

/// All events, in order. Only ever grows: what is at a position stays as it is.
#[derive(Default)]
pub(super) struct Log {
    /// The event at position `n` is the `n`th, counted from 1.
    events: Chunks,
    by_tag: Index<Tag>,
    by_type: Index<EventType>,
    latest: Timestamp,
}

impl Log {
    pub(super) fn head(&self) -> Head {
        Head { position: Position::new(self.events.len() as u64), recorded_at: self.latest }
    }

    /// Appends at least one event, unconditionally.
    pub(super) fn append(&mut self, events: Vec<EncodedEvent>) -> Appended {
        let before = self.head().position;
        let mut last = before;
        for event in events {
            last = last.plus(1);
            push(&mut self.by_type, &event.event_type, last);
            for tag in &event.tags {
                push(&mut self.by_tag, tag, last);
            }
            self.latest = self.latest.max(event.recorded_at);
            self.events.push(event);
        }
        let first = before.plus(1);
        Appended { first, last }
    }

    /// Where an event is that violates the condition, if there is one.
    pub(super) fn conflict(&self, condition: &AppendCondition) -> Option<Position> {
        let moved = self.match_beyond(&condition.query, condition.after);
        moved.or_else(|| self.match_beyond(condition.never.as_ref()?, Position::START))
    }

    /// Where an event beyond `after` is that matches, if there is one.
    pub(super) fn match_beyond(&self, query: &Query, after: Position) -> Option<Position> {
        let head = self.head().position;
        if head <= after {
            return None;
        }
        let Some(items) = query.items() else {
            return Some(head);
        };
        items.iter().find_map(|item| {
            if let Some(rarest) = self.rarest(item.tags().as_slice()) {
                // By far the most conditions have a tag: spared the chain of lists.
                return self.last_match(item, rarest, after);
            }
            let mut lists = self.candidates(item);
            lists.find_map(|list| self.last_match(item, list, after))
        })
    }

    /// Searches from the end, because conditions are mostly about the last few events.
    fn last_match(&self, item: &QueryItem, list: &[Position], after: Position) -> Option<Position> {
        if list.last().is_none_or(|last| *last <= after) {
            return None;
        }
        let beyond = list.iter().rev().take_while(|position| **position > after);
        beyond.copied().find(|position| {
            let event = self.event(*position);
            item.matches(event.event_type.as_str(), &event.tags)
        })
    }

    /// The lists that hold every event the item matches, though perhaps others: that of its rarest
    /// tag, or those of its types if it has no tags.
    pub(super) fn candidates<'a>(
        &'a self,
        item: &'a QueryItem,
    ) -> impl Iterator<Item = &'a [Position]> {
        let tags = item.tags().as_slice();
        let types = if tags.is_empty() { item.types() } else { &[] };
        let of_types = types.iter().filter_map(|t| self.by_type.get(t));
        let of_tag = self.rarest(tags).into_iter();
        of_tag.chain(of_types).map(Vec::as_slice)
    }

    /// Nothing if there are no tags, or one that no event has.
    fn rarest(&self, tags: &[Tag]) -> Option<&Vec<Position>> {
        let (first, others) = tags.split_first()?;
        let mut rarest = self.by_tag.get(first)?;
        for tag in others {
            let list = self.by_tag.get(tag)?;
            if list.len() < rarest.len() {
                rarest = list;
            }
        }
        Some(rarest)
    }

    /// The event at a position that the index gave.
    pub(super) fn event(&self, position: Position) -> &EncodedEvent {
        let index = usize::try_from(position.get() - 1).expect("a position of an event in memory");
        self.events.get(index)
    }

    pub(super) fn recorded(&self, position: Position) -> RecordedEvent {
        RecordedEvent { position, event: self.event(position).clone() }
    }
}

/// Not by `entry`, which would clone the key of every event.
fn push<K: Hash + Eq + Clone>(index: &mut Index<K>, key: &K, position: Position) {
    match index.get_mut(key) {
        Some(list) => list.push(position),
        None => {
            index.insert(key.clone(), vec![position]);
        }
    }
}
