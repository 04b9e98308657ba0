//! Where events are that match: by the index of each segment, and a look at the events themselves.

use std::borrow::Cow;

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendCondition, LastMatch, Query, QueryItem};

use super::{Segment, Store, StoreError};
use crate::index::{Active, IndexError, Key, Posting, Sealed};
use crate::log::Place;
use crate::stored::{Decoder, Names};

/// The index of a segment, wherever it is.
#[derive(Clone, Copy)]
pub(super) enum AnyIndex<'a> {
    Active(&'a Active),
    Sealed(&'a Store, &'a Segment),
}

impl<'a> AnyIndex<'a> {
    pub(super) fn first(self) -> Position {
        match self {
            AnyIndex::Active(index) => index.first(),
            AnyIndex::Sealed(_, segment) => segment.first,
        }
    }

    pub(super) fn last(self) -> Position {
        match self {
            AnyIndex::Active(index) => index.last(),
            AnyIndex::Sealed(_, segment) => segment.last,
        }
    }

    /// Asks the file, or what is in memory. A file that is damaged is not asked any more.
    fn ask<T>(
        self,
        file: impl FnOnce(&Sealed) -> Result<T, IndexError>,
        memory: impl FnOnce(&'a Active) -> T,
    ) -> Result<T, StoreError> {
        let (store, segment) = match self {
            AnyIndex::Active(index) => return Ok(memory(index)),
            AnyIndex::Sealed(store, segment) => (store, segment),
        };
        if let (Some(index), None) = (&segment.file, segment.memory.get()) {
            // Whatever is wrong with it: it is derived.
            if let Ok(answer) = file(index) {
                return Ok(answer);
            }
        }
        if segment.memory.get().is_none() {
            drop(segment.memory.set(store.index_of(segment)?));
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

    pub(super) fn offset(self, nth: u32) -> Result<Option<u64>, StoreError> {
        self.ask(|file| file.offset(nth), |index| index.offset(nth))
    }

    /// Whether no event has this key and one of these types; of any, if none is given. Known of some only.
    fn certainly_lacks(self, key: Key, types: &[u32]) -> bool {
        let AnyIndex::Sealed(_, Segment { filter: Some(filter), .. }) = self else { return false };
        let lacks_types = !types.is_empty()
            && !types.iter().any(|number| filter.may_have(key.with_type(*number)));
        lacks_types || !filter.may_have(key)
    }

    /// Which events may match, in their order: all that do, and perhaps others.
    pub(super) fn candidates(self, item: &QueryItem) -> Result<Vec<u32>, StoreError> {
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
        let mut fewest: Option<Vec<u32>> = None;
        for tag in tags {
            let with_tag = nths(&self.postings(Key::of_tag(tag.as_str()))?);
            if fewest.as_ref().is_none_or(|fewest| with_tag.len() < fewest.len()) {
                fewest = Some(with_tag);
            }
        }
        if let Some(fewest) = fewest {
            return Ok(fewest);
        }
        let mut all = Vec::new();
        for name in item.types() {
            all.extend(nths(&self.postings(Key::of_type(name.as_str()))?));
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }
}

impl Store {
    /// The segments with events beyond `after`, the oldest first.
    pub(super) fn segments(
        &self,
        after: Position,
    ) -> impl DoubleEndedIterator<Item = (u64, AnyIndex<'_>)> {
        let sealed = self.sealed.iter();
        let sealed = sealed.map(|segment| (segment.number, AnyIndex::Sealed(self, segment)));
        let active =
            (!self.active.is_empty()).then_some((self.number, AnyIndex::Active(&self.active)));
        let from = self.sealed.partition_point(|segment| segment.last <= after);
        sealed.skip(from).chain(active)
    }

    /// The event with this number in a segment, if it is there; shown as it is stored.
    pub(super) fn look<T>(
        &self,
        (segment, index): (u64, AnyIndex<'_>),
        nth: u32,
        look: impl FnOnce(Position, &[u8], &Names<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let position = index.first().plus(u64::from(nth));
        let Some(offset) = index.offset(nth)? else { return Ok(None) };
        let bytes = self.log.record(position, Place { segment, offset })?;
        let names = Names::of(&bytes).map_err(|source| StoreError::Event { position, source })?;
        look(position, &bytes, &names).map(Some)
    }

    /// Where an event is that violates the condition, if there is one.
    pub(super) fn conflict(
        &self,
        condition: &AppendCondition,
    ) -> Result<Option<Position>, StoreError> {
        let moved = self.last_match(&condition.query, condition.after)?;
        match (moved, &condition.never) {
            (None, Some(never)) => self.last_match(never, Position::START),
            (moved, _) => Ok(moved),
        }
    }

    /// The last event beyond `after` that matches.
    pub(super) fn last_match(
        &self,
        query: &Query,
        after: Position,
    ) -> Result<Option<Position>, StoreError> {
        let head = self.head().position;
        let Some(items) = query.items() else {
            return Ok(Some(head).filter(|head| *head > after));
        };
        for segment in self.segments(after).rev() {
            let mut last = None;
            for item in items {
                last = last.max(self.last_in(segment, item, last.unwrap_or(after))?);
            }
            if last.is_some() {
                return Ok(last);
            }
        }
        Ok(None)
    }

    fn last_in(
        &self,
        segment: (u64, AnyIndex<'_>),
        item: &QueryItem,
        after: Position,
    ) -> Result<Option<Position>, StoreError> {
        let first = segment.1.first();
        for nth in segment.1.candidates(item)?.into_iter().rev() {
            if first.plus(u64::from(nth)) <= after {
                break;
            }
            let matches =
                |position, _: &[u8], names: &Names<'_>| Ok((position, matches(item, names)));
            if let Some((position, true)) = self.look(segment, nth, matches)? {
                return Ok(Some(position));
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
        let Some(position) = self.last_match(query, Position::START)? else {
            return Ok(LastMatch { event: None, upto });
        };
        let before = Position::new(position.get() - 1);
        let segment = self.segments(before).next().expect("it is in one");
        let nth = u32::try_from(position.get() - segment.1.first().get()).expect("it is in there");
        let event = self.look(segment, nth, |position, bytes, _| {
            let event = Decoder::default().decode(position, bytes);
            event.map_err(|source| StoreError::Event { position, source })
        })?;
        Ok(LastMatch { event, upto })
    }
}

/// Whether an event matches.
pub(super) fn matches(item: &QueryItem, names: &Names<'_>) -> bool {
    let is_of_type = item.types().is_empty()
        || item.types().iter().any(|name| name.as_str() == names.event_type());
    is_of_type
        && item.tags().as_slice().iter().all(|tag| names.tags().any(|has| has == tag.as_str()))
}
