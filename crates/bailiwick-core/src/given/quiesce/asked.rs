//! What came of what was asked last, and what may be said about it.

use std::error::Error;
use std::fmt::Debug;

use super::Quiesce;
use crate::event::Event;
use crate::given::came::Verdict;
use crate::given::verdict::Untold;
use crate::view::Aggregate;

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
///
/// For an example see [`quiesce`](fn@crate::quiesce).
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
    /// [`Outcome::result`](crate::Outcome::result). With [`refusals`](Quiesce::refusals) a story can be made
    /// up as it goes on:
    ///
    /// ```
    /// # use bailiwick_core::{Aggregate, Context, Event, Timestamp, View, commands, id, quiesce, require};
    /// # id!(pub CupNo(u64): "cup");
    /// # #[derive(Event, Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    /// # pub struct Poured { ml: u64 }
    /// # pub struct Cup { ml: u64 }
    /// # impl View for Cup {
    /// #     type Key = CupNo;
    /// #     type Event = Poured;
    /// #     fn new(_: &CupNo) -> Cup { Cup { ml: 0 } }
    /// #     fn apply(&mut self, event: &Poured, _: Timestamp) { self.ml += event.ml; }
    /// # }
    /// # impl Aggregate for Cup { const NAME: &'static str = "cup"; }
    /// # pub struct Pour { ml: u64 }
    /// # #[derive(Debug, PartialEq, thiserror::Error)] #[error("too much")] pub struct TooMuch;
    /// # #[commands]
    /// # impl Cup {
    /// #     fn pour(&self, pour: &Pour, ctx: &mut Context<Poured>) -> Result<(), TooMuch> {
    /// #         require(self.ml + pour.ml <= 200, TooMuch)?;
    /// #         ctx.emit(Poured { ml: pour.ml });
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let dice = [(1, 50), (2, 190), (1, 100), (1, 60), (2, 30)];
    /// use bailiwick_core::Verdict;
    ///
    /// let mut story = quiesce().aggregate::<Cup>();
    /// for (cup, ml) in dice {
    ///     let (verdict, after) = story.get::<Cup>(cup).ask(Pour { ml }).result();
    ///     assert!(!matches!(verdict, Verdict::Panicked(_)));
    ///     let (_refusals, after) = after.refusals();
    ///     story = after.views::<Cup>(cup.into(), |cup, _now| assert!(cup.ml <= 200));
    /// }
    /// ```
    pub fn result(self) -> (Verdict<E, Reply, Rejection>, Quiesce) {
        (self.came.0.into_verdict(), Quiesce { set: self.set, of: (), came: () })
    }
}
