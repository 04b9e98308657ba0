//! Events: what happened. Their names are the schema of the journal.

use serde::de::DeserializeOwned;

use crate::codec::{self, CodecError};
use crate::fields;
use crate::schema::EventDescriptor;
use crate::schema_version::SchemaVersion;
use crate::tag::Tags;
use crate::tagged::{TagCollector, TagError};

/// A set of event types that a view reads and an aggregate emits; made by `#[derive(Event)]`.
///
/// - On a **struct**: one event type, named like the struct.
/// - On an **enum**: an inline variant (with named fields, or a unit) is an event type named like
///   the variant; a newtype variant includes another set, often a single event struct: its names, its
///   tags, its bytes, and a `From`. It may be in a `Box`.
/// - `#[event(only(Placed))]` on a newtype variant includes of another set these event types only; the
///   others are neither read nor guarded.
/// - A field marked `#[tag]` is an [`Id`](crate::Id), or several ([`Tagged`](crate::Tagged)): events carry its tags.
///
/// An event is stored by its type's name, so a name belongs to one Rust type, for ever. What may
/// change, and how:
///
/// | change | what to do |
/// |---|---|
/// | a field is added | `#[serde(default)]` on it |
/// | a field is removed | nothing: what is not known is passed over |
/// | a field is renamed, or is of another type, or means something else | `#[event(version = 2, upcast = function)]` on the type or the variant: events of version 1 pass through the [function](crate::Upcast) first. Later `version = 3, upcast(first, second)`, and so on |
/// | the type is renamed | `#[event(was = "OldName")]` on it, or `was("Old", "Older")`: what was recorded under the old name is asked for, guarded, and read as this type |
/// | the type is gone | `#[event(retired("OldName"))]` on the set: asked for and passed over |
///
/// The same table for the keys of IDs, the names of aggregates and what other programs write is that
/// of the runtime's `Builder`. A runtime does not start on a journal with events of a type that nothing
/// in it knows by one of these names.
///
/// What is stored never changes. See [`Fields`](crate::Fields) for an example of an upcaster.
///
/// Fields may hold whatever serde knows, in maps with any keys, and every number comes back with all
/// its bits.
///
/// # What is read back
///
/// The state of an aggregate in memory is the one that the journal would give. So an event is never
/// accepted that could not be read again, or would be read as another one.
///
/// The derive vouches for a type whose serde form is known to come back as it was:
///
/// - every field's type is [`RoundTrip`](trait@crate::RoundTrip): numbers, texts, times, IDs; options,
///   lists and maps of such; types of your own that derive it, or implement it because you know it,
/// - with no attributes of serde on the fields but `default`, `rename = ".."` and `alias`.
///
/// Events of such types cost nothing. Any other (a field with `flatten`, `with`, `skip` or
/// `skip_serializing_if`, a type of another crate, one of yours that is `untagged`, has a `tag` or does
/// not derive `RoundTrip`) is decoded again as soon as it is encoded, which costs about as much as
/// loading it; the state is folded from what was read. Its command is refused if it cannot be read, or,
/// where the set is `PartialEq`, if it is not equal to what was emitted. [`EventDescriptor`] says which
/// is which.
///
/// Refused is also, whatever its type, what is nested more than 128 values deep, and `Some` of what is
/// stored as nothing (`Some(None)`, `Some(())`), which serde reads as `None`.
///
/// `Serialize` and `Deserialize` of an event are the derived ones. If you write one of them by hand, say
/// `#[event(read_back)]` on the type.
///
/// [`given`](crate::given) refuses what the runtime refuses, and reads back everything, so that a
/// promise that does not hold fails a story.
///
/// # Examples
/// ```
/// use bailiwick_core::{CodecError, Event, each_name, id};
/// use serde::{Deserialize, Serialize};
///
/// id!(CourseId: "course");
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// enum CourseEvent {
///     CourseOpened { #[tag] course: CourseId, seats: u32 },
///     #[event(was = "CourseEnded")]
///     CourseClosed {},
/// }
///
/// assert_eq!(each_name(CourseEvent::TYPES), ["CourseOpened", "CourseClosed", "CourseEnded"]);
///
/// let opened = CourseEvent::CourseOpened { course: "c1".into(), seats: 20 };
/// let known = opened.descriptor();
/// let mut stored = Vec::new();
/// opened.encode(&mut stored)?;
/// assert_eq!(CourseEvent::decode(known.name, known.version(), &stored)?, Some(opened));
/// let of_another_set = CourseEvent::decode("CourseMoved", 1, &stored);
/// assert!(matches!(of_another_set, Err(CodecError::UnknownType(_))));
/// # Ok::<(), CodecError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event set",
    note = "put `#[derive(Event)]` on it"
)]
pub trait Event: Sized + Send + 'static {
    /// The event types of this set.
    const TYPES: &'static [EventDescriptor];

    /// The type of this event.
    fn descriptor(&self) -> &'static EventDescriptor;

    /// The name of this event's type.
    fn event_type(&self) -> &'static str {
        self.descriptor().name
    }

    /// Adds the tags of its fields.
    fn tags(&self, tags: &mut TagCollector<'_>);

    /// Whether it is equal to another one; none if its type cannot tell. By it what is
    /// [read back](Event#what-is-read-back) is compared with what was emitted.
    fn equals(&self, _: &Self) -> Option<bool> {
        None
    }

    /// Encodes this event at the end of `out`, in the version that its type has now.
    ///
    /// # Errors
    /// If a field cannot be encoded, or it would not be read again for its depth or a `Some` of
    /// nothing.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError>;

    /// Decodes an event that was recorded under this name, in this version of its fields; none if
    /// its type is retired.
    ///
    /// # Errors
    /// If the type is not of this set, its version is not known yet, or the bytes are not of that
    /// type.
    fn decode(
        event_type: &str,
        version: SchemaVersion,
        payload: &[u8],
    ) -> Result<Option<Self>, CodecError>;
}

/// The same set, for an event that is much larger than the others beside it: `Planned(Box<CoursePlan>)`.
impl<E: Event> Event for Box<E> {
    const TYPES: &'static [EventDescriptor] = E::TYPES;

    fn descriptor(&self) -> &'static EventDescriptor {
        E::descriptor(self)
    }

    fn tags(&self, tags: &mut TagCollector<'_>) {
        E::tags(self, tags);
    }

    fn equals(&self, other: &Self) -> Option<bool> {
        E::equals(self, other)
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        E::encode(self, out)
    }

    fn decode(
        event_type: &str,
        version: SchemaVersion,
        payload: &[u8],
    ) -> Result<Option<Self>, CodecError> {
        E::decode(event_type, version, payload).map(|event| event.map(Box::new))
    }
}

/// Decodes an event of a type of `T`, from whatever version; used by `#[derive(Event)]`.
///
/// # Errors
/// As [`Event::decode`].
pub fn decode_as<T: DeserializeOwned>(
    known: &EventDescriptor,
    version: SchemaVersion,
    payload: &[u8],
) -> Result<T, CodecError> {
    let (event_type, current) = (known.name, known.version());
    if version == current {
        return codec::decode(event_type, payload);
    }
    if version == 0 || version > current {
        return Err(CodecError::UnknownVersion { event_type, found: version, known: current });
    }
    let payload = fields::upcast(payload, version, known.upcasts)
        .map_err(|(from, source)| CodecError::Upcast { event_type, from, source })?;
    codec::decode(event_type, &payload)
}

/// The tags of an event that the aggregate with the tags `own` emits: those, and its fields'.
///
/// # Errors
/// If a field's tag has the key of the aggregate's own tag and another value, or is not a tag.
///
/// # Examples
/// ```
/// use bailiwick_core::{Event, Id, TagError, Tags, id, tags_of};
/// # use serde::{Deserialize, Serialize};
///
/// id!(CourseId: "course", StudentId: "student");
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct Subscribed {
///     #[tag]
///     student: StudentId,
///     #[tag]
///     course: CourseId,
/// }
///
/// let own = Tags::from(CourseId::from("c1").tag()?);
/// let to = |course: &'static str| Subscribed { student: "s1".into(), course: course.into() };
/// assert!(tags_of(&own, &to("c1"))?.contains(&"student:s1".parse()?));
/// assert!(matches!(tags_of(&own, &to("c2")), Err(TagError::Contradiction { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tags_of<E: Event>(own: &Tags, event: &E) -> Result<Tags, TagError> {
    let mut collector = TagCollector::of(own);
    event.tags(&mut collector);
    collector.all()
}
