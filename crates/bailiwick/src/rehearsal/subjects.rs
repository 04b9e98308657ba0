//! The commands, decisions and deadlines that are rehearsed, without their types.

use std::any::{TypeId, type_name};
use std::marker::PhantomData;
use std::str::FromStr;

use bailiwick_core::turn::{self, Expiry, Round};
use bailiwick_core::views::{Boundary, Folded};
use bailiwick_core::{
    Aggregate, Bounded, BoxError, Context, Decide, Decision, ErrorReport, Id, Tag, Timestamp,
};

use super::emitted::{Emitted, Outcome, emitted};
use crate::request::command_name;

/// Why a recorded command cannot be decided again.
pub(super) type Unposed = String;

/// Commands or decisions of a type.
pub(super) trait Subject: Send + Sync {
    /// What tells it from others.
    fn types(&self) -> (TypeId, TypeId);
    /// By which name it is recorded.
    fn command(&self) -> &'static str;
    /// The `NAME` of the aggregates that decide it; none of a decision.
    fn aggregate(&self) -> Option<&'static str>;
    /// Whether the aggregates that decide it are called so, or were.
    fn is_of(&self, aggregate: &str) -> bool;
    /// One that was recorded so, to be decided by the aggregate with this tag.
    ///
    /// # Errors
    /// If it cannot be read any more.
    fn pose(&self, form: &[u8], own: Option<&Tag>) -> Result<Box<dyn Posed>, Unposed>;
}

/// A command or a decision that is to be decided again.
pub(super) trait Posed: Send {
    fn boundary(&self) -> &Boundary;
    /// # Panics
    /// If the domain's code does.
    fn decide(&self, views: &Folded, now: Timestamp) -> Outcome;
}

pub(super) struct CommandOf<A, C>(PhantomData<fn() -> (A, C)>);

impl<A: Decide<C>, C: Send + 'static> CommandOf<A, C> {
    pub(super) const fn new() -> Self {
        const {
            assert!(
                A::RECORDED.is_some(),
                "only commands that are recorded can be rehearsed: put `#[command(recorded)]` on the \
                 method that decides it"
            );
        };
        CommandOf(PhantomData)
    }
}

struct PosedCommand<A: Aggregate, C> {
    command: C,
    boundary: Boundary,
    aggregate: PhantomData<fn() -> A>,
}

impl<A: Decide<C>, C: Send + 'static> Subject for CommandOf<A, C> {
    fn types(&self) -> (TypeId, TypeId) {
        (TypeId::of::<A>(), TypeId::of::<C>())
    }

    fn command(&self) -> &'static str {
        A::COMMAND.unwrap_or_else(command_name::<C>)
    }

    fn aggregate(&self) -> Option<&'static str> {
        Some(A::NAME)
    }

    fn is_of(&self, aggregate: &str) -> bool {
        A::is_named(aggregate)
    }

    fn pose(&self, form: &[u8], own: Option<&Tag>) -> Result<Box<dyn Posed>, Unposed> {
        let recording = A::RECORDED.as_ref().expect("it was looked at when it was added");
        let command = recording.decode(form).map_err(told)?;
        let boundary = boundary_of::<A>(own.ok_or("it has no tag of an aggregate")?)?;
        Ok(Box::new(PosedCommand::<A, C> { command, boundary, aggregate: PhantomData }))
    }
}

impl<A: Decide<C>, C: Send + 'static> Posed for PosedCommand<A, C> {
    fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    fn decide(&self, views: &Folded, now: Timestamp) -> Outcome {
        match turn::decide(views.refs::<A>(&self.boundary), &self.command, now) {
            Ok((_, events)) => Outcome::Emits(emitted(events)),
            Err(rejection) => Outcome::Refuses(ErrorReport::of(&rejection).to_string()),
        }
    }
}

pub(super) struct DecisionOf<D>(PhantomData<fn() -> D>);

impl<D: Decision> DecisionOf<D> {
    pub(super) const fn new() -> Self {
        DecisionOf(PhantomData)
    }
}

impl<D: Decision> Subject for DecisionOf<D> {
    fn types(&self) -> (TypeId, TypeId) {
        (TypeId::of::<D>(), TypeId::of::<D>())
    }

    fn command(&self) -> &'static str {
        D::COMMAND.unwrap_or_else(command_name::<D>)
    }

    fn aggregate(&self) -> Option<&'static str> {
        None
    }

    fn is_of(&self, _: &str) -> bool {
        false
    }

    fn pose(&self, form: &[u8], _: Option<&Tag>) -> Result<Box<dyn Posed>, Unposed> {
        let recording = D::RECORDED.as_ref();
        let recording = recording.ok_or_else(|| format!("{} is not recorded", type_name::<D>()))?;
        let decision = recording.decode(form).map_err(told)?;
        Ok(Box::new(Bounded::new(decision).map_err(told)?))
    }
}

impl<D: Decision> Posed for Bounded<D> {
    fn boundary(&self) -> &Boundary {
        Bounded::boundary(self)
    }

    fn decide(&self, views: &Folded, now: Timestamp) -> Outcome {
        let mut ctx = Context::new(now);
        match Bounded::decide(self, views, &mut ctx) {
            Ok(_) => Outcome::Emits(emitted(ctx.into_events())),
            Err(rejection) => Outcome::Refuses(ErrorReport::of(&rejection).to_string()),
        }
    }
}

/// The deadlines of aggregates of a type.
pub(super) trait Timed: Send + Sync {
    fn of(&self) -> TypeId;
    fn name(&self) -> &'static str;
    fn is_named(&self, aggregate: &str) -> bool;
    /// What the aggregate with this tag reads.
    ///
    /// # Errors
    /// If the tag is not one of theirs.
    fn boundary(&self, own: &Tag) -> Result<Boundary, Unposed>;
    /// The events of the next round in which what is due expires.
    ///
    /// # Errors
    /// Why there are none.
    ///
    /// # Panics
    /// If the domain's code does.
    fn round(
        &self,
        views: &Folded,
        boundary: &Boundary,
        now: Timestamp,
    ) -> Result<Vec<Box<dyn Emitted>>, String>;
}

pub(super) struct TimedOf<A>(PhantomData<fn() -> A>);

impl<A: Aggregate> TimedOf<A> {
    pub(super) const fn new() -> Self {
        TimedOf(PhantomData)
    }
}

impl<A: Aggregate> Timed for TimedOf<A> {
    fn of(&self) -> TypeId {
        TypeId::of::<A>()
    }

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn is_named(&self, aggregate: &str) -> bool {
        A::is_named(aggregate)
    }

    fn boundary(&self, own: &Tag) -> Result<Boundary, Unposed> {
        boundary_of::<A>(own)
    }

    fn round(
        &self,
        views: &Folded,
        boundary: &Boundary,
        now: Timestamp,
    ) -> Result<Vec<Box<dyn Emitted>>, String> {
        match Expiry::at(now).next_round(views.refs::<A>(boundary)) {
            Ok(Round::Events(events)) => Ok(emitted(events)),
            Ok(Round::Done | Round::Later) => Err("nothing is due".to_owned()),
            Err(overdue) => Err(format!("fails: {overdue}")),
        }
    }
}

fn boundary_of<A: Aggregate>(own: &Tag) -> Result<Boundary, Unposed> {
    let unreadable = || format!("{own} is no ID of {}", A::NAME);
    if !A::Key::has_key(own.key()) {
        return Err(unreadable());
    }
    let id = A::Key::from_str(own.value()).map_err(|_| unreadable())?;
    Boundary::of::<A>(&id).map_err(told)
}

fn told(error: impl Into<BoxError>) -> String {
    ErrorReport::of(&*error.into()).to_string()
}
