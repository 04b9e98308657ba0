//! The index of the segment that is being written.

use std::collections::HashMap;

use bailiwick_core::Position;

use super::filter::Filter;
use super::key::Key;
use super::postings::Posting;
use crate::stored::Names;

/// In memory, until the log leaves the segment.
#[derive(Debug)]
pub struct Active {
    pub(super) first: Position,
    /// Where the event of each position stands in the segment, in bytes; 0 where there is none.
    pub(super) offsets: Vec<u32>,
    pub(super) types: Vec<String>,
    numbers: HashMap<String, u32>,
    pub(super) postings: HashMap<Key, Vec<Posting>>,
}

impl Active {
    /// Of a segment whose first event has this position, or will have.
    pub fn from(first: Position) -> Active {
        let (types, numbers, postings) = Default::default();
        Active { first, offsets: Vec::new(), types, numbers, postings }
    }

    /// Adds the next event, which stands at `offset`.
    ///
    /// # Panics
    /// If it is not behind those before, or beyond 4 GiB.
    pub fn push(&mut self, position: Position, offset: u64, names: &Names<'_>) {
        let nth = position.get().checked_sub(self.first.get()).expect("it is the next");
        let nth = u32::try_from(nth).expect("fewer than 2^32 events");
        assert!(nth as usize >= self.offsets.len(), "it is the next");
        self.offsets.resize(nth as usize, 0);
        let event_type = self.number(names.event_type());
        self.offsets.push(u32::try_from(offset).expect("a segment has less than 4 GiB"));
        let posting = Posting { nth, event_type };
        self.postings.entry(Key::of_type(names.event_type())).or_default().push(posting);
        for tag in names.tags() {
            let list = self.postings.entry(Key::of_tag(tag)).or_default();
            // Two of its tags may share a key.
            if list.last() != Some(&posting) {
                list.push(posting);
            }
        }
    }

    fn number(&mut self, event_type: &str) -> u32 {
        if let Some(number) = self.numbers.get(event_type) {
            return *number;
        }
        let number = u32::try_from(self.types.len()).expect("fewer than 2^32 types");
        self.types.push(event_type.to_owned());
        self.numbers.insert(event_type.to_owned(), number);
        number
    }

    /// The position of the first event.
    pub fn first(&self) -> Position {
        self.first
    }

    /// Whether it has no event.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// That of the last; the one before the first if there is none.
    pub fn last(&self) -> Position {
        Position::new(self.first.get() + self.offsets.len() as u64 - 1)
    }

    /// The number of a type here; none if it has no event of it.
    pub fn type_number(&self, event_type: &str) -> Option<u32> {
        self.numbers.get(event_type).copied()
    }

    /// The events with a key, in their order.
    pub fn postings(&self, key: Key) -> &[Posting] {
        self.postings.get(&key).map_or(&[], Vec::as_slice)
    }

    /// The newest event with a key that is of one of these types; of any, if none is given.
    pub fn newest(&self, key: Key, types: &[u32]) -> Option<Posting> {
        let mut newest = self.postings(key).iter().rev();
        newest.find(|posting| types.is_empty() || types.contains(&posting.event_type)).copied()
    }

    /// Where an event stands in the segment, in bytes; none if there is none.
    pub fn offset(&self, nth: u32) -> Option<u64> {
        let offset = self.offsets.get(nth as usize).copied();
        offset.filter(|offset| *offset > 0).map(u64::from)
    }

    /// Of its keys, and of each with each type of its events.
    pub fn filter(&self) -> Filter {
        let pairs = || {
            self.postings.iter().flat_map(|(key, postings)| {
                let mut types: Vec<_> = postings.iter().map(|posting| posting.event_type).collect();
                types.sort_unstable();
                types.dedup();
                std::iter::once(*key).chain(types.into_iter().map(|of| key.with_type(of)))
            })
        };
        let mut filter = Filter::for_keys(pairs().count());
        pairs().for_each(|key| filter.insert(key));
        filter
    }
}
