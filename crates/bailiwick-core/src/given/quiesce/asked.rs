//! What came of what was asked last, and what may be said about it.

use std::error::Error;
use std::fmt::Debug;

use super::Quiesce;
use crate::given::came::Verdict;
use crate::given::verdict::Untold;
use crate::{Aggregate, Event};

/// The aggregate that a story [addresses](Quiesce::get).
///
/// For an example see [`quiesce`](fn@crate::quiesce).
pub struct Addressed<A: Aggregate> {
    pub(super) id: A::Key,
}

/// What came of what was asked last.
///
/// For an example see [`quiesce`](fn@crate::quiesce).
pub struct Asked<E, Reply, Rejection>(pub(super) Untold<E, Reply, Rejection>);

/// What a story has to say before it goes on.
pub trait Told {
    /// Fails if there is something left to say.
    #[doc(hidden)]
    #[track_caller]
    fn is_told(&self);
}

impl Told for () {
    fn is_told(&self) {}
}

impl<E, Reply, Rejection> Told for Asked<E, Reply, Rejection>
where
    E: Event + PartialEq + Debug,
    Rejection: Error + 'static,
{
    #[track_caller]
    fn is_told(&self) {
        self.0.is_told();
    }
}

impl<Of, E, Reply, Rejection> Quiesce<Of, Asked<E, Reply, Rejection>>
where
    E: Event + PartialEq + Debug,
    Rejection: Error + 'static,
{
    /// It was accepted, whatever it emitted.
    ///
    /// # Panics
    /// If it was rejected.
    #[track_caller]
    pub fn accepted(self) -> Self {
        self.came.0.accepted();
        self
    }

    /// It was accepted and emitted exactly these events, in this order: it alone, not what followed.
    ///
    /// # Panics
    /// If it was rejected, or emitted other events.
    #[track_caller]
    pub fn emits(self, expected: impl IntoIterator<Item = E>) -> Self {
        self.came.0.emits(expected);
        self
    }

    /// It was accepted and emitted no event.
    ///
    /// # Panics
    /// If it was rejected, or emitted an event.
    #[track_caller]
    pub fn emits_nothing(self) -> Self {
        self.emits([])
    }

    /// It was accepted with this reply.
    ///
    /// # Panics
    /// If it was rejected, or replied something else.
    #[track_caller]
    pub fn replies(self, expected: Reply) -> Self
    where
        Reply: PartialEq + Debug,
    {
        self.came.0.replies(&expected);
        self
    }

    /// It was refused by this rule.
    ///
    /// # Panics
    /// If it was accepted, or refused by another rule.
    #[track_caller]
    pub fn rejected(mut self, expected: impl Into<Rejection>) -> Self
    where
        Rejection: PartialEq,
    {
        self.came.0.rejected(&expected.into());
        self
    }

    /// Whatever came of it, as a value, and the story, which goes on: as
    /// [`Outcome::result`](crate::Outcome::result).
    #[allow(clippy::type_complexity, reason = "what came of it, and the story")]
    pub fn result(self) -> (Verdict<E, Reply, Rejection>, Quiesce<Of>) {
        (self.came.0.into_verdict(), Quiesce { set: self.set, of: self.of, came: () })
    }
}
