//! What a policy made of news, and what may be said about it.

use std::fmt::Debug;

use super::Given;
use super::decided::DecisionOutcome;
use super::events::GivenEvents;
use super::happened::Happened;
use super::reacting::Reacted;
use super::report::{Marks, Report};
use super::sent::{Sent, Shown};
use crate::decision::Decision;
use crate::id::IntoId;
use crate::policy::Policy;
use crate::time::Timestamp;
use crate::view::Aggregate;

/// What a [policy](Policy) made of news: say what, then go on with the story.
///
/// If it sends commands, [`sends`](PolicyOutcome::sends) comes next; if it gave up,
/// [`gives_up`](PolicyOutcome::gives_up). Before that, everything that goes on with the story fails and
/// shows what happened. The story goes on without what the commands do: for that there is
/// [`quiesce`](fn@crate::quiesce).
///
/// For an example see [`GivenEvents::sees`].
pub struct PolicyOutcome {
    story: GivenEvents,
    policy: &'static str,
    news: String,
    reacted: Reacted,
    told: bool,
}

const SENT: Marks = Marks { left: "expected", right: "sent", both: "as expected" };

impl PolicyOutcome {
    pub(super) fn new(
        story: GivenEvents,
        policy: &'static str,
        news: String,
        reacted: Reacted,
    ) -> Self {
        let told = matches!(&reacted, Reacted::Sends(sent) if sent.is_empty());
        PolicyOutcome { story, policy, news, reacted, told }
    }

    /// It sends exactly these commands, in this order: made by [`to`](crate::to) and
    /// [`decision`](crate::decision).
    ///
    /// # Panics
    /// If it sends others, or gave up.
    #[track_caller]
    pub fn sends(mut self, expected: impl IntoIterator<Item = Sent>) -> Self {
        self.told = true;
        let expected: Vec<Sent> = expected.into_iter().collect();
        match &self.reacted {
            Reacted::Sends(sent) => {
                let sent: Vec<_> = sent.iter().map(Shown).collect();
                self.report("sent other commands than was expected").side_by_side(
                    &SENT,
                    &expected,
                    &sent,
                    |expected, sent| expected.is(sent.0),
                );
            }
            Reacted::GivesUp(why) => self
                .report("gave up, and should not have")
                .all("expected", &expected)
                .line("gave up", why)
                .fail(),
        }
        self
    }

    /// It sends nothing.
    ///
    /// # Panics
    /// If it sends something, or gave up.
    #[track_caller]
    pub fn sends_nothing(self) -> Self {
        self.sends([])
    }

    /// It gave up, for a reason with these words in it.
    ///
    /// # Panics
    /// If it did not, or for another reason.
    #[track_caller]
    pub fn gives_up(mut self, because: &str) -> Self {
        self.told = true;
        match &self.reacted {
            Reacted::GivesUp(why) if why.reason().contains(because) => return self,
            Reacted::GivesUp(why) => self
                .report("gave up for another reason than was expected")
                .line("expected", because)
                .line("gave up", why),
            Reacted::Sends(_) => self
                .report("should have given up")
                .line("expected", because)
                .all("sent", &self.reacted.lines()),
        }
        .fail()
    }

    /// The story goes on at this time.
    ///
    /// # Panics
    /// If nothing was said about what it sends or why it gave up, or if that would be back in time.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn at(self, time: impl Into<Timestamp>) -> GivenEvents {
        self.go_on().at(time)
    }

    /// The story goes on: this was recorded, at the same time.
    ///
    /// # Panics
    /// As [`at`](PolicyOutcome::at) and [`GivenEvents::event`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn event(self, event: impl Happened) -> GivenEvents {
        self.go_on().event(event)
    }

    /// The story goes on: these were recorded, at the same time.
    ///
    /// # Panics
    /// As [`at`](PolicyOutcome::at) and [`GivenEvents::event`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn events(self, events: impl IntoIterator<Item: Happened>) -> GivenEvents {
        self.go_on().events(events)
    }

    /// The story goes on: this was recorded, and does not matter to who is next.
    ///
    /// # Panics
    /// As [`at`](PolicyOutcome::at) and [`GivenEvents::unrelated`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn unrelated(self, event: impl Happened) -> GivenEvents {
        self.go_on().unrelated(event)
    }

    /// The story goes on with a decision at the same time.
    ///
    /// # Panics
    /// As [`at`](PolicyOutcome::at) and [`GivenEvents::when`] do.
    #[track_caller]
    #[must_use = "say what should come of the decision: `emits`, `rejected`, ..."]
    pub fn when<D>(self, decision: D) -> DecisionOutcome<D>
    where
        D: Decision<Event: PartialEq + Debug>,
    {
        self.go_on().when(decision)
    }

    /// The story goes on: a policy sees something else, at the same time.
    ///
    /// # Panics
    /// As [`at`](PolicyOutcome::at) and [`GivenEvents::sees`] do.
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
    /// As [`at`](PolicyOutcome::at) and [`GivenEvents::aggregate`] do.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `expires`"]
    pub fn aggregate<A: Aggregate>(self, id: impl IntoId<A::Key>) -> Given<A> {
        self.go_on().aggregate(id)
    }

    #[track_caller]
    fn go_on(self) -> GivenEvents {
        if !self.told {
            self.report("did this, and the story goes on without a word of it")
                .all("sent", &self.reacted.lines())
                .fail();
        }
        self.story
    }

    fn report(&self, what: &str) -> Report {
        let heading = self.story.heading();
        Report::new(format_args!("{heading}"), format_args!("{} {what}", self.policy))
            .line("seeing", &self.news)
    }
}
