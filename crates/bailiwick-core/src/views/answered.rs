//! What a decision with an idempotency key was answered: the last event that says so.
//!
//! Why it is as it is: docs/decisions/idempotency.md.

use std::any::TypeId;
use std::time::Duration;

use super::erased::OneView;
use crate::codec::CodecError;
use crate::event::Event;
use crate::journal::{ANSWERED, EncodedEvent, Idempotency};
use crate::position::Position;
use crate::schema::EventDescriptor;
use crate::schema_version::SchemaVersion;
use crate::tag::{InvalidTag, Tag, Tags};
use crate::tagged::TagCollector;
use crate::time::Timestamp;
use crate::view::Key;

/// The key of the tag that the answer to a decision carries. Not one of an aggregate's: it has a dot.
const ONCE: &str = "bailiwick.once";

/// The idempotency key of a decision, as a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey(Tag);

impl OnceKey {
    /// The longest key, in bytes.
    pub const MAX_BYTES: usize = Tag::MAX_VALUE_BYTES;

    /// # Errors
    /// If the text cannot be the value of a tag.
    pub fn new(key: &str) -> Result<Self, InvalidTag> {
        Tag::new(ONCE, key).map(OnceKey)
    }

    /// The tag that the answer carries.
    pub fn tag(&self) -> &Tag {
        &self.0
    }
}

impl Key for OnceKey {
    fn tags(&self) -> Result<Tags, InvalidTag> {
        Ok(self.0.clone().into())
    }
}

/// The answer to the last decision with a key, if there was one.
#[derive(Debug, Default)]
pub struct LastAnswer(Option<Known>);

/// An answer, and where it stands.
#[derive(Debug)]
pub struct Known {
    /// What the decision is recognised by, and its reply.
    pub idempotency: Idempotency,
    /// Where it stands; none if it is not in the journal yet.
    pub position: Option<Position>,
    at: Timestamp,
}

impl LastAnswer {
    /// The answer, if it is younger than this.
    pub fn within(&self, window: Duration, now: Timestamp) -> Option<&Known> {
        self.0.as_ref().filter(|known| now.since(known.at) < window)
    }
}

impl OneView for LastAnswer {
    type Key = OnceKey;
    type Event = Answered;
    const LAST_ONLY: bool = true;
    /// A key is hardly ever used again.
    const IS_KEPT: bool = false;

    fn begin(_: &OnceKey) -> Self {
        LastAnswer::default()
    }

    fn fold(&mut self, _: Answered, _: Timestamp) {}

    /// All it says stands beside the event.
    fn take(&mut self, event: &EncodedEvent, position: Option<Position>) -> Result<(), CodecError> {
        let idempotency = event.metadata.extra().idempotency.clone();
        self.0 =
            idempotency.map(|idempotency| Known { idempotency, position, at: event.recorded_at });
        Ok(())
    }
}

/// Bailiwick's own event type: see [`ANSWERED`].
#[derive(Debug)]
pub struct Answered;

impl Event for Answered {
    const TYPES: &'static [EventDescriptor] =
        &[EventDescriptor::new(ANSWERED, "bailiwick", TypeId::of::<Answered>()).round_trips(true)];

    fn descriptor(&self) -> &'static EventDescriptor {
        &Self::TYPES[0]
    }

    fn tags(&self, _: &mut TagCollector<'_>) {}

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        #[derive(serde::Serialize)]
        struct Answered {}
        crate::codec::encode(&Answered {}, out)
    }

    fn decode(_: &str, _: SchemaVersion, _: &[u8]) -> Result<Option<Self>, CodecError> {
        Ok(Some(Answered))
    }
}
