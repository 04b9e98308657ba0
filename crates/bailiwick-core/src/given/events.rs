//! given/when/then for decisions, policies and effects: a story of events, whoever emitted them.

use std::fmt::{Arguments, Debug};

use super::Given;
use super::decided::DecisionOutcome;
use super::happened::Happened;
use super::log::Log;
use super::panicked::catch;
use super::report::Report;
use super::survives;
use crate::box_error::BoxError;
use crate::context::Context;
use crate::decision::{Bounded, Decision};
use crate::event::Event;
use crate::id::IntoId;
use crate::journal::{EncodedEvent, Metadata, RecordedEvent};
use crate::schema::{EventDescriptor, find};
use crate::short_name::short_name;
use crate::text::Text;
use crate::time::Timestamp;
use crate::view::Aggregate;
use crate::views::Boundary;

/// Tests the rules of decisions, of [policies](GivenEvents::sees) and of [effects](GivenEvents::performs), without
/// a runtime: begins a story at time 0, without events.
///
/// ```
/// # use bailiwick_core::{Aggregate, Context, Decision, Event, Timestamp, View, by, given_events};
/// # use bailiwick_core::{id, require};
/// # use serde::{Deserialize, Serialize};
/// # id!(pub ShelfId: "shelf", pub BookId: "book");
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub struct BookPlaced { #[tag] shelf: ShelfId, #[tag] book: BookId }
/// # #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// # pub enum ShelfEvent { ShelfBuilt { room: usize }, Placed(BookPlaced) }
/// # use ShelfEvent::*;
/// # pub struct Shelf { room: usize }
/// # impl View for Shelf {
/// #     type Key = ShelfId;
/// #     type Event = ShelfEvent;
/// #     fn new(_: &ShelfId) -> Shelf { Shelf { room: 0 } }
/// #     fn apply(&mut self, event: &ShelfEvent, _: Timestamp) {
/// #         match event { ShelfBuilt { room } => self.room = *room, Placed(_) => self.room -= 1 }
/// #     }
/// # }
/// # impl Aggregate for Shelf { const NAME: &'static str = "shelf"; }
/// # pub struct Place { shelf: ShelfId, book: BookId }
/// # #[derive(Debug, PartialEq, thiserror::Error)] #[error("no room")] pub struct NoRoom;
/// # impl Decision for Place {
/// #     type Views = Shelf;
/// #     type Event = BookPlaced;
/// #     type Reply = ();
/// #     type Rejection = NoRoom;
/// #     fn keys(&self) -> ShelfId { self.shelf.clone() }
/// #     fn decide(&self, shelf: &Shelf, ctx: &mut Context<BookPlaced>) -> Result<(), NoRoom> {
/// #         require(shelf.room > 0, NoRoom)?;
/// #         ctx.emit(BookPlaced { shelf: self.shelf.clone(), book: self.book.clone() });
/// #         Ok(())
/// #     }
/// # }
/// let place = |book: &'static str| Place { shelf: "s".into(), book: book.into() };
/// let placed = |book: &'static str| BookPlaced { shelf: "s".into(), book: book.into() };
/// given_events()
///     .event(by::<Shelf>("s", ShelfBuilt { room: 2 }))
///     .event(placed("b1"))
///     .at(10)
///     .when(place("b2"))
///     .emits([placed("b2")])
///     .views(|shelf, _now| assert_eq!(shelf.room, 0))
///     .when(place("b3"))
///     .rejected(NoRoom);
/// ```
///
/// It does what the runtime does:
///
/// 1. The views of a decision are folded from all that happened so far in the story, and read with
///    the queries that it has in a journal.
/// 2. What it emits is applied to them and stands in the story from then on; a rejection leaves
///    nothing.
/// 3. Every event, given or emitted, must have tags by which it can be found, and must come back
///    from its own encoding as it was.
///
/// A given event that no view of the next decision reads fails the story: a test that gives it in
/// vain tests something else than it says. To show that an event does not matter, give it as
/// [`unrelated`](GivenEvents::unrelated).
///
/// Time is the story's: it starts at 0, only `at` moves it, and never back. A rejection that the
/// story does not mention fails whatever is said next.
#[must_use = "a story tests nothing before `when` or `sees`"]
pub fn given_events() -> GivenEvents {
    GivenEvents { log: Log::default(), given: Vec::new(), last: None, now: Timestamp::EPOCH }
}

/// A story so far: what happened, and the time it has come to.
///
/// For an example see [`given_events`](crate::given_events).
pub struct GivenEvents {
    pub(super) log: Log,
    /// What was given since the last decision.
    given: Vec<Told>,
    /// What an effect was to perform last.
    pub(super) last: Option<LastNews>,
    pub(super) now: Timestamp,
}

/// What an effect was to perform, and how often.
pub(super) struct LastNews {
    pub(super) news: RecordedEvent,
    pub(super) shown: String,
    pub(super) attempts: u32,
}

/// An event that was given.
struct Told {
    event: EncodedEvent,
    shown: String,
    matters: bool,
}

impl GivenEvents {
    /// Moves the time on.
    ///
    /// # Panics
    /// If that would be back in time.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn at(self, time: impl Into<Timestamp>) -> Self {
        let time = time.into();
        if time < self.now {
            self.report(format_args!("time cannot go back to {time}")).fail();
        }
        GivenEvents { now: time, ..self }
    }

    /// This was recorded, at the story's time: an event, or one [`by`](crate::by) an aggregate.
    ///
    /// # Panics
    /// If it could not be recorded: by its tags, or because it does not survive its own encoding.
    /// If no view of the next decision reads it, that decision.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn event(self, event: impl Happened) -> Self {
        self.happened(&event, true)
    }

    /// These were recorded, at the story's time, as [`event`](GivenEvents::event) says.
    ///
    /// # Panics
    /// As [`event`](GivenEvents::event) does.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn events(mut self, events: impl IntoIterator<Item: Happened>) -> Self {
        for event in events {
            self = self.happened(&event, true);
        }
        self
    }

    /// This was recorded, and no view of the next decision reads it: it neither changes what is
    /// decided nor, happening meanwhile, stops it.
    ///
    /// # Panics
    /// As [`event`](GivenEvents::event) does. If a view of the next decision does read it, that
    /// decision.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `sees`"]
    pub fn unrelated(self, event: impl Happened) -> Self {
        self.happened(&event, false)
    }

    /// The decision is judged, at the story's time.
    ///
    /// # Panics
    /// If it has no boundary, if a given event is in vain, or if an event could not be recorded.
    #[track_caller]
    #[must_use = "say what should come of the decision: `emits`, `rejected`, ..."]
    pub fn when<D>(mut self, decision: D) -> DecisionOutcome<D>
    where
        D: Decision<Event: PartialEq + Debug>,
    {
        let name = short_name::<D>();
        let bounded = match Bounded::new(decision) {
            Ok(bounded) => bounded,
            Err(error) => self.fails(format_args!("{name} has no boundary"), &error),
        };
        self.check_given(name, std::slice::from_ref(bounded.boundary()));
        let mut views = match self.log.fold(bounded.boundary()) {
            Ok(views) => views,
            Err(error) => self.fails(format_args!("{name} cannot read what happened"), &error),
        };
        let mut ctx = Context::new(self.now);
        let mut judged =
            catch(|| bounded.decide(&views, &mut ctx).map(|reply| (reply, ctx.into_events())));
        if let Ok(Ok((_, events))) = &judged {
            let taken = catch(|| -> Result<_, BoxError> {
                let recorded = events.iter().map(|event| self.record(&bounded, event));
                let recorded = recorded.collect::<Result<Vec<_>, _>>()?;
                recorded.iter().try_for_each(|event| views.fold_ahead(event))?;
                Ok(recorded)
            });
            match taken {
                Ok(Ok(recorded)) => {
                    for event in recorded {
                        self.log.append(event);
                    }
                }
                Ok(Err(error)) => self
                    .report(format_args!("what {name} emitted cannot be recorded"))
                    .all_happened(events)
                    .because(error.as_ref())
                    .fail(),
                Err(panicked) => judged = Err(panicked),
            }
        }
        DecisionOutcome::new(self, name, bounded, views, judged)
    }

    /// The story goes on about one aggregate, on what has happened to it so far.
    ///
    /// # Panics
    /// If it cannot read that.
    #[track_caller]
    #[must_use = "a story tests nothing before `when` or `expires`"]
    pub fn aggregate<A: Aggregate>(self, id: impl IntoId<A::Key>) -> Given<A> {
        let mut given = super::given::<A>(id);
        for recorded in self.log.events() {
            let (event, own) = (&recorded.event, given.own.as_slice());
            if find(A::Event::TYPES, event.event_type.as_str()).is_some()
                && own.iter().all(|tag| event.tags.contains(tag))
            {
                given.begun = true; // A retired event begins it too.
                match event.decode::<A::Event>() {
                    Ok(Some(decoded)) => given.apply(decoded, event.recorded_at),
                    Ok(None) => {}
                    Err(error) => self.fails(format_args!("{} cannot read it", A::NAME), &error),
                }
            }
        }
        Given { now: self.now, ..given }
    }

    #[track_caller]
    fn happened<H: Happened>(mut self, happened: &H, matters: bool) -> Self {
        let event = self.recorded(happened);
        self.log.append(event.clone());
        self.given.push(Told { event, shown: format!("{:?}", happened.event()), matters });
        self
    }

    #[track_caller]
    pub(super) fn recorded<H: Happened>(&self, happened: &H) -> EncodedEvent {
        let event = happened.event();
        match survives::given(happened, self.now) {
            Ok(recorded) => recorded,
            Err(error) => self
                .report(format_args!("this event cannot be given"))
                .happened(event)
                .because(error.as_ref())
                .fail(),
        }
    }

    /// What was given is of a type that is wanted, unless it is unrelated.
    #[track_caller]
    pub(super) fn check_wanted(&mut self, who: &str, wanted: &'static [EventDescriptor]) {
        for told in std::mem::take(&mut self.given) {
            let is_wanted = find(wanted, told.event.event_type.as_str()).is_some();
            let what = match (told.matters, is_wanted) {
                (true, true) | (false, false) => continue,
                (true, false) => {
                    "does not want this event: if it is not to, give it as `.unrelated`"
                }
                (false, true) => "wants this unrelated event",
            };
            self.report(format_args!("{who} {what}")).line("given", &told.shown).fail();
        }
    }

    /// Everything that was given is given to somebody.
    #[track_caller]
    pub(super) fn check_given(&mut self, decision: &str, boundaries: &[Boundary]) {
        for told in std::mem::take(&mut self.given) {
            let (event_type, tags) = (told.event.event_type.as_str(), &told.event.tags);
            let mut readers =
                boundaries.iter().flat_map(|boundary| boundary.selecting(event_type, tags));
            let what = match (told.matters, readers.next()) {
                (true, Some(_)) | (false, None) => continue,
                (true, None) => format!(
                    "no view of {decision} reads this event: a tag or a type is not the one that \
                     was meant, or it is to be given as `.unrelated`"
                ),
                (false, Some(reader)) => {
                    format!("{} of {decision} reads this unrelated event", reader.identity())
                }
            };
            let report = self
                .report(format_args!("{what}"))
                .line("given", &told.shown)
                .line("tagged", Listed(tags.as_slice(), "nothing"));
            let views = boundaries.iter().flat_map(Boundary::reading);
            let report = views.fold(report, |report, view| {
                let types = Listed(view.item().types(), "");
                report.line("view", format_args!("{} of {types}", view.identity()))
            });
            report.fail();
        }
    }

    fn record<D>(&self, bounded: &Bounded<D>, event: &D::Event) -> Result<EncodedEvent, BoxError>
    where
        D: Decision<Event: PartialEq + Debug>,
    {
        let mut metadata = Metadata::default();
        metadata.command = Some(Text::literal(D::COMMAND.unwrap_or_else(short_name::<D>)));
        survives::recorded(bounded.tags_of(event)?, event, self.now, metadata)
    }

    #[track_caller]
    fn fails(&self, what: Arguments<'_>, error: &(dyn std::error::Error + 'static)) -> ! {
        self.report(what).because(error).fail()
    }

    pub(super) fn heading(&self) -> String {
        format!("the story at {}", self.now)
    }

    pub(super) fn report(&self, what: Arguments<'_>) -> Report {
        Report::new(format_args!("{}", self.heading()), what)
    }
}

/// `a, b, c`, or what is said if there is none.
struct Listed<'a, T>(&'a [T], &'static str);

impl<T: std::fmt::Display> std::fmt::Display for Listed<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Some((first, rest)) = self.0.split_first() else { return f.write_str(self.1) };
        write!(f, "{first}")?;
        rest.iter().try_for_each(|one| write!(f, ", {one}"))
    }
}
