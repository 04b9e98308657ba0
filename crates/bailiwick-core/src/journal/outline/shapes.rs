//! Shapes: what events of the same kind have in common. A start looks at one event of each.

use std::collections::HashMap;

use super::names::Names;
use crate::journal::{EncodedEvent, EventType, Origin};
use crate::position::Position;
use crate::schema_version::SchemaVersion;
use crate::tag::Tag;
use crate::text::Text;

/// So many are kept; more than that is no schema.
const MOST_SHAPES: usize = 4_096;
/// So many keys of tags are told apart.
const MOST_KEYS: usize = 1_024;

/// Events of one type and version, decided by aggregates of one type, with tags of the same keys.
///
/// For an example see [`Outline`](super::Outline).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Shape {
    /// The name of the type.
    pub event_type: EventType,
    /// The version of the type's fields.
    pub version: SchemaVersion,
    /// The `NAME` of the aggregates that decided them, and the key of their tags; none if it was no aggregate.
    pub origin: Option<(Text, Text)>,
    /// The keys of the events' tags, each once.
    pub keys: Vec<Text>,
    /// Where the first of them is.
    pub first: Position,
    /// Where the last of them is.
    pub last: Position,
    /// How many there are.
    pub count: u64,
}

/// A shape by the numbers of its names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Kept {
    pub(super) event_type: u32,
    pub(super) version: SchemaVersion,
    pub(super) origin: Option<(u32, u32)>,
    pub(super) keys: Vec<u32>,
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) count: u64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Shapes {
    all: Vec<Kept>,
    /// Their places, by what they are made of.
    places: HashMap<Box<[u8]>, usize>,
    /// There were more than are kept.
    full: bool,
}

impl Shapes {
    /// Those that are too many to be kept.
    pub(super) fn full() -> Self {
        Shapes { full: true, ..Shapes::default() }
    }

    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    /// Counts an event. Returns the place of its shape; none if there are too many.
    pub(super) fn take(
        &mut self,
        position: Position,
        event: &EncodedEvent,
        names: &mut Names,
    ) -> Option<usize> {
        let form = form(event);
        if let Some(place) = self.places.get(&*form).copied() {
            let kept = &mut self.all[place];
            (kept.last, kept.count) = (position, kept.count + 1);
            return Some(place);
        }
        if self.full || self.all.len() == MOST_SHAPES {
            return None;
        }
        let origin = event.metadata.origin.as_ref().map(|Origin { aggregate, tag, .. }| {
            (names.aggregates.number(aggregate.as_str()), names.keys.number(tag.key()))
        });
        let keys = keys(event).map(|key| names.keys.number(key)).collect();
        if names.keys.len() > MOST_KEYS {
            return None;
        }
        let event_type = names.types.number(event.event_type.as_str());
        let (version, first, last) = (event.version, position, position);
        let kept = Kept { event_type, version, origin, keys, first, last, count: 1 };
        Some(self.push(form.into(), kept))
    }

    fn push(&mut self, form: Box<[u8]>, kept: Kept) -> usize {
        let place = self.all.len();
        self.places.insert(form, place);
        self.all.push(kept);
        place
    }

    /// One that was kept before.
    pub(super) fn keep(&mut self, kept: Kept, names: &Names) {
        let text = |number: &u32| names.keys.text(*number);
        let by = kept.origin.map(|(name, key)| (names.aggregates.text(name), text(&key)));
        let event_type = names.types.text(kept.event_type);
        let form = form_of(event_type, kept.version, by, kept.keys.iter().map(text));
        self.push(form.into(), kept);
    }

    pub(super) fn kept(&self, place: usize) -> &Kept {
        &self.all[place]
    }

    pub(super) fn all(&self) -> &[Kept] {
        &self.all
    }

    pub(super) fn iter<'a>(&'a self, names: &'a Names) -> impl Iterator<Item = Shape> + 'a {
        let key = |number: &u32| names.keys.shared(*number).clone();
        self.all.iter().map(move |kept| Shape {
            event_type: names.types.shared(kept.event_type).clone(),
            version: kept.version,
            origin: kept.origin.map(|(name, of)| (names.aggregates.shared(name).clone(), key(&of))),
            keys: kept.keys.iter().map(key).collect(),
            first: kept.first,
            last: kept.last,
            count: kept.count,
        })
    }
}

/// The keys of the tags, each once: tags of the same key follow each other.
fn keys(event: &EncodedEvent) -> impl Iterator<Item = &str> {
    let mut last = "";
    event.tags.iter().map(Tag::key).filter(move |key| std::mem::replace(&mut last, key) != *key)
}

fn form(event: &EncodedEvent) -> Vec<u8> {
    let origin = event.metadata.origin.as_ref();
    let by = origin.map(|origin| (origin.aggregate.as_str(), origin.tag.key()));
    form_of(event.event_type.as_str(), event.version, by, keys(event))
}

fn form_of<'a>(
    event_type: &str,
    version: SchemaVersion,
    by: Option<(&str, &str)>,
    keys: impl Iterator<Item = &'a str>,
) -> Vec<u8> {
    let mut form = Vec::with_capacity(128);
    let mut push = |text: &str| {
        form.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
        form.extend_from_slice(text.as_bytes());
    };
    push(event_type);
    let (aggregate, key) = by.unwrap_or_default();
    push(aggregate);
    push(key);
    keys.for_each(push);
    form.extend_from_slice(&version.to_le_bytes());
    form
}
