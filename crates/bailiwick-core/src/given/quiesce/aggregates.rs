//! The aggregates of a set: what a runtime does with them, one turn after the other.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Debug;

use super::cell::Cell;
use super::past::{Cause, Ended, Past};
use crate::context::Context;
use crate::event::Event;
use crate::given::panicked::catch;
use crate::given::report::Report;
use crate::given::verdict::Judged;
use crate::id::{Id, read};
use crate::policy::{Delivered, Payload, Recipient};
use crate::position::Position;
use crate::report::ErrorReport;
use crate::schema::find;
use crate::time::Timestamp;
use crate::view::{Aggregate, Decide};

/// The aggregates of a type, whatever it is.
pub(super) trait Kind: Any {
    /// Whether what is sent to this recipient goes to one of them.
    fn is(&self, recipient: &Recipient) -> bool;
    /// The key of their ID, if they read events of this type.
    fn key_if_reads(&self, event_type: &str) -> Option<&'static str>;
    /// When the first of them falls due.
    fn next_due(&mut self, past: &Past) -> Result<Option<Timestamp>, Report>;
    /// Lets one of those that are due expire.
    fn expire(&mut self, past: &mut Past) -> Result<(), Report>;
    /// A command of a policy is decided, and given back.
    fn deliver(
        &mut self,
        past: &mut Past,
        delivered: Box<dyn Any + Send>,
        cause: &Cause,
    ) -> Result<(Ended, Box<dyn Payload>), Report>;
}

/// The aggregates of type `A`, as far as something happened to them or they were asked.
pub(super) struct KindOf<A: Aggregate> {
    cells: BTreeMap<A::Key, Cell>,
    /// All to whom something happened up to here are known.
    upto: Position,
}

impl<A: Aggregate> Default for KindOf<A> {
    fn default() -> Self {
        KindOf { cells: BTreeMap::new(), upto: Position::START }
    }
}

impl<A: Aggregate<Event: PartialEq + Debug>> KindOf<A> {
    /// A command is decided, after what is due has expired.
    pub(super) fn ask<Reply, Rejection>(
        &mut self,
        id: &A::Key,
        past: &mut Past,
        cause: &Cause,
        decide: impl FnOnce(&A, &mut Context<A::Event>) -> Result<Reply, Rejection>,
    ) -> Result<Judged<A::Event, Reply, Rejection>, Report>
    where
        Rejection: Error + 'static,
    {
        self.discover(past)?;
        let cell = self.cell(id, past)?;
        cell.catch_up::<A>(past)?;
        cell.expire::<A>(past)?;
        let mut ctx = Context::new(past.now);
        let state = cell.state::<A>();
        let judged = catch(|| decide(state, &mut ctx).map(|reply| (reply, ctx.into_events())));
        let taken = match &judged {
            Ok(Ok((_, events))) => cell.take::<A>(events, past, cause)?,
            _ => Ok(()),
        };
        Ok(taken.and(judged))
    }

    /// A look at the one with this ID.
    pub(super) fn state(&mut self, id: &A::Key, past: &Past) -> Result<&A, Report> {
        let cell = self.cell(id, past)?;
        cell.catch_up::<A>(past)?;
        Ok(cell.state())
    }

    fn cell(&mut self, id: &A::Key, past: &Past) -> Result<&mut Cell, Report> {
        if !self.cells.contains_key(id) {
            let cell = Cell::new::<A>(id).map_err(|error| {
                let what = format_args!("{} {id} cannot be addressed", A::NAME);
                past.report(what).because(error.as_ref())
            })?;
            self.cells.insert(id.clone(), cell);
        }
        Ok(self.cells.get_mut(id).expect("it was added"))
    }

    /// Finds those to whom something happened.
    fn discover(&mut self, past: &Past) -> Result<(), Report> {
        let head = past.log.head();
        for recorded in past.log.between(self.upto, head) {
            let event = &recorded.event;
            if find(A::Event::TYPES, event.event_type.as_str()).is_none() {
                continue;
            }
            for tag in event.tags.iter().filter(|tag| A::Key::has_key(tag.key())) {
                let id = read::<A::Key>(tag.value()).map_err(|error| {
                    past.report(format_args!("{tag} is no ID of {}", A::NAME)).because(&error)
                })?;
                self.cell(&id, past)?.begun = true;
            }
        }
        self.upto = head;
        Ok(())
    }
}

impl<A: Aggregate<Event: PartialEq + Debug>> Kind for KindOf<A> {
    fn is(&self, recipient: &Recipient) -> bool {
        matches!(recipient, Recipient::Aggregate(id, _) if *id == TypeId::of::<A>())
    }

    fn key_if_reads(&self, event_type: &str) -> Option<&'static str> {
        find(A::Event::TYPES, event_type).map(|_| A::Key::KEY)
    }

    fn next_due(&mut self, past: &Past) -> Result<Option<Timestamp>, Report> {
        self.discover(past)?;
        let mut next = None;
        for cell in self.cells.values_mut().filter(|cell| cell.begun) {
            cell.catch_up::<A>(past)?;
            let due = cell.deadline::<A>(past)?;
            next = [next, due].into_iter().flatten().min();
        }
        Ok(next)
    }

    fn expire(&mut self, past: &mut Past) -> Result<(), Report> {
        for cell in self.cells.values_mut().filter(|cell| cell.begun) {
            if cell.deadline::<A>(past)?.is_some_and(|due| due <= past.now) {
                return cell.expire::<A>(past);
            }
        }
        Ok(())
    }

    fn deliver(
        &mut self,
        past: &mut Past,
        delivered: Box<dyn Any + Send>,
        cause: &Cause,
    ) -> Result<(Ended, Box<dyn Payload>), Report> {
        let delivered: Box<Delivered<A>> = delivered.downcast().expect("it is for this type");
        let judged = self.ask(delivered.id(), past, cause, |state, ctx| {
            Decide::decide(state, &*delivered, ctx)
        })?;
        Ok((ended(judged), delivered))
    }
}

/// What a delivery has come to.
pub(super) fn ended<E, Reply, Rejection: Error + 'static>(
    judged: Judged<E, Reply, Rejection>,
) -> Ended {
    match judged {
        Ok(Ok((_, events))) if events.is_empty() => Ended::Nothing,
        Ok(Ok(_)) => Ended::Done,
        Ok(Err(rejection)) => Ended::Rejected(ErrorReport::of(&rejection).to_string()),
        Err(panicked) => Ended::Panicked(panicked.message()),
    }
}
