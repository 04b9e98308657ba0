//! News: an event that is in the journal, as a policy or a subscription sees it.

use crate::codec::CodecError;
use crate::event::Event;
use crate::id::Id;
use crate::journal::{NotOneId, RecordedEvent};
use crate::position::Position;
use crate::tag::Tags;
use crate::text::Text;
use crate::time::Timestamp;
use crate::view::Aggregate;

/// An event that is in the journal, with what stands beside it: what a [policy](crate::Policy) reacts to, and
/// what a subscription gives.
///
/// For an example see [`Policy`](crate::Policy).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct News<E> {
    /// The event.
    pub event: E,
    recorded: RecordedEvent,
}

impl<E: Event> News<E> {
    /// Reads the news that an event is; none if its type is retired.
    ///
    /// # Errors
    /// As [`Event::decode`].
    pub fn read(recorded: RecordedEvent) -> Result<Option<News<E>>, CodecError> {
        let event = recorded.event.decode()?;
        Ok(event.map(|event| News { event, recorded }))
    }
}

impl<E> News<E> {
    /// Its place in the journal.
    pub fn position(&self) -> Position {
        self.recorded.position
    }

    /// When it was recorded. There is no other time for a policy.
    pub fn at(&self) -> Timestamp {
        self.recorded.event.recorded_at
    }

    /// What it concerns.
    pub fn tags(&self) -> &Tags {
        &self.recorded.event.tags
    }

    /// The one ID of this type in its tags.
    ///
    /// # Errors
    /// If there is none, or more than one, or it cannot be read.
    pub fn id<I: Id>(&self) -> Result<I, NotOneId> {
        self.recorded.id()
    }

    /// The aggregate that emitted it, if it is of this type.
    ///
    /// # Errors
    /// If its ID cannot be read.
    pub fn emitter<A: Aggregate>(&self) -> Result<Option<A::Key>, NotOneId> {
        self.recorded.decided_by::<A>()
    }

    /// The name of the command that was decided; none for a deadline.
    pub fn command(&self) -> Option<&Text> {
        self.recorded.event.metadata.command.as_ref()
    }

    /// The conversation it belongs to, if that was said. What the policy sends belongs to it too.
    pub fn correlation(&self) -> Option<&Text> {
        self.recorded.event.metadata.extra().correlation.as_ref()
    }

    /// The event that it is a consequence of, if it is one of a policy's news: that event's place.
    pub fn causation(&self) -> Option<Position> {
        self.recorded.event.metadata.extra().causation
    }

    /// On whose behalf it was, if that was said. What the policy sends is on nobody's.
    pub fn principal(&self) -> Option<&Text> {
        self.recorded.event.metadata.extra().principal.as_ref()
    }

    /// The event as it stands in the journal.
    pub fn recorded(&self) -> &RecordedEvent {
        &self.recorded
    }
}
