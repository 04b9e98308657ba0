//! A projection folds what has happened in a story of events.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use super::events::GivenEvents;
use super::panicked::catch;
use super::report::Marks;
use crate::box_error::BoxError;
use crate::event::Event;
use crate::journal::RecordedEvent;
use crate::policy::News;
use crate::projection::Projection;
use crate::schema::find;
use crate::short_name::short_name;

/// The rows of a projection, in the order of their keys.
type Rows<P> = BTreeMap<<P as Projection>::Key, <P as Projection>::Row>;

/// Where it stops, and why.
type Stopped = (usize, BoxError);

impl GivenEvents {
    /// A projection folds everything that has happened so far in the story.
    ///
    /// ```
    /// use bailiwick_core::{Aggregate, BoxError, Event, News, Projection, Timestamp, View, by, given_events, id};
    /// # use serde::{Deserialize, Serialize};
    ///
    /// id!(ShelfId: "shelf");
    ///
    /// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
    /// enum ShelfEvent {
    ///     BookPlaced { title: String },
    ///     ShelfNamed { name: String },
    /// }
    /// use ShelfEvent::*;
    /// # struct Shelf;
    /// # impl View for Shelf {
    /// #     type Key = ShelfId;
    /// #     type Event = ShelfEvent;
    /// #     fn new(_: &ShelfId) -> Self { Shelf }
    /// #     fn apply(&mut self, _: &ShelfEvent, _: Timestamp) {}
    /// # }
    /// # impl Aggregate for Shelf { const NAME: &'static str = "shelf"; }
    ///
    /// /// What each shelf is called.
    /// struct Names;
    ///
    /// impl Projection for Names {
    ///     const NAME: &'static str = "names";
    ///     const VERSION: u32 = 1;
    ///     type Event = ShelfEvent;
    ///     type Key = ShelfId;
    ///     type Row = String;
    ///
    ///     fn keys(&self, news: &News<ShelfEvent>) -> Result<impl IntoIterator<Item = ShelfId>, BoxError> {
    ///         Ok([news.id()?])
    ///     }
    ///
    ///     fn fold(
    ///         &self,
    ///         _: &ShelfId,
    ///         row: &mut Option<String>,
    ///         news: &News<ShelfEvent>,
    ///     ) -> Result<(), BoxError> {
    ///         if let ShelfNamed { name } = &news.event {
    ///             *row = Some(name.clone());
    ///         }
    ///         Ok(())
    ///     }
    /// }
    ///
    /// given_events()
    ///     .event(by::<Shelf>("s", ShelfNamed { name: "new".into() }))
    ///     .event(by::<Shelf>("s", ShelfNamed { name: "poetry".into() }))
    ///     .projects(Names)
    ///     .rows([("s".into(), "poetry".into())])
    ///     .the_same_if_repeated();
    /// ```
    ///
    /// # Panics
    /// If a given event is of a type that it does not want, or an unrelated one of a type that it wants.
    #[track_caller]
    #[must_use = "say what should come of it: `rows`, `stops`"]
    pub fn projects<P: Projection>(mut self, projection: P) -> ProjectionOutcome<P> {
        self.check_wanted(short_name::<P>(), P::Event::TYPES);
        let wanted =
            |one: &&RecordedEvent| find(P::Event::TYPES, one.event.event_type.as_str()).is_some();
        let events = self.log.events().iter().filter(wanted).cloned().collect();
        ProjectionOutcome { story: self, projection, events }
    }
}

/// What a projection has made of a story of events.
///
/// For an example see [`GivenEvents::projects`].
pub struct ProjectionOutcome<P: Projection> {
    story: GivenEvents,
    projection: P,
    events: Vec<RecordedEvent>,
}

impl<P> ProjectionOutcome<P>
where
    P: Projection<Key: Debug, Row: Debug + PartialEq>,
{
    /// There are these rows, in the order of their keys, and no others.
    ///
    /// # Panics
    /// If there are others, or it stops.
    #[track_caller]
    pub fn rows(self, expected: impl IntoIterator<Item = (P::Key, P::Row)>) -> Self {
        let expected: Vec<_> = expected.into_iter().collect();
        let rows: Vec<_> = self.folded(0..self.events.len()).into_iter().collect();
        let marks = Marks { left: "expected", right: "is there", both: "as expected" };
        let report = self.story.report(format_args!("{} has other rows", short_name::<P>()));
        report.side_by_side(&marks, &expected, &rows, |a, b| a == b);
        self
    }

    /// It stops at the last event that it wants, for this reason: the text of the error, or what it panicked with. What
    /// comes after it in the chain is said of the events before that one.
    ///
    /// # Panics
    /// If it does not, or stops elsewhere, or for another reason.
    #[track_caller]
    pub fn stops(mut self, reason: &str) -> Self {
        let (last, name) = (self.events.len().checked_sub(1), short_name::<P>());
        let what = match self.fold(0..self.events.len()) {
            Err((at, error)) if Some(at) == last && error.to_string() == reason => {
                self.events.pop();
                return self;
            }
            Err((at, error)) => format!("{name} stops at event {}: {error}", at + 1),
            Ok(_) => format!("{name} does not stop"),
        };
        self.story.report(format_args!("{what}")).line("expected", reason).fail();
    }

    /// Its rows are the same if events are folded again: each by itself, and several in a row up to whichever was the
    /// last, as after a crash of a store that writes rows and does not commit the mark with them.
    ///
    /// This shows that for these events, in this order, the projection is *idempotent*: after each of them, folding
    /// any number of the last ones again changes no row and stops nowhere. It shows nothing for other events, or of
    /// events that are repeated out of order. A projection whose store commits the mark in one transaction with the
    /// rows does not need it: there no event is ever folded twice into the same rows.
    ///
    /// # Panics
    /// If it makes a difference, or there is no event that it wants.
    #[track_caller]
    pub fn the_same_if_repeated(self) -> Self {
        let name = short_name::<P>();
        if self.events.is_empty() {
            let what = format_args!("there is no event that {name} wants, so nothing is repeated");
            self.story.report(what).fail();
        }
        for upto in 1..=self.events.len() {
            let once = self.folded(0..upto);
            for from in (0..upto).rev() {
                let (events, are) =
                    if upto - from == 1 { ("event", "is") } else { ("events", "are") };
                let what = format!("the last {} {events}", upto - from);
                let story = || {
                    self.story.report(format_args!(
                        "{name} has other rows when {what} up to event {upto} {are} folded twice"
                    ))
                };
                match self.fold((0..upto).chain(from..upto)) {
                    Ok(twice) => {
                        let (once, twice): (Vec<_>, Vec<_>) =
                            (once.iter().collect(), twice.iter().collect());
                        let marks = Marks { left: "once", right: "twice", both: "either way" };
                        story().side_by_side(&marks, &once, &twice, |a, b| a == b);
                    }
                    Err((at, error)) => {
                        let at = format!("at event {}", at + 1);
                        story().line("stops", at).because(error.as_ref()).fail();
                    }
                }
            }
        }
        self
    }

    #[track_caller]
    fn folded(&self, events: impl Iterator<Item = usize>) -> Rows<P> {
        match self.fold(events) {
            Ok(rows) => rows,
            Err((at, error)) => {
                let what = format!("{} stops at event {}", short_name::<P>(), at + 1);
                let event = &self.events[at].event;
                let report = self.story.report(format_args!("{what}"));
                report.line("event", &event.event_type).because(error.as_ref()).fail()
            }
        }
    }

    /// Folds these events, by their numbers.
    fn fold(&self, events: impl Iterator<Item = usize>) -> Result<Rows<P>, Stopped> {
        let mut rows = Rows::<P>::new();
        for at in events {
            let recorded = self.events[at].clone();
            let folded = catch(|| self.fold_one(&mut rows, recorded));
            let folded = folded.unwrap_or_else(|panicked| Err(panicked.message().into()));
            folded.map_err(|error| (at, error))?;
        }
        Ok(rows)
    }

    fn fold_one(&self, rows: &mut Rows<P>, recorded: RecordedEvent) -> Result<(), BoxError> {
        let Some(news) = News::read(recorded)? else { return Ok(()) };
        // A row that is named twice is folded once, as by a runtime.
        let keys: BTreeSet<_> = self.projection.keys(&news)?.into_iter().collect();
        for key in keys {
            let mut row = rows.remove(&key);
            self.projection.fold(&key, &mut row, &news)?;
            if let Some(row) = row {
                rows.insert(key, row);
            }
        }
        Ok(())
    }
}
