//! The values that a key of tags has: what is asked, what is answered, and an index of them for journals
//! that have none of their own.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::ops::Bound;

use crate::journal::{EncodedEvent, EventType};
use crate::position::Position;
use crate::tag::{Tag, valid_tag_key};
use crate::text::Text;

/// Which values of a key to read.
///
/// For an example see [`ValueIndex`].
#[derive(Debug, Clone)]
pub struct ReadValues {
    /// The key: of `account:a1` it is `account`. What cannot be one has no values.
    pub key: Text,
    /// On events of any of these types; empty means of any type at all, as in a query.
    pub types: Vec<EventType>,
    /// Only values beyond this one, in the order of their bytes.
    pub after: Option<Text>,
    /// At most this many.
    pub limit: NonZeroUsize,
}

impl ReadValues {
    /// Values per page unless told otherwise.
    pub const DEFAULT_LIMIT: NonZeroUsize = NonZeroUsize::new(1_000).unwrap();

    /// The first page of the values of `key`, on events of any type.
    pub fn of(key: impl Into<Text>) -> ReadValues {
        let (types, limit) = (Vec::new(), Self::DEFAULT_LIMIT);
        ReadValues { key: key.into(), types, after: None, limit }
    }

    /// Only those on events of any of these types.
    #[must_use]
    pub fn types(self, types: impl IntoIterator<Item = impl Into<EventType>>) -> ReadValues {
        ReadValues { types: types.into_iter().map(Into::into).collect(), ..self }
    }

    /// Only values beyond this one: that of the last tag of the page before.
    #[must_use]
    pub fn after(self, value: &str) -> ReadValues {
        ReadValues { after: Some(value.to_owned().into()), ..self }
    }

    /// At most this many per page.
    #[must_use]
    pub fn limit(self, limit: NonZeroUsize) -> ReadValues {
        ReadValues { limit, ..self }
    }
}

/// A page of the values of a key.
///
/// For an example see [`ValueIndex`].
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesPage {
    /// The tags with the key, each once, in the order of the bytes of their values. Continue after the
    /// value of the last.
    pub tags: Vec<Tag>,
    /// Every value that an event up to here has was given, as far as the page reaches: up to its last
    /// one, or to the end if there is no more. The journal's head at an instant between the call and its
    /// return. A value that came later may lie before what other pages gave: whoever wants all of them
    /// reads the events beyond the `upto` of the *first* page, too.
    pub upto: Position,
    /// Whether there may be more values beyond the last.
    pub more: bool,
}

/// An index of tags by their key, in the order of their values, for authors of journals that have none.
///
/// It is fed with every event in order, and costs nothing before it is. For each tag it takes its text
/// and about 60 bytes, however many events have it; and what a type's name takes, once.
///
/// ```
/// use bailiwick_core::Position;
/// use bailiwick_core::journal::{EncodedEvent, ReadValues, ValueIndex};
///
/// /// All courses of a journal whose events are these.
/// fn courses(events: &[EncodedEvent]) -> Vec<String> {
///     let mut index = ValueIndex::default();
///     for (event, position) in events.iter().zip(1..) {
///         index.add(Position::new(position), event);
///     }
///     let (mut read, mut courses) = (ReadValues::of("course"), Vec::new());
///     loop {
///         let page = index.page(&read);
///         courses.extend(page.tags.iter().map(|tag| tag.value().to_owned()));
///         match page.tags.last() {
///             Some(last) if page.more => read = read.after(last.value()),
///             _ => return courses,
///         }
///     }
/// }
/// # assert!(courses(&[]).is_empty());
/// ```
#[derive(Debug, Default)]
pub struct ValueIndex {
    upto: Position,
    types: HashMap<EventType, usize>,
    /// In the order of their texts: those of a key are together, in the order of their values.
    tags: BTreeMap<Tag, u64>,
    /// For types with a number that has no bit of its own.
    others: BTreeSet<(Tag, usize)>,
}

/// The bit of all types that have none of their own.
const OTHERS: usize = 63;

impl ValueIndex {
    /// It has all events up to here.
    pub fn upto(&self) -> Position {
        self.upto
    }

    /// Adds an event at `position`, unless it has it.
    pub fn add(&mut self, position: Position, event: &EncodedEvent) {
        if position <= self.upto {
            return;
        }
        self.upto = position;
        let number = match self.types.get(&event.event_type) {
            Some(number) => *number,
            None => {
                let number = self.types.len();
                self.types.insert(event.event_type.clone(), number);
                number
            }
        };
        for tag in &event.tags {
            match self.tags.get_mut(tag) {
                Some(types) => *types |= bit(number),
                None => {
                    self.tags.insert(tag.clone(), bit(number));
                }
            }
            if number >= OTHERS {
                self.others.insert((tag.clone(), number));
            }
        }
    }

    /// There are no events beyond what it has, up to `upto`.
    pub fn reached(&mut self, upto: Position) {
        self.upto = self.upto.max(upto);
    }

    /// A page of the values of what it has.
    pub fn page(&self, read: &ReadValues) -> ValuesPage {
        let mut page = ValuesPage { tags: Vec::new(), upto: self.upto, more: false };
        if !valid_tag_key(read.key.as_str()) {
            return page;
        }
        let numbers: Vec<usize> =
            read.types.iter().filter_map(|name| self.types.get(name).copied()).collect();
        let any = read.types.is_empty();
        let mask = numbers.iter().fold(0, |mask, number| mask | bit(*number));
        let has = |tag: &Tag, types: u64| {
            let mut others = numbers.iter().filter(|number| **number >= OTHERS);
            any || types & mask & !bit(OTHERS) != 0
                || (types & mask != 0
                    && others.any(|number| self.others.contains(&(tag.clone(), *number))))
        };
        let after = read.after.as_ref().map_or("", Text::as_str);
        let first = Bound::Excluded(Tag::bound(read.key.as_str(), after));
        let found = self.tags.range((first, Bound::Unbounded));
        let of_key = found.take_while(|(tag, _)| tag.key() == read.key.as_str());
        for (tag, _) in of_key.filter(|(tag, types)| has(tag, **types)) {
            if page.tags.len() == read.limit.get() {
                page.more = true;
                break;
            }
            page.tags.push(tag.clone());
        }
        page
    }
}

fn bit(number: usize) -> u64 {
    1 << number.min(OTHERS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Metadata;
    use crate::time::Timestamp;

    #[test]
    fn any_number_of_types_is_told_apart() {
        let mut index = ValueIndex::default();
        for n in 0..200_u64 {
            let tag = |n: u64| Tag::new("x", format_args!("{n:03}")).unwrap();
            let event = EncodedEvent {
                event_type: format!("T{n}").into(),
                version: 1,
                tags: [tag(n), tag(n / 2)].into_iter().collect(),
                payload: Default::default(),
                recorded_at: Timestamp::EPOCH,
                metadata: Metadata::default(),
            };
            index.add(Position::new(n + 1), &event);
        }
        let found = |types: Vec<String>| {
            let page = index.page(&ReadValues::of("x").types(types));
            page.tags.iter().map(|tag| tag.value().parse().unwrap()).collect::<Vec<u64>>()
        };
        for n in 0..200 {
            let mut expected = vec![n / 2, n];
            expected.dedup();
            assert_eq!(found(vec![format!("T{n}")]), expected);
        }
        assert_eq!(found(vec!["T150".into(), "T3".into(), "Z".into()]), [1, 3, 75, 150]);
        assert_eq!(found(vec!["Z".into()]), [0; 0]);
        assert_eq!(found(vec![]).len(), 200);
    }
}
