//! What came of a decision, and what may be said about it.

use std::fmt::Debug;

use super::Given;
use super::came::Verdict;
use super::events::GivenEvents;
use super::happened::Happened;
use super::reacted::PolicyOutcome;
use super::verdict::{Judged, Untold};
use crate::decision::{Bounded, Decision};
use crate::id::IntoId;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::view::Aggregate;
use crate::views::{Folded, Views};

/// What came of a decision: assert on it, then go on with the story.
///
/// If it was rejected, [`rejected`](DecisionOutcome::rejected) comes next. Before that, every other
/// method fails and shows what happened.
///
/// For an example see [`given_events`](crate::given_events).
pub struct DecisionOutcome<D: Decision> {
    story: GivenEvents,
    bounded: Bounded<D>,
    views: Folded,
    verdict: Untold<D::Event, D::Reply, D::Rejection>,
}

impl<D: Decision<Event: PartialEq + Debug>> DecisionOutcome<D> {
    pub(super) fn new(
        story: GivenEvents,
        name: &'static str,
        bounded: Bounded<D>,
        views: Folded,
        judged: Judged<D::Event, D::Reply, D::Rejection>,
    ) -> Self {
        let verdict = Untold::new(story.heading(), name, judged);
        DecisionOutcome { story, bounded, views, verdict }
    }

    /// It was accepted, whatever it emitted.
    ///
    /// # Panics
    /// If it was rejected.
    #[track_caller]
    pub fn accepted(self) -> Self {
        self.verdict.accepted();
        self
    }

    /// It was accepted and emitted exactly these events, in this order.
    ///
    /// # Panics
    /// If it was rejected, or emitted other events.
    #[track_caller]
    pub fn emits(self, expected: impl IntoIterator<Item = D::Event>) -> Self {
        self.verdict.emits(expected);
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
    pub fn replies(self, expected: D::Reply) -> Self
    where
        D::Reply: PartialEq + Debug,
    {
        self.verdict.replies(&expected);
        self
    }

    /// It was refused by this rule.
    ///
    /// # Panics
    /// If it was accepted, or refused by another rule.
    #[track_caller]
    pub fn rejected(mut self, expected: impl Into<D::Rejection>) -> Self
    where
        D::Rejection: PartialEq,
    {
        self.verdict.rejected(&expected.into());
        self
    }

    /// Whatever came of it, as a value, and the story, which goes on: as
    /// [`Outcome::result`](crate::Outcome::result) for commands.
    #[allow(clippy::type_complexity, reason = "three types that the decision names, and the story")]
    pub fn result(self) -> (Verdict<D::Event, D::Reply, D::Rejection>, GivenEvents) {
        (self.verdict.into_verdict(), self.story)
    }

    /// A look at its views after it and at the time, with assertions of your own.
    ///
    /// # Panics
    /// If it was rejected and [`rejected`](DecisionOutcome::rejected) did not say so.
    #[track_caller]
    pub fn views(
        self,
        look: impl for<'a> FnOnce(<D::Views as Views>::Refs<'a>, Timestamp),
    ) -> Self {
        self.verdict.is_told();
        look(self.bounded.refs(&self.views), self.story.now);
        self
    }

    /// The story goes on at this time, with what was decided.
    ///
    /// # Panics
    /// As [`views`](DecisionOutcome::views) does, or if that would be back in time.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn at(self, time: impl Into<Timestamp>) -> GivenEvents {
        self.go_on().at(time)
    }

    /// The story goes on: this was recorded, at the same time.
    ///
    /// # Panics
    /// As [`views`](DecisionOutcome::views) and [`GivenEvents::event`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn event(self, event: impl Happened) -> GivenEvents {
        self.go_on().event(event)
    }

    /// The story goes on: these were recorded, at the same time.
    ///
    /// # Panics
    /// As [`views`](DecisionOutcome::views) and [`GivenEvents::event`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn events(self, events: impl IntoIterator<Item: Happened>) -> GivenEvents {
        self.go_on().events(events)
    }

    /// The story goes on: this was recorded, and does not matter to the next decision.
    ///
    /// # Panics
    /// As [`views`](DecisionOutcome::views) and [`GivenEvents::unrelated`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn unrelated(self, event: impl Happened) -> GivenEvents {
        self.go_on().unrelated(event)
    }

    /// The story goes on with another decision at the same time.
    ///
    /// # Panics
    /// As [`views`](DecisionOutcome::views) and [`GivenEvents::when`] do.
    #[track_caller]
    #[must_use = "say what should come of the decision: `emits`, `rejected`, ..."]
    pub fn when<E>(self, decision: E) -> DecisionOutcome<E>
    where
        E: Decision<Event: PartialEq + Debug>,
    {
        self.go_on().when(decision)
    }

    /// The story goes on: a policy sees something, at the same time.
    ///
    /// # Panics
    /// As [`views`](DecisionOutcome::views) and [`GivenEvents::sees`] do.
    #[track_caller]
    #[must_use = "say what should come of it: `sends`, `gives_up`, ..."]
    pub fn sees<P>(self, policy: P, news: impl Happened) -> PolicyOutcome
    where
        P: Policy<Event: Sync>,
    {
        self.go_on().sees(policy, news)
    }

    /// The story goes on about one aggregate, on what has happened to it so far.
    ///
    /// # Panics
    /// As [`views`](DecisionOutcome::views) and [`GivenEvents::aggregate`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `expires`"]
    pub fn aggregate<A: Aggregate>(self, id: impl IntoId<A::Key>) -> Given<A> {
        self.go_on().aggregate(id)
    }

    #[track_caller]
    fn go_on(self) -> GivenEvents {
        self.verdict.is_told();
        self.story
    }
}
