//! What can be given to a decision: an event, with the tags that it will have in the journal.

use std::fmt::Debug;

use crate::event::Event;
use crate::id::{Id, IntoId};
use crate::journal::{Origin, RecordedDeadline};
use crate::tag::InvalidTag;
use crate::text::Text;
use crate::view::Aggregate;

/// An event that can be given: one that carries all its tags itself, as those that decisions emit
/// do, or one [`by`] an aggregate, which carries the aggregate's tag as well.
///
/// For an example see [`given_events`](crate::given_events).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event that can be given",
    note = "give an event that is `PartialEq` and `Debug`, or `by::<Aggregate>(id, event)`"
)]
pub trait Happened {
    /// The set it is of.
    type Event: Event + PartialEq + Debug;

    /// The event.
    #[doc(hidden)]
    fn event(&self) -> &Self::Event;

    /// The aggregate that emitted it, whose tag it has beside those of its fields.
    #[doc(hidden)]
    fn origin(&self) -> Result<Option<Origin>, InvalidTag>;
}

impl<E: Event + PartialEq + Debug> Happened for E {
    type Event = E;

    fn event(&self) -> &E {
        self
    }

    fn origin(&self) -> Result<Option<Origin>, InvalidTag> {
        Ok(None)
    }
}

/// An event that an aggregate emitted: it carries the tag of that aggregate, whatever its fields.
///
/// `by::<Course>("c1", CourseDefined { capacity: 10 })`
///
/// For an example see [`given_events`](crate::given_events).
pub fn by<A: Aggregate>(id: impl IntoId<A::Key>, event: impl Into<A::Event>) -> By<A> {
    By { id: id.into_id(), event: event.into() }
}

/// An event [`by`] an aggregate.
///
/// For an example see [`given_events`](crate::given_events).
pub struct By<A: Aggregate> {
    id: A::Key,
    event: A::Event,
}

impl<A: Aggregate<Event: PartialEq + Debug>> Happened for By<A> {
    type Event = A::Event;

    fn event(&self) -> &A::Event {
        &self.event
    }

    fn origin(&self) -> Result<Option<Origin>, InvalidTag> {
        // What falls due afterwards is what its state says, which is not looked at here.
        let deadline = RecordedDeadline::new(None, A::DEADLINE_VERSION);
        Ok(Some(Origin { aggregate: Text::literal(A::NAME), tag: self.id.tag()?, deadline }))
    }
}

impl<A: Aggregate<Event: Clone>> Clone for By<A> {
    fn clone(&self) -> Self {
        By { id: self.id.clone(), event: self.event.clone() }
    }
}

impl<A: Aggregate<Event: Debug>> Debug for By<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} by {} {}", self.event, A::NAME, self.id)
    }
}
