//! Events as a journal keeps them: bytes, and what stands beside them.

use bytes::Bytes;

use crate::codec::CodecError;
use crate::event::Event;
use crate::journal::{EventType, RESERVED_PREFIX};
use crate::position::Position;
use crate::schema_version::SchemaVersion;
use crate::tag::{Tag, Tags};
use crate::text::Text;
use crate::time::Timestamp;

mod deadline;
mod delivery;
mod extra;
mod ids;
mod recorded;

pub use deadline::{DeadlineOf, RecordedDeadline};
pub(crate) use delivery::fnv_1a;
pub use delivery::{Delivery, DeliveryTarget};
pub use extra::{Extra, Idempotency, UnknownMetadata};
pub use ids::NotOneId;
pub use recorded::RecordedCommand;

static NO_EXTRA: Extra = Extra::none();

/// An event as a journal keeps it: the payload is bytes, the rest is what a journal may look at.
///
/// It is moved and cloned often, so what few events carry is [apart](Metadata::extra).
///
/// # Examples
/// ```
/// use bailiwick_core::journal::{EncodedEvent, Metadata, Origin, RecordedDeadline, record};
/// use bailiwick_core::{Event, Tag, Timestamp};
/// # use serde::{Deserialize, Serialize};
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct CourseOpened {
///     seats: u32,
/// }
///
/// let opened = CourseOpened { seats: 20 };
/// let tag: Tag = "course:c1".parse()?;
/// let mut payload = Vec::new();
/// opened.encode(&mut payload)?;
///
/// let mut metadata = Metadata::default();
/// let deadline = RecordedDeadline::new(None, 1);
/// metadata.origin = Some(Origin { aggregate: "Course".into(), tag: tag.clone(), deadline });
/// metadata.extra_mut().principal = Some("ann".into());
/// let event = EncodedEvent {
///     event_type: opened.event_type().into(),
///     version: 1,
///     tags: tag.into(),
///     payload: payload.into(),
///     recorded_at: Timestamp::from_millis(7),
///     metadata,
/// };
/// assert_eq!(event.decode()?, Some(opened));
///
/// // A journal that stores only bytes keeps its type, its tags, and the record of the rest.
/// let mut bytes = Vec::new();
/// record::encode(&event, &mut bytes);
/// let read = |bytes| record::decode(event.event_type.clone(), event.tags.clone(), bytes);
/// assert_eq!(read(&bytes)?, event);
/// assert_eq!(read(&[]), Err(record::RecordError::Empty));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedEvent {
    /// The name of its type.
    pub event_type: EventType,
    /// The version of its type's fields.
    pub version: SchemaVersion,
    /// What it concerns.
    pub tags: Tags,
    /// The event itself, encoded.
    pub payload: Bytes,
    /// When it was decided, by the clock of the runtime that decided it.
    pub recorded_at: Timestamp,
    /// Who decided it and why.
    pub metadata: Metadata,
}

impl EncodedEvent {
    /// The event; none if its type is retired.
    ///
    /// # Errors
    /// As [`Event::decode`].
    pub fn decode<E: Event>(&self) -> Result<Option<E>, CodecError> {
        E::decode(self.event_type.as_str(), self.version, &self.payload)
    }

    /// Whether it is one of Bailiwick's own: no domain's type, and never folded.
    pub fn is_reserved(&self) -> bool {
        self.event_type.as_str().starts_with(RESERVED_PREFIX)
    }
}

/// An event with its place in the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordedEvent {
    /// Its place.
    pub position: Position,
    /// The event.
    pub event: EncodedEvent,
}

/// What stands beside an event: who decided it, on whose behalf, and in which conversation.
///
/// For an example see [`EncodedEvent`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metadata {
    /// The command that was decided; none for a deadline.
    pub command: Option<Text>,
    /// The aggregate that decided it; none if it was no aggregate.
    pub origin: Option<Origin>,
    extra: Option<Box<Extra>>,
}

impl Metadata {
    /// What few events carry.
    pub fn extra(&self) -> &Extra {
        self.extra.as_deref().unwrap_or(&NO_EXTRA)
    }

    pub(crate) fn has_extra(&self) -> bool {
        self.extra.is_some()
    }

    /// What few events carry, to be changed.
    pub fn extra_mut(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }
}

/// Whether there is room for what is not there makes no difference.
impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        (&self.command, &self.origin, self.extra())
            == (&other.command, &other.origin, other.extra())
    }
}

/// The aggregate that decided an event, and the deadline it has after what it decided.
///
/// For an example see [`EncodedEvent`].
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The `NAME` of the aggregate's type.
    pub aggregate: Text,
    /// The aggregate's own tag.
    pub tag: Tag,
    /// Its deadline after all events of the same command, so that a restart can arm it without
    /// loading the aggregate.
    pub deadline: RecordedDeadline,
}
