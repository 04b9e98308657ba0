//! Events: what happened. Their names are the schema of the journal.

use crate::{Id, InvalidTag, Tag, Tagged, Tags};

/// A set of event types that a view reads and an aggregate emits; made by `#[derive(Event)]`.
///
/// - On a **struct**: one event type, named like the struct.
/// - On an **enum**: an inline variant (with named fields, or a unit) is an event type named like
///   the variant; a newtype variant includes an event struct: its name, its tags, its bytes, and a
///   `From`.
/// - A field marked `#[tag]` is an [`Id`], or several ([`Tagged`]): events carry its tags.
///
/// An event is stored by its type's name, so a name belongs to one Rust type.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event set",
    note = "put `#[derive(Event)]` on it"
)]
pub trait Event: Sized + Send + 'static {
    /// The event types of this set.
    const TYPES: &'static [EventDescriptor];

    /// The name of this event's type.
    fn event_type(&self) -> &'static str;

    /// Adds the tags of its fields.
    fn tags(&self, tags: &mut TagCollector<'_>);

    /// Encodes this event at the end of `out`.
    ///
    /// # Errors
    /// If a field cannot be encoded.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Decodes an event of the named type.
    ///
    /// # Errors
    /// If the type is not of this set, or the bytes are not of that type.
    fn decode(event_type: &str, payload: &[u8]) -> Result<Self, CodecError>;
}

/// One event type of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventDescriptor {
    /// Its name in the journal.
    pub name: &'static str,
    /// The Rust type it belongs to.
    pub owner: &'static str,
}

impl EventDescriptor {
    /// A descriptor; used by `#[derive(Event)]`.
    pub const fn new(name: &'static str, owner: &'static str) -> Self {
        EventDescriptor { name, owner }
    }
}

/// Puts the types of several sets into one; used by `#[derive(Event)]`.
///
/// # Panics
/// If the sets do not have `N` types together.
pub const fn concat_types<const N: usize>(sets: &[&[EventDescriptor]]) -> [EventDescriptor; N] {
    let mut all = [EventDescriptor::new("", ""); N];
    let (mut set, mut to) = (0, 0);
    while set < sets.len() {
        let mut from = 0;
        while from < sets[set].len() {
            all[to] = sets[set][from];
            from += 1;
            to += 1;
        }
        set += 1;
    }
    assert!(to == N);
    all
}

/// Why an event could not be encoded or decoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The set has no such type.
    #[error("the event type {0:?} is not one of the set")]
    UnknownType(String),
    /// A field could not be encoded.
    #[error("the event cannot be encoded: {0}")]
    Encode(#[source] serde_json::Error),
    /// The bytes are not of that type.
    #[error("the event cannot be decoded: {0}")]
    Decode(#[source] serde_json::Error),
}

/// Collects the tags of an event's fields beside those of whoever emits it.
#[derive(Debug)]
pub struct TagCollector<'a> {
    own: Option<&'a Tag>,
    more: Vec<Tag>,
    error: Option<TagError>,
}

impl TagCollector<'_> {
    /// Adds the tags of those whom a field names.
    pub fn add(&mut self, field: &impl Tagged) {
        field.add_tags(self);
    }

    pub(crate) fn add_id<I: Id>(&mut self, id: &I) {
        if self.error.is_some() {
            return;
        }
        if let Some(own) = self.own.filter(|own| own.key() == I::KEY) {
            if !Same::text(own.value(), id) {
                self.error = Some(TagError::Contradiction {
                    own: own.clone(),
                    field: format!("{}:{id}", I::KEY),
                });
            }
            return;
        }
        match id.tag() {
            Ok(tag) => self.more.push(tag),
            Err(source) => {
                self.error = Some(TagError::Invalid { key: I::KEY, source });
            }
        }
    }
}

/// The tags of an event that the aggregate with the tags `own` emits: those, and its fields'.
///
/// # Errors
/// If a field's tag has the key of the aggregate's own tag and another value, or is not a tag.
pub fn tags_of<E: Event>(own: &Tags, event: &E) -> Result<Tags, TagError> {
    let mut collector = TagCollector { own: own.as_slice().first(), more: Vec::new(), error: None };
    event.tags(&mut collector);
    match collector.error {
        Some(error) => Err(error),
        None if collector.more.is_empty() => Ok(own.clone()),
        None => Ok(own.iter().cloned().chain(collector.more).collect()),
    }
}

/// Why the tags of an event contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TagError {
    /// A field names another thing of the aggregate's own kind.
    #[error(
        "the event's field says {field} but the aggregate that emits it is {own}: an aggregate \
         speaks for itself only; leave the `#[tag]` off a field that names another one"
    )]
    Contradiction {
        /// The aggregate's own tag.
        own: Tag,
        /// The tag of the field.
        field: String,
    },
    /// The text of a field's ID cannot be a tag.
    #[error("a field with the tag key {key:?} cannot be a tag: {source}")]
    Invalid {
        /// The key of the ID.
        key: &'static str,
        /// What is wrong with its text.
        source: InvalidTag,
    },
}

/// Compares a text with what something displays, without allocating.
struct Same<'a> {
    rest: Option<&'a str>,
}

impl Same<'_> {
    fn text(text: &str, shown: &impl std::fmt::Display) -> bool {
        let mut same = Same { rest: Some(text) };
        let _ = std::fmt::Write::write_fmt(&mut same, format_args!("{shown}"));
        same.rest == Some("")
    }
}

impl std::fmt::Write for Same<'_> {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        self.rest = self.rest.and_then(|rest| rest.strip_prefix(part));
        Ok(())
    }
}
