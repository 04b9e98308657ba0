//! given/when/then: the rules of an aggregate, of decisions, policies or effects, tested without a runtime, as a
//! story in time.
//!
//! Why it is as it is: docs/decisions/testing.md.

mod came;
mod decided;
mod events;
mod happened;
mod log;
mod outcome;
mod panicked;
mod performed;
mod performing;
mod performs;
mod projects;
pub mod quiesce;
mod reacted;
mod reacting;
mod report;
mod same;
mod sees;
mod sent;
mod survives;
mod verdict;

use std::fmt::Debug;

pub use came::{Came, Verdict};
pub use decided::DecisionOutcome;
pub use events::{GivenEvents, given_events};
pub use happened::{By, Happened, by};
pub use outcome::Outcome;
pub use performed::EffectOutcome;
pub use projects::ProjectionOutcome;
pub use quiesce::quiesce;
pub use reacted::PolicyOutcome;
pub use sent::{CommandOf, Sent, decision, to};

use crate::box_error::BoxError;
use crate::id::{Id, IntoId};
use crate::report::ErrorReport;
use crate::short_name::short_name;
use crate::snapshot;
use crate::tag::Tags;
use crate::time::Timestamp;
use crate::turn::{self, Round};
use crate::view::{Aggregate, Decide};
use panicked::catch;
use report::Report;

/// Tests the rules of an aggregate without a runtime: begins a story about the one with this ID, at
/// time 0 and without events.
///
/// ```
/// # use bailiwick_core::{Aggregate, Context, Decide, Timestamp, View, given};
/// # bailiwick_core::id!(pub EggId: "egg");
/// # #[derive(bailiwick_core::Event, Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// # pub enum EggEvent { Laid { hatches_at: Timestamp }, Hatched }
/// # use EggEvent::*;
/// # pub struct Egg(Option<Timestamp>);
/// # impl View for Egg {
/// #     type Key = EggId;
/// #     type Event = EggEvent;
/// #     fn new(_: &EggId) -> Egg { Egg(None) }
/// #     fn apply(&mut self, event: &EggEvent, _: Timestamp) {
/// #         self.0 = match event { Laid { hatches_at } => Some(*hatches_at), Hatched => None };
/// #     }
/// # }
/// # impl Aggregate for Egg {
/// #     const NAME: &'static str = "egg";
/// #     fn deadline(&self) -> Option<Timestamp> { self.0 }
/// #     fn on_deadline(&self, ctx: &mut Context<EggEvent>) { ctx.emit(Hatched); }
/// # }
/// # pub struct Eat;
/// # #[derive(Debug, PartialEq, thiserror::Error)] #[error("no egg")] pub struct NoEgg;
/// # impl Decide<Eat> for Egg {
/// #     type Reply = ();
/// #     type Rejection = NoEgg;
/// #     fn decide(&self, _: &Eat, ctx: &mut Context<EggEvent>) -> Result<(), NoEgg> {
/// #         self.0.ok_or(NoEgg)?;
/// #         ctx.emit(Hatched);
/// #         Ok(())
/// #     }
/// # }
/// given::<Egg>("e1")
///     .events([Laid { hatches_at: 21.into() }])
///     .at(21)
///     .when(Eat)
///     .expires_first([Hatched])
///     .rejected(NoEgg)
///     .no_deadline();
/// ```
///
/// It does what the runtime does:
///
/// 1. What is due is expired first, as a turn of its own, and stands even if the command is refused.
/// 2. The command is decided; its events are applied to the state; a rejection leaves nothing.
/// 3. Every event, given or emitted, must carry tags that do not contradict the aggregate's own, and
///    must come back from its own encoding as it was: it is applied as it comes back. What promises to
///    [`RoundTrip`](trait@crate::RoundTrip) is read back too.
/// 4. A deadline counts from the first event on.
/// 5. A state that has [snapshots](crate::View::SNAPSHOTS) must come back from one as it was.
///
/// Time is the story's: it starts at 0, only `at` moves it, and never back. An expiry or a rejection
/// that the story does not mention fails whatever is said next, instead of passing unnoticed. Where a story
/// is made up as it goes on, [`result`](Outcome::result) gives whatever came as a value.
///
/// What is expected and what came are compared by `PartialEq`. What is not equal to itself, because it
/// holds a NaN, is compared as it is stored; of replies and rejections, as `Debug` shows it.
///
/// # Panics
/// If the ID cannot be a tag. That cannot happen to one declared with [`id!`](crate::id!).
#[track_caller]
#[must_use = "a story tests nothing before `when` or `expires`"]
pub fn given<A: Aggregate>(id: impl IntoId<A::Key>) -> Given<A> {
    let id = id.into_id();
    let own = match id.tag() {
        Ok(tag) => tag.into(),
        Err(error) => {
            panic!("{} {id} cannot be addressed: {}", A::NAME, ErrorReport::of(&error))
        }
    };
    Given { state: A::new(&id), begun: false, now: Timestamp::EPOCH, id, own, history: Vec::new() }
}

/// A runtime catches up whatever was missed, however long that takes. In a story more than so many
/// events are a mistake.
const MOST_EXPIRED: usize = 100_000;

/// How many of the last events are shown of an expiry that fails.
const MOST_SHOWN: usize = 8;

/// A story so far: the state that its events have made, and the time it has come to.
///
/// # Examples
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/door.rs"));
/// # fn main() {
/// // A door that was opened until 1 000 ms closes then by itself, and not before.
/// given::<Door>("front")
///     .events([DoorEvent::Opened { until: 1_000.into() }])
///     .deadline(1_000)
///     .at(999)
///     .expires([])
///     .state(|door, _now| assert!(door.open_until.is_some()))
///     .at(1_000)
///     .expires([DoorEvent::Closed {}])
///     .no_deadline();
/// # }
/// ```
pub struct Given<A: Aggregate> {
    id: A::Key,
    own: Tags,
    state: A,
    /// Something has happened to it.
    begun: bool,
    now: Timestamp,
    /// What the state was made from, to make it again after a panic.
    history: Vec<(A::Event, Timestamp)>,
}

impl<A: Aggregate> Given<A> {
    fn apply(&mut self, event: A::Event, at: Timestamp) {
        self.begun = true;
        self.state.apply(&event, at);
        self.history.push((event, at));
    }

    /// Makes the state again from the first so many events, as the runtime does.
    fn rebuild(&mut self, events: usize) {
        self.history.truncate(events);
        self.state = A::new(&self.id);
        for (event, at) in &self.history {
            self.state.apply(event, *at);
        }
    }
}

impl<A: Aggregate<Event: PartialEq + Debug>> Given<A> {
    /// Moves the time on. Nothing expires by that alone: a timer may always be late.
    ///
    /// # Panics
    /// If that would be back in time.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `expires`"]
    pub fn at(self, time: impl Into<Timestamp>) -> Self {
        let time = time.into();
        if time < self.now {
            self.report(format_args!("time cannot go back to {time}")).fail();
        }
        Given { now: time, ..self }
    }

    /// These events were recorded, at the story's time.
    ///
    /// # Panics
    /// If one of them could not be recorded: by its tags, or because it does not survive its own
    /// encoding.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `expires`"]
    pub fn events(mut self, events: impl IntoIterator<Item = A::Event>) -> Self {
        for event in events {
            match survives::survivor(&self.own, &event) {
                // The one that came back: a replay would see no other.
                Ok(event) => self.apply(event, self.now),
                Err(error) => self
                    .report(format_args!("this event cannot be given"))
                    .happened(&event)
                    .because(error.as_ref())
                    .fail(),
            }
        }
        if let Err(error) = snapshot::survives(&self.state) {
            self.report(format_args!("the state cannot be kept")).because(&error).fail();
        }
        self
    }

    /// The command is judged, at the story's time, after what is due by then has expired.
    ///
    /// # Panics
    /// If the deadline stays due whatever `on_deadline` emits (as
    /// [it says](Aggregate::on_deadline); what was missed is caught up as in the runtime, but for
    /// more than 100 000 events), or an event could not be recorded.
    #[track_caller]
    #[must_use = "say what should come of the command: `emits`, `rejected`, ..."]
    pub fn when<C>(mut self, command: C) -> Outcome<A, A::Reply, A::Rejection>
    where
        A: Decide<C>,
    {
        let name = short_name::<C>();
        let expired = self.expire();
        let (begun, events_before) = (self.begun, self.history.len());
        let mut judged = catch(|| turn::decide(&self.state, &command, self.now));
        if let Ok(Ok((_, events))) = &judged {
            match catch(|| self.take(events)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self
                    .report(format_args!("what {name} emitted cannot be recorded"))
                    .all_happened(events)
                    .because(error.as_ref())
                    .fail(),
                Err(panicked) => {
                    judged = Err(panicked);
                    self.begun = begun;
                    self.rebuild(events_before);
                }
            }
        }
        Outcome::new(self, name, expired, judged)
    }

    /// The timer comes, without a command, and exactly these events are emitted: `[]` if nothing is
    /// due.
    ///
    /// # Panics
    /// If they are not, or as [`when`](Given::when) does.
    #[track_caller]
    pub fn expires(mut self, expected: impl IntoIterator<Item = A::Event>) -> Self {
        let expired = self.expire();
        self.report(format_args!("what expires is not what was expected"))
            .compare(expected, &expired);
        self
    }

    /// The timer comes, without a command: whatever is emitted then, as a value, and the story, which
    /// goes on, as with [`result`](Outcome::result).
    ///
    /// # Panics
    /// As [`when`](Given::when) does.
    #[track_caller]
    pub fn expired(mut self) -> (Vec<A::Event>, Self) {
        (self.expire(), self)
    }

    /// A look at the state and the time, with assertions of your own.
    #[track_caller]
    pub fn state(self, look: impl FnOnce(&A, Timestamp)) -> Self {
        look(&self.state, self.now);
        self
    }

    /// Something falls due at exactly this time.
    ///
    /// # Panics
    /// If it does not.
    #[track_caller]
    pub fn deadline(self, time: impl Into<Timestamp>) -> Self {
        self.compare_deadline(Some(time.into()))
    }

    /// Nothing will fall due by itself.
    ///
    /// # Panics
    /// If something will.
    #[track_caller]
    pub fn no_deadline(self) -> Self {
        self.compare_deadline(None)
    }

    #[track_caller]
    fn compare_deadline(self, expected: Option<Timestamp>) -> Self {
        let show = |deadline: Option<Timestamp>| deadline.map_or("none".into(), |d| d.to_string());
        let happened = if self.begun { self.state.deadline() } else { None };
        if happened != expected {
            self.report(format_args!("the deadline is not the expected one"))
                .line("expected", show(expected))
                .line("happened", show(happened))
                .fail();
        }
        self
    }

    #[track_caller]
    fn expire(&mut self) -> Vec<A::Event> {
        let mut expired = Vec::new();
        if !self.begun {
            return expired;
        }
        let mut expiry = turn::Expiry::at(self.now);
        loop {
            let error: Option<BoxError> = match expiry.next_round(&self.state) {
                Ok(Round::Done) => return expired,
                Ok(Round::Later) if expired.len() < MOST_EXPIRED => {
                    expiry = turn::Expiry::at(self.now);
                    None
                }
                Ok(Round::Later) => {
                    let more = format!("there are {MOST_EXPIRED} events, and it is still due");
                    Some(more.into())
                }
                Ok(Round::Events(events)) => {
                    let taken = self.take(&events);
                    expired.extend(events);
                    taken.err()
                }
                Err(overdue) => Some(overdue.into()),
            };
            if let Some(error) = error {
                self.report(format_args!("what is due cannot be expired"))
                    .all_happened(&expired[expired.len().saturating_sub(MOST_SHOWN)..])
                    .because(error.as_ref())
                    .fail();
            }
        }
    }

    /// Checks a whole turn before any of it is applied, as the runtime encodes it first. Applied is
    /// what came back.
    fn take(&mut self, events: &[A::Event]) -> Result<(), BoxError> {
        let survivors = events.iter().map(|event| survives::survivor(&self.own, event));
        for event in survivors.collect::<Result<Vec<_>, _>>()? {
            self.apply(event, self.now);
        }
        Ok(snapshot::survives(&self.state)?)
    }

    fn heading(&self) -> String {
        format!("{} {} at {}", A::NAME, self.id, self.now)
    }

    fn report(&self, what: std::fmt::Arguments<'_>) -> Report {
        Report::new(format_args!("{}", self.heading()), what)
    }
}
