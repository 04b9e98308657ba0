//! One aggregate of a set: a turn of it.

use std::fmt::Debug;

use super::past::{Cause, Past};
use crate::box_error::BoxError;
use crate::event::tags_of;
use crate::given::panicked::{Panicked, catch};
use crate::given::report::Report;
use crate::given::{MOST_EXPIRED, survives};
use crate::id::Id;
use crate::journal::{EncodedEvent, Origin, RecordedDeadline};
use crate::tag::Tag;
use crate::text::Text;
use crate::time::Timestamp;
use crate::turn::{Expiry, Round};
use crate::view::Aggregate;
use crate::views::{Boundary, Folded};

/// One aggregate: its state as of the end of the journal.
pub(super) struct Cell {
    own: Tag,
    boundary: Boundary,
    folded: Folded,
    /// Something has happened to it.
    pub(super) begun: bool,
}

impl Cell {
    pub(super) fn new<A: Aggregate>(id: &A::Key) -> Result<Cell, BoxError> {
        let (own, boundary) = (id.tag()?, Boundary::of::<A>(id)?);
        let folded = Folded::of(&boundary);
        Ok(Cell { own, boundary, folded, begun: false })
    }

    pub(super) fn state<A: Aggregate>(&self) -> &A {
        self.folded.refs::<A>(&self.boundary)
    }

    fn report<A: Aggregate>(&self, past: &Past, what: &str) -> Report {
        past.report(format_args!("{} {} {what}", A::NAME, self.own.value()))
    }

    pub(super) fn catch_up<A: Aggregate>(&mut self, past: &Past) -> Result<(), Report> {
        let folded = &mut self.folded;
        let read = catch(|| past.log.go_on(folded, past.log.head()));
        let amiss = |cell: &Cell| cell.report::<A>(past, "cannot be loaded");
        match read {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(amiss(self).because(&error)),
            Err(panicked) => Err(amiss(self).line("panicked", panicked.message())),
        }
    }

    pub(super) fn deadline<A: Aggregate>(&self, past: &Past) -> Result<Option<Timestamp>, Report> {
        catch(|| self.state::<A>().deadline()).map_err(|panicked| {
            self.report::<A>(past, "cannot say its deadline").line("panicked", panicked.message())
        })
    }

    /// What is due expires, in as many rounds as that takes.
    pub(super) fn expire<A: Aggregate<Event: PartialEq + Debug>>(
        &mut self,
        past: &mut Past,
    ) -> Result<(), Report> {
        let (mut expiry, mut expired) = (Expiry::at(past.now), 0);
        while self.begun {
            let state = self.state::<A>();
            let round = catch(|| expiry.next_round(state));
            let amiss =
                |cell: &Cell, past: &Past| cell.report::<A>(past, "is due and cannot expire");
            match round {
                Ok(Ok(Round::Done)) => break,
                Ok(Ok(Round::Later)) if expired < MOST_EXPIRED => expiry = Expiry::at(past.now),
                Ok(Ok(Round::Later)) => {
                    let more = format!("there are {MOST_EXPIRED} events, and it is still due");
                    return Err(amiss(self, past).line("because", more));
                }
                Ok(Ok(Round::Events(events))) => {
                    expired += events.len();
                    if let Err(panicked) = self.take::<A>(&events, past, &Cause::default())? {
                        return Err(amiss(self, past).line("panicked", panicked.message()));
                    }
                }
                Ok(Err(overdue)) => return Err(amiss(self, past).because(&overdue)),
                Err(panicked) => {
                    return Err(amiss(self, past).line("panicked", panicked.message()));
                }
            }
        }
        Ok(())
    }

    /// Records and applies what was emitted, all or nothing. The panic, if it cannot be applied.
    pub(super) fn take<A: Aggregate<Event: PartialEq + Debug>>(
        &mut self,
        events: &[A::Event],
        past: &mut Past,
        cause: &Cause,
    ) -> Result<Result<(), Panicked>, Report> {
        let encoded = events.iter().map(|event| self.encode::<A>(event, past.now, cause));
        let mut encoded = encoded.collect::<Result<Vec<_>, _>>().map_err(|error| {
            self.report::<A>(past, "emitted what cannot be recorded")
                .all_happened(events)
                .because(error.as_ref())
        })?;
        let Some(last) = encoded.len().checked_sub(1) else { return Ok(Ok(())) };
        let deadline = catch(|| -> Result<_, BoxError> {
            encoded.iter().try_for_each(|event| self.folded.fold_ahead(event))?;
            Ok(self.state::<A>().deadline())
        });
        match deadline {
            Ok(Ok(deadline)) => {
                encoded[last].metadata.origin = Some(self.origin::<A>(deadline));
                cause.leaves_its_trace(&mut encoded[last]);
            }
            Ok(Err(error)) => {
                let report = self.report::<A>(past, "cannot read what it emitted");
                return Err(report.all_happened(events).because(error.as_ref()));
            }
            Err(panicked) => {
                self.folded.discard();
                return Ok(Err(panicked));
            }
        }
        let by = format!(" by {} {}", A::NAME, self.own.value());
        for (encoded, event) in encoded.into_iter().zip(events) {
            past.append(encoded, format!("{event:?}{by}"));
        }
        self.folded.settled(past.log.head());
        self.begun = true;
        Ok(Ok(()))
    }

    fn encode<A: Aggregate<Event: PartialEq + Debug>>(
        &self,
        event: &A::Event,
        now: Timestamp,
        cause: &Cause,
    ) -> Result<EncodedEvent, BoxError> {
        let mut metadata = cause.metadata();
        metadata.origin = Some(self.origin::<A>(None));
        let tags = tags_of(&self.own.clone().into(), event)?;
        survives::recorded(tags, event, now, metadata)
    }

    fn origin<A: Aggregate>(&self, deadline: Option<Timestamp>) -> Origin {
        let deadline = RecordedDeadline::new(deadline, A::DEADLINE_VERSION);
        Origin { aggregate: Text::literal(A::NAME), tag: self.own.clone(), deadline }
    }
}
