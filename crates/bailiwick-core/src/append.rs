//! What is appended, and on which condition.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{EventType, Position, Query, Tag, Tags, Text, Timestamp};

/// The condition of an append, as the specification has it: it fails if an event beyond `after`
/// matches `query`, or if any event at all matches `never`.
///
/// `after` is exclusive and may lie above the last match; [`Position::START`] lets any match fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppendCondition {
    /// What must not have happened...
    pub query: Query,
    /// ...after this position.
    pub after: Position,
    /// What must never have happened. A guard with a boundary of its own, for uniqueness beside a
    /// moving boundary.
    pub never: Option<Query>,
}

impl AppendCondition {
    /// Fails if any event matches `query`.
    pub fn new(query: Query) -> Self {
        AppendCondition { query, after: Position::START, never: None }
    }

    /// Ignores events up to and including `after`.
    #[must_use]
    pub fn after(self, after: Position) -> Self {
        AppendCondition { after, ..self }
    }

    /// Also fails if any event at all matches `query`.
    #[must_use]
    pub fn never(self, query: Query) -> Self {
        AppendCondition { never: Some(query), ..self }
    }
}

/// An event as a journal keeps it: the payload is bytes, the rest is what a journal may look at.
#[derive(Clone, Debug, PartialEq)]
pub struct EncodedEvent {
    /// The name of its type.
    pub event_type: EventType,
    /// What it concerns.
    pub tags: Tags,
    /// The event itself, encoded.
    pub payload: Bytes,
    /// When it was decided, by the clock of the runtime that decided it.
    pub recorded_at: Timestamp,
    /// Who decided it and why.
    pub metadata: Metadata,
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
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The command that was decided; none for a deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<Text>,
    /// The conversation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<Text>,
    /// On whose behalf.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<Text>,
    /// The aggregate that decided it; none if it was no aggregate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// The aggregate that decided an event, and the deadline it has after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The `NAME` of the aggregate's type.
    pub aggregate: Text,
    /// The aggregate's own tag.
    pub tag: Tag,
    /// Its deadline after this event, so that a restart can arm it without loading the aggregate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
}
