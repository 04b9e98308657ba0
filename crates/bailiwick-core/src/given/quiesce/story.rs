//! The steps of a story, and looks at what it has come to.

use std::fmt::Debug;

use super::aggregates::KindOf;
use super::asked::{Addressed, Asked, Told};
use super::refusal::Refusal;
use super::{Quiesce, decisions, ok};
use crate::decision::Decision;
use crate::effect::Effect;
use crate::event::Event;
use crate::given::happened::Happened;
use crate::given::sent::Sent;
use crate::given::survives;
use crate::given::verdict::{Judged, Untold};
use crate::id::IntoId;
use crate::journal::RecordedEvent;
use crate::short_name::short_name;
use crate::text::Text;
use crate::time::Timestamp;
use crate::view::{Aggregate, Decide};
use crate::views::{Boundary, Views};

impl<Of, Came: Told> Quiesce<Of, Came> {
    /// The time moves on. What falls due until then expires, and policies see what comes of it.
    ///
    /// # Panics
    /// If something was rejected, refused or given up and the story did not say so, if that would be back
    /// in time, and if the set [fails the story](fn@crate::quiesce#what-fails-a-story).
    #[track_caller]
    pub fn at(self, time: impl Into<Timestamp>) -> Quiesce<Of> {
        let (time, mut story) = (time.into(), self.go_on());
        if time < story.set.past.now {
            story.report(format_args!("time cannot go back to {time}")).fail();
        }
        ok(story.set.settle(time));
        story
    }

    /// This was recorded by somebody else, at the story's time: an event, or one [`by`](crate::by) an
    /// aggregate.
    ///
    /// # Panics
    /// If it could not be recorded, and as [`at`](Quiesce::at) does.
    #[track_caller]
    pub fn event(self, event: impl Happened) -> Quiesce<Of> {
        self.events([event])
    }

    /// These were recorded by somebody else, at the story's time and at once, as
    /// [`event`](Quiesce::event) says.
    ///
    /// # Panics
    /// As [`event`](Quiesce::event) does.
    #[track_caller]
    pub fn events(self, events: impl IntoIterator<Item: Happened>) -> Quiesce<Of> {
        let mut story = self.go_on();
        for event in events {
            match survives::given(&event, story.set.past.now) {
                Ok(recorded) => {
                    story.set.past.append(recorded, format!("{:?}", event.event()));
                }
                Err(error) => story
                    .report(format_args!("this event cannot be given"))
                    .happened(event.event())
                    .because(error.as_ref())
                    .fail(),
            }
        }
        story.settled()
    }

    /// The story goes on with this aggregate: [`ask`](Quiesce::ask) and [`state`](Quiesce::state) are of it.
    ///
    /// # Panics
    /// If something was rejected, refused or given up and the story did not say so.
    #[track_caller]
    pub fn get<A: Aggregate>(self, id: impl IntoId<A::Key>) -> Quiesce<Addressed<A>> {
        let Quiesce { set, .. } = self.go_on();
        Quiesce { set, of: Addressed { id: id.into_id() }, came: () }
    }

    /// A decision is asked for, then policies come to rest.
    ///
    /// # Panics
    /// As [`at`](Quiesce::at) does.
    #[track_caller]
    #[allow(clippy::type_complexity, reason = "what came of it")]
    pub fn decide<D>(self, decision: D) -> Quiesce<Of, Asked<D::Event, D::Reply, D::Rejection>>
    where
        D: Decision<Event: PartialEq + Debug>,
    {
        let mut story = self.go_on();
        let cause = story.set.caller(decisions::name::<D>());
        let set = &mut *story.set;
        let (judged, _) = ok(decisions::decide(&mut set.past, &set.kinds, decision, &cause));
        story.came(short_name::<D>(), judged)
    }

    /// The conversation to which the next command belongs, and what follows from it.
    ///
    /// # Panics
    /// If something was rejected, refused or given up and the story did not say so.
    #[track_caller]
    pub fn correlation(self, correlation: impl Into<Text>) -> Quiesce<Of> {
        let mut story = self.go_on();
        story.set.correlation = Some(correlation.into());
        story
    }

    /// On whose behalf the next command is.
    ///
    /// # Panics
    /// If something was rejected, refused or given up and the story did not say so.
    #[track_caller]
    pub fn principal(self, principal: impl Into<Text>) -> Quiesce<Of> {
        let mut story = self.go_on();
        story.set.principal = Some(principal.into());
        story
    }

    /// A policy sent this, made by [`to`](crate::to) or [`decision`](crate::decision), and it was refused,
    /// for a reason with these words in it.
    ///
    /// # Panics
    /// If what was asked was rejected and the story did not say so, or if that was not refused, or for
    /// another reason, or the story has mentioned it already.
    #[track_caller]
    pub fn refused(mut self, sent: Sent, because: &str) -> Self {
        self.came.is_told();
        ok(self.set.refused(&sent, because));
        self
    }

    /// A policy or an effect, of this type, gave up, for a reason with these words in it.
    ///
    /// # Panics
    /// If what was asked was rejected and the story did not say so, or if it did not give up, or for
    /// another reason, or the story has mentioned it already.
    #[track_caller]
    pub fn gave_up<P: 'static>(mut self, because: &str) -> Self {
        self.came.is_told();
        ok(self.set.in_vain::<P>(false, because));
        self
    }

    /// An effect of this type asks to be retried, for a reason with these words in it: at a later time of the
    /// story, as a runtime would. Until then its lane stands still.
    ///
    /// # Panics
    /// If what was asked was rejected and the story did not say so, or if it does not ask for that, or for
    /// another reason, or the story has mentioned it already.
    #[track_caller]
    pub fn retries<F: Effect>(mut self, because: &str) -> Self {
        self.came.is_told();
        ok(self.set.in_vain::<F>(true, because));
        self
    }

    /// Whatever was refused or given up and was not mentioned yet, as values, and the story, which goes on.
    ///
    /// For stories that are made up as they go on: none of it has to be mentioned then.
    pub fn refusals(mut self) -> (Vec<Refusal>, Self) {
        (self.set.take_refusals(), self)
    }

    /// A look at views of these keys and at the time, with assertions of your own.
    ///
    /// # Panics
    /// If something was rejected, refused or given up and the story did not say so, or if they cannot be
    /// read.
    #[track_caller]
    pub fn views<V: Views>(
        self,
        keys: V::Keys,
        look: impl for<'a> FnOnce(V::Refs<'a>, Timestamp),
    ) -> Self {
        self.all_is_told();
        let past = &self.set.past;
        let amiss = || past.report(format_args!("the views cannot be read"));
        let boundary = ok(Boundary::of::<V>(&keys).map_err(|error| amiss().because(&error)));
        let views = ok(past.log.fold(&boundary).map_err(|error| amiss().because(&error)));
        look(views.refs::<V>(&boundary), past.now);
        self
    }

    /// A look at everything that was recorded, in order, with assertions of your own. The traces of
    /// deliveries that caused nothing are [among it](crate::journal::EncodedEvent::is_reserved).
    ///
    /// # Panics
    /// If something was rejected, refused or given up and the story did not say so.
    #[track_caller]
    pub fn journal(self, look: impl FnOnce(&[RecordedEvent])) -> Self {
        self.all_is_told();
        look(self.set.past.log.events());
        self
    }

    #[track_caller]
    fn all_is_told(&self) {
        self.came.is_told();
        ok(self.set.all_is_told());
    }

    #[track_caller]
    fn go_on(self) -> Quiesce<Of> {
        self.all_is_told();
        Quiesce { set: self.set, of: self.of, came: () }
    }
}

impl<Of> Quiesce<Of> {
    #[track_caller]
    #[allow(clippy::type_complexity, reason = "what came of it")]
    fn came<E, Reply, Rejection>(
        self,
        name: &'static str,
        judged: Judged<E, Reply, Rejection>,
    ) -> Quiesce<Of, Asked<E, Reply, Rejection>>
    where
        E: Event + PartialEq + Debug,
        Rejection: std::error::Error + 'static,
    {
        let came = Asked(Untold::new(self.set.past.heading(), name, judged));
        Quiesce { set: self.set, of: self.of, came }.settled()
    }
}

impl<A: Aggregate<Event: PartialEq + Debug>, Came: Told> Quiesce<Addressed<A>, Came> {
    /// The command is decided by the aggregate, after what is due has expired; then policies come to rest.
    ///
    /// # Panics
    /// If the aggregate's type is not part of the set, and as [`at`](Quiesce::at) does.
    #[track_caller]
    #[allow(clippy::type_complexity, reason = "what came of it")]
    pub fn ask<C>(
        self,
        command: C,
    ) -> Quiesce<Addressed<A>, Asked<A::Event, A::Reply, A::Rejection>>
    where
        A: Decide<C>,
    {
        let mut story = self.go_on();
        let name = short_name::<C>();
        let cause = story.set.caller(Text::literal(A::COMMAND.unwrap_or(name)));
        let id = &story.of.id;
        let judged = match story.set.kind::<KindOf<A>>() {
            Some((kind, past)) => {
                kind.ask(id, past, &cause, |state, ctx| state.decide(&command, ctx))
            }
            None => Err(story.unknown()),
        };
        story.came(name, ok(judged))
    }

    /// A look at the state and the time, with assertions of your own.
    ///
    /// # Panics
    /// If the aggregate's type is not part of the set, if it cannot be loaded, and if something was
    /// rejected, refused or given up and the story did not say so.
    #[track_caller]
    pub fn state(mut self, look: impl FnOnce(&A, Timestamp)) -> Self {
        self.all_is_told();
        let id = &self.of.id;
        match self.set.kind::<KindOf<A>>() {
            Some((kind, past)) => look(ok(kind.state(id, past)), past.now),
            None => self.unknown().fail(),
        }
        self
    }

    /// Exactly these events have happened to it, from the beginning, whoever emitted them.
    ///
    /// # Panics
    /// If they have not, and as [`state`](Quiesce::state) does.
    #[track_caller]
    pub fn history(self, expected: impl IntoIterator<Item = A::Event>) -> Self {
        self.all_is_told();
        let past = &self.set.past;
        let report =
            past.report(format_args!("other things have happened to {} {}", A::NAME, self.of.id));
        let boundary = match Boundary::of::<A>(&self.of.id) {
            Ok(boundary) => boundary,
            Err(error) => report.because(&error).fail(),
        };
        let is_its = |recorded: &&RecordedEvent| {
            let event = &recorded.event;
            boundary.selecting(event.event_type.as_str(), &event.tags).next().is_some()
        };
        let its = past.log.events().iter().filter(is_its);
        let decoded: Result<Vec<_>, _> =
            its.filter_map(|recorded| recorded.event.decode::<A::Event>().transpose()).collect();
        match decoded {
            Ok(happened) => report.compare(expected, &happened),
            Err(error) => report.because(&error).fail(),
        }
        self
    }
}

impl<A: Aggregate, Came> Quiesce<Addressed<A>, Came> {
    fn unknown(&self) -> crate::given::report::Report {
        self.report(format_args!(
            "{} is not part of the set: add `.aggregate::<{}>()`",
            A::NAME,
            short_name::<A>()
        ))
    }
}
