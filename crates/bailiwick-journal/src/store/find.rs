//! Where events are that match: by the index of each segment, and a look at the events themselves.

use std::borrow::Cow;
use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendCondition, LastMatch, Page, Query, QueryItem, Read};

use super::StoreError;
use super::view::{Segment, View};
use crate::index::{Active, Filter, IndexError, Key, Posting, Sealed};
use crate::log::Place;
use crate::stored::{Decoder, Names};

/// The index of a segment, wherever it is.
#[derive(Clone, Copy)]
pub(super) enum AnyIndex<'a> {
    Active(&'a Active, u64),
    Sealed(&'a View, &'a Segment),
}

impl<'a> AnyIndex<'a> {
    pub(super) fn first(self) -> Position {
        match self {
            AnyIndex::Active(index, _) => index.first(),
            AnyIndex::Sealed(_, segment) => segment.first,
        }
    }

    pub(super) fn last(self) -> Position {
        match self {
            AnyIndex::Active(index, _) => index.last(),
            AnyIndex::Sealed(_, segment) => segment.last,
        }
    }

    fn number(self) -> u64 {
        match self {
            AnyIndex::Active(_, number) => number,
            AnyIndex::Sealed(_, segment) => segment.number,
        }
    }

    /// Asks the file, or what is in memory. A file that is damaged is not asked any more.
    fn ask<T>(
        self,
        file: impl FnOnce(&Sealed) -> Result<T, IndexError>,
        memory: impl FnOnce(&'a Active) -> T,
    ) -> Result<T, StoreError> {
        let (view, segment) = match self {
            AnyIndex::Active(index, _) => return Ok(memory(index)),
            AnyIndex::Sealed(view, segment) => (view, segment),
        };
        if let (Some(index), None) = (&segment.file, segment.memory.get()) {
            // Whatever is wrong with it: it is derived.
            if let Ok(answer) = file(index) {
                return Ok(answer);
            }
        }
        if segment.memory.get().is_none() {
            drop(segment.memory.set(view.index_of(segment)?));
        }
        Ok(memory(segment.memory.get().expect("it is there")))
    }

    /// The same in the file and in memory: both number the types in the order in which they come.
    fn type_number(self, event_type: &str) -> Result<Option<u32>, StoreError> {
        self.ask(|file| Ok(file.type_number(event_type)), |index| index.type_number(event_type))
    }

    fn postings(self, key: Key) -> Result<Cow<'a, [Posting]>, StoreError> {
        self.ask(
            |file| file.postings(key).map(Cow::Owned),
            |index| Cow::Borrowed(index.postings(key)),
        )
    }

    fn offset(self, nth: u32) -> Result<Option<u64>, StoreError> {
        self.ask(|file| file.offset(nth), |index| index.offset(nth))
    }

    /// Where the event with this number stands, if it is there.
    fn place(self, nth: u32) -> Result<Option<(Position, Place)>, StoreError> {
        let position = self.first().plus(u64::from(nth));
        let segment = self.number();
        Ok(self.offset(nth)?.map(|offset| (position, Place { segment, offset })))
    }

    /// Whether no event has this key and one of these types; of any, if none is given. Known of some only.
    fn certainly_lacks(self, key: Key, types: &[u32]) -> bool {
        let AnyIndex::Sealed(_, Segment { filter: Some(filter), .. }) = self else { return false };
        let has = |number: &u32| Filter::may_have(filter, key.with_type(*number));
        (!types.is_empty() && !types.iter().any(has)) || !filter.may_have(key)
    }

    /// Which events match, in their order: all that do, and those whose tag shares a hash with another.
    fn candidates(self, item: &QueryItem) -> Result<Vec<u32>, StoreError> {
        let mut types = Vec::new();
        for name in item.types() {
            types.extend(self.type_number(name.as_str())?);
        }
        if types.is_empty() && !item.types().is_empty() {
            return Ok(Vec::new());
        }
        let is_of_type =
            |posting: &Posting| types.is_empty() || types.contains(&posting.event_type);
        let nths = |postings: &[Posting]| {
            let of_type = postings.iter().filter(|posting| is_of_type(posting));
            of_type.map(|posting| posting.nth).collect::<Vec<_>>()
        };
        let tags = item.tags().as_slice();
        if tags.iter().any(|tag| self.certainly_lacks(Key::of_tag(tag.as_str()), &types)) {
            return Ok(Vec::new());
        }
        let mut all_tags: Option<Vec<u32>> = None;
        for tag in tags {
            let with_tag = nths(&self.postings(Key::of_tag(tag.as_str()))?);
            match &mut all_tags {
                Some(known) => known.retain(|nth| with_tag.binary_search(nth).is_ok()),
                None => all_tags = Some(with_tag),
            }
        }
        if let Some(all_tags) = all_tags {
            return Ok(all_tags);
        }
        let mut all = Vec::new();
        for name in item.types() {
            all.extend(nths(&self.postings(Key::of_type(name.as_str()))?));
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// Which events may match any of the items, in their order, each once.
    fn matching(self, query: &Query) -> Result<Vec<u32>, StoreError> {
        let Some(items) = query.items() else {
            let count = self.last().get() + 1 - self.first().get();
            return Ok((0..u32::try_from(count).unwrap_or(u32::MAX)).collect());
        };
        if let [item] = items {
            return self.candidates(item);
        }
        let mut all = Vec::new();
        for item in items {
            all.extend(self.candidates(item)?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// The first places beyond `after` and up to `upto` of events that may match.
    fn places(
        self,
        query: &Query,
        (after, upto): (Position, Position),
        limit: usize,
    ) -> Result<Vec<(Position, Place)>, StoreError> {
        let first = self.first();
        let nths = self.matching(query)?.into_iter();
        let within = nths.filter(|nth| {
            let position = first.plus(u64::from(*nth));
            after < position && position <= upto
        });
        let places = within.take(limit).map(|nth| self.place(nth));
        places.filter_map(Result::transpose).collect()
    }

    /// The last position beyond `after` and up to `upto` of an event that matches.
    fn last_match(
        self,
        query: &Query,
        (after, upto): (Position, Position),
    ) -> Result<Option<Position>, StoreError> {
        let first = self.first();
        let positions = self.matching(query)?.into_iter().rev();
        let mut positions = positions.map(|nth| first.plus(u64::from(nth)));
        let found = positions.find(|position| *position <= upto);
        Ok(found.filter(|position| *position > after))
    }
}

/// Places of events, and up to where these are all.
pub(super) struct Places {
    pub(super) places: Vec<(Position, Place)>,
    pub(super) upto: Position,
}

impl View {
    /// The next events that may match, of one segment.
    pub(super) fn places(
        &self,
        query: &Query,
        (after, upto): (Position, Position),
        limit: usize,
    ) -> Result<Places, StoreError> {
        let within = (after, upto);
        let state = self.state();
        let (places, last) = match state.sealed_beyond(after).first().map(Arc::clone) {
            Some(segment) => {
                drop(state);
                let index = AnyIndex::Sealed(self, &segment);
                (index.places(query, within, limit)?, segment.last)
            }
            None => {
                let index = AnyIndex::Active(&state.active, state.number);
                (index.places(query, within, limit)?, upto)
            }
        };
        let upto = match places.last() {
            Some((position, _)) if places.len() == limit => *position,
            _ => last.min(upto),
        };
        Ok(Places { places, upto })
    }

    /// The page, if it is known without a look at a file that nothing matches.
    pub fn read_nothing(&self, read: &Read) -> Option<Page> {
        let state = self.state();
        let head = state.head.position;
        let end = read.upto.map_or(head, |upto| upto.min(head));
        let is_nothing = read.after >= end || {
            let active = AnyIndex::Active(&state.active, state.number);
            let within = (read.after, end);
            state.sealed_beyond(read.after).is_empty()
                && matches!(active.last_match(&read.query, within), Ok(None))
        };
        is_nothing.then(|| Page { events: Vec::new(), upto: end, more: false })
    }

    /// Where an event is that violates the condition, if there is one, of all that is durable or will be before
    /// what comes next.
    pub(super) fn conflict(
        &self,
        condition: &AppendCondition,
    ) -> Result<Option<Position>, StoreError> {
        const END: Position = Position::new(u64::MAX);
        let moved = self.last_match(&condition.query, (condition.after, END))?;
        match (moved, &condition.never) {
            (None, Some(never)) => self.last_match(never, (Position::START, END)),
            (moved, _) => Ok(moved),
        }
    }

    /// The last event beyond `after` and up to `upto` that matches.
    fn last_match(
        &self,
        query: &Query,
        within: (Position, Position),
    ) -> Result<Option<Position>, StoreError> {
        let (after, upto) = within;
        let state = self.state();
        if query.items().is_none() {
            return Ok(Some(state.last().min(upto)).filter(|last| *last > after));
        }
        let active = AnyIndex::Active(&state.active, state.number);
        if let Some(position) = active.last_match(query, within)? {
            return Ok(Some(position));
        }
        let sealed: Vec<_> = state.sealed_beyond(after).to_vec();
        drop(state);
        for segment in sealed.iter().rev() {
            let found = AnyIndex::Sealed(self, segment).last_match(query, within)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The last event that matches, whatever its age.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn last(&self, query: &Query) -> Result<LastMatch, StoreError> {
        let upto = self.head().position;
        let Some(position) = self.last_match(query, (Position::START, upto))? else {
            return Ok(LastMatch { event: None, upto });
        };
        let before = Position::new(position.get() - 1);
        let places = self.places(&Query::all(), (before, position), 1)?.places;
        let (position, place) = *places.first().expect("it was there a moment ago");
        let bytes = self.segments.record(position, place)?;
        let event = Decoder::default().decode(position, &bytes);
        let event = event.map_err(|source| StoreError::Event { position, source })?;
        Ok(LastMatch { event: Some(event), upto })
    }
}

/// Whether an event matches.
pub(super) fn matches(query: &Query, names: &Names<'_>) -> bool {
    query.items().is_none_or(|items| items.iter().any(|item| matches_item(item, names)))
}

fn matches_item(item: &QueryItem, names: &Names<'_>) -> bool {
    let is_of_type = item.types().is_empty()
        || item.types().iter().any(|name| name.as_str() == names.event_type());
    is_of_type
        && item.tags().as_slice().iter().all(|tag| names.tags().any(|has| has == tag.as_str()))
}
