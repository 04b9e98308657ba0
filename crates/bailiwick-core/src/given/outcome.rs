//! What came of a command, and what may be said about it.

use std::error::Error;
use std::fmt::Debug;

use super::Given;
use super::came::Came;
use super::verdict::{Judged, Untold};
use crate::time::Timestamp;
use crate::view::{Aggregate, Decide};

/// What came of a command: assert on it, then go on with the story.
///
/// If something expired before the command, [`expires_first`](Outcome::expires_first) comes first;
/// if the command was rejected, [`rejected`](Outcome::rejected) comes next. Before that, every other
/// method fails and shows what happened.
///
/// # Examples
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/door.rs"));
/// # fn main() {
/// given::<Door>("front")
///     .when(Open { millis: 50 })
///     .emits([DoorEvent::Opened { until: 50.into() }])
///     .replies(50.into())
///     .deadline(50)
///     .when(Open { millis: 50 })
///     .rejected(AlreadyOpen)
///     .at(60)
///     .when(Open { millis: 50 })
///     .expires_first([DoorEvent::Closed {}])
///     .accepted()
///     .deadline(110);
/// # }
/// ```
pub struct Outcome<A: Aggregate, Reply, Rejection> {
    story: Given<A>,
    expired: Vec<A::Event>,
    expiry_told: bool,
    verdict: Untold<A::Event, Reply, Rejection>,
}

impl<A, Reply, Rejection> Outcome<A, Reply, Rejection>
where
    A: Aggregate<Event: PartialEq + Debug>,
    Rejection: Error + 'static,
{
    pub(super) fn new(
        story: Given<A>,
        command: &'static str,
        expired: Vec<A::Event>,
        judged: Judged<A::Event, Reply, Rejection>,
    ) -> Self {
        let verdict = Untold::new(story.heading(), command, judged);
        Outcome { story, expiry_told: expired.is_empty(), expired, verdict }
    }

    /// Exactly these events were emitted by the deadline, before the command was judged.
    ///
    /// # Panics
    /// If they were not.
    #[track_caller]
    pub fn expires_first(mut self, expected: impl IntoIterator<Item = A::Event>) -> Self {
        self.expiry_told = true;
        self.verdict
            .report("found other things expired than was expected")
            .compare(expected, &self.expired);
        self
    }

    /// The command was accepted, whatever it emitted.
    ///
    /// # Panics
    /// If it was rejected.
    #[track_caller]
    pub fn accepted(self) -> Self {
        self.expiry_is_told();
        self.verdict.accepted();
        self
    }

    /// The command was accepted and emitted exactly these events, in this order.
    ///
    /// # Panics
    /// If it was rejected, or emitted other events.
    #[track_caller]
    pub fn emits(self, expected: impl IntoIterator<Item = A::Event>) -> Self {
        self.expiry_is_told();
        self.verdict.emits(expected);
        self
    }

    /// The command was accepted and emitted no event.
    ///
    /// # Panics
    /// If it was rejected, or emitted an event.
    #[track_caller]
    pub fn emits_nothing(self) -> Self {
        self.emits([])
    }

    /// The command was accepted with this reply.
    ///
    /// # Panics
    /// If it was rejected, or replied something else.
    #[track_caller]
    pub fn replies(self, expected: Reply) -> Self
    where
        Reply: PartialEq + Debug,
    {
        self.expiry_is_told();
        self.verdict.replies(&expected);
        self
    }

    /// The command was refused by this rule. What expired before it stands.
    ///
    /// # Panics
    /// If it was accepted, or refused by another rule.
    #[track_caller]
    pub fn rejected(mut self, expected: impl Into<Rejection>) -> Self
    where
        Rejection: PartialEq,
    {
        self.expiry_is_told();
        self.verdict.rejected(&expected.into());
        self
    }

    /// Whatever came of the command, as a value, and the story, which goes on.
    ///
    /// So a story can be made up as it goes on, and be judged by what must hold in every one: no second
    /// model of the rules is needed to know what to expect. A panic of the aggregate is a value too; with
    /// any other method it fails the test.
    ///
    /// ```
    /// # use bailiwick_core::{Aggregate, Context, Decide, Timestamp, View, given};
    /// # bailiwick_core::id!(pub CupId: "cup");
    /// # #[derive(bailiwick_core::Event, Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    /// # pub struct Poured { ml: u32 }
    /// # pub struct Cup { ml: u32 }
    /// # impl View for Cup {
    /// #     type Key = CupId;
    /// #     type Event = Poured;
    /// #     fn new(_: &CupId) -> Cup { Cup { ml: 0 } }
    /// #     fn apply(&mut self, event: &Poured, _: Timestamp) { self.ml += event.ml; }
    /// # }
    /// # impl Aggregate for Cup { const NAME: &'static str = "cup"; }
    /// # pub struct Pour { ml: u32 }
    /// # #[derive(Debug, PartialEq, thiserror::Error)] #[error("too much")] pub struct TooMuch;
    /// # impl Decide<Pour> for Cup {
    /// #     type Reply = ();
    /// #     type Rejection = TooMuch;
    /// #     fn decide(&self, pour: &Pour, ctx: &mut Context<Poured>) -> Result<(), TooMuch> {
    /// #         bailiwick_core::require(self.ml + pour.ml <= 200, TooMuch)?;
    /// #         ctx.emit(Poured { ml: pour.ml });
    /// #         Ok(())
    /// #     }
    /// # }
    /// # let dice = [50, 190, 100, 60, 30];
    /// use bailiwick_core::Verdict;
    ///
    /// let mut story = given::<Cup>("c1");
    /// for ml in dice {
    ///     let (came, after) = story.when(Pour { ml }).result();
    ///     assert!(!matches!(came.verdict, Verdict::Panicked(_)));
    ///     story = after.state(|cup, _| assert!(cup.ml <= 200));
    /// }
    /// ```
    pub fn result(self) -> (Came<A::Event, Reply, Rejection>, Given<A>) {
        let came = Came { expired: self.expired, verdict: self.verdict.into_verdict() };
        (came, self.story)
    }

    /// A look at the state after the command and at the time, with assertions of your own.
    #[track_caller]
    pub fn state(self, look: impl FnOnce(&A, Timestamp)) -> Self {
        self.all_is_told();
        look(&self.story.state, self.story.now);
        self
    }

    /// After it, something falls due at exactly this time.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn deadline(mut self, time: impl Into<Timestamp>) -> Self {
        self.all_is_told();
        self.story = self.story.deadline(time);
        self
    }

    /// After it, nothing will fall due by itself.
    ///
    /// # Panics
    /// If something will.
    #[track_caller]
    pub fn no_deadline(mut self) -> Self {
        self.all_is_told();
        self.story = self.story.no_deadline();
        self
    }

    /// The story goes on at this time, with the state as the command left it.
    ///
    /// # Panics
    /// If the command was rejected and [`rejected`](Outcome::rejected) did not say so, or if that
    /// would be back in time.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `expires`"]
    pub fn at(self, time: impl Into<Timestamp>) -> Given<A> {
        self.go_on().at(time)
    }

    /// The story goes on: these events were recorded, at the same time.
    ///
    /// # Panics
    /// As [`at`](Outcome::at) and [`Given::events`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `expires`"]
    pub fn events(self, events: impl IntoIterator<Item = A::Event>) -> Given<A> {
        self.go_on().events(events)
    }

    /// The story goes on with another command at the same time.
    ///
    /// # Panics
    /// As [`at`](Outcome::at) and [`Given::when`] do.
    #[track_caller]
    #[must_use = "say what should come of the command: `emits`, `rejected`, ..."]
    pub fn when<C>(self, command: C) -> Outcome<A, A::Reply, A::Rejection>
    where
        A: Decide<C>,
    {
        self.go_on().when(command)
    }

    #[track_caller]
    fn go_on(self) -> Given<A> {
        self.all_is_told();
        self.story
    }

    #[track_caller]
    fn all_is_told(&self) {
        self.expiry_is_told();
        self.verdict.is_told();
    }

    #[track_caller]
    fn expiry_is_told(&self) {
        if !self.expiry_told {
            self.verdict
                .report("found something expired before it; say so first, with `.expires_first`")
                .all_happened(&self.expired)
                .fail();
        }
    }
}
