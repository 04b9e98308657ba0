//! The commands, decisions and deadlines that are rehearsed, without their types.

use std::any::{TypeId, type_name};
use std::str::FromStr;

use bailiwick_core::turn::{self, Expiry, Round};
use bailiwick_core::views::{Boundary, Folded};
use bailiwick_core::{Aggregate, Bounded, Context, Decide, Decision, Id, Tag, Timestamp};

use super::emitted::{AllEmitted, Outcome, emitted};
use crate::error::report;
use crate::request::command_name;

/// Commands or decisions of a type.
pub(super) struct Subject {
    /// What tells it from others.
    pub(super) types: (TypeId, TypeId),
    /// By which name it is recorded.
    pub(super) command: &'static str,
    /// The `NAME` of the aggregates that decide it; none of a decision.
    pub(super) aggregate: Option<&'static str>,
    /// Whether the aggregates that decide it are called so, or were.
    pub(super) is_of: fn(&str) -> bool,
    /// One that was recorded so, to be decided by the aggregate with this tag; or why it cannot be read any more.
    pub(super) pose: Pose,
}

type Pose = fn(&[u8], Option<&Tag>) -> Result<Posed, String>;

impl Subject {
    pub(super) fn command<A: Decide<C>, C: Send + 'static>() -> Self {
        const {
            assert!(
                A::RECORDED.is_some(),
                "only commands that are recorded can be rehearsed: put `#[command(recorded)]` on the \
                 method that decides it"
            );
        };
        Subject {
            types: (TypeId::of::<A>(), TypeId::of::<C>()),
            command: A::COMMAND.unwrap_or_else(command_name::<C>),
            aggregate: Some(A::NAME),
            is_of: A::is_named,
            pose: |form, own| {
                let recording = A::RECORDED.as_ref().expect("it was looked at when it was added");
                let command = recording.decode(form).map_err(report)?;
                let boundary = boundary_of::<A>(own.ok_or("it has no tag of an aggregate")?)?;
                let of = boundary.clone();
                let decide = move |views: &Folded, now| {
                    let decided = turn::decide(views.refs::<A>(&of), &command, now);
                    Outcome::of(decided.map(|(_, events)| events))
                };
                Ok(Posed { boundary, decide: Box::new(decide) })
            },
        }
    }

    pub(super) fn decision<D: Decision>() -> Self {
        Subject {
            types: (TypeId::of::<D>(), TypeId::of::<D>()),
            command: D::COMMAND.unwrap_or_else(command_name::<D>),
            aggregate: None,
            is_of: |_| false,
            pose: |form, _| {
                let recording = D::RECORDED.as_ref();
                let unrecorded = || format!("{} is not recorded", type_name::<D>());
                let decision = recording.ok_or_else(unrecorded)?.decode(form).map_err(report)?;
                let bounded = Bounded::new(decision).map_err(report)?;
                let boundary = bounded.boundary().clone();
                let decide = move |views: &Folded, now| {
                    let mut ctx = Context::new(now);
                    let decided = bounded.decide(views, &mut ctx);
                    Outcome::of(decided.map(|_| ctx.into_events()))
                };
                Ok(Posed { boundary, decide: Box::new(decide) })
            },
        }
    }
}

/// A command or a decision that is to be decided again.
pub(super) struct Posed {
    pub(super) boundary: Boundary,
    /// It panics if the domain's code does.
    pub(super) decide: Box<Judge>,
}

type Judge = dyn Fn(&Folded, Timestamp) -> Outcome + Send;

/// The deadlines of aggregates of a type.
pub(super) struct Timed {
    pub(super) of: TypeId,
    pub(super) name: &'static str,
    /// Whether they are called so, or were.
    pub(super) is_named: fn(&str) -> bool,
    /// What the aggregate with this tag reads; or why the tag is not one of theirs.
    pub(super) boundary: fn(&Tag) -> Result<Boundary, String>,
    /// The events of the next round in which what is due expires, or why there are none. It panics if the domain's
    /// code does.
    pub(super) round: fn(&Folded, &Boundary, Timestamp) -> Result<AllEmitted, String>,
}

impl Timed {
    pub(super) fn of<A: Aggregate>() -> Self {
        Timed {
            of: TypeId::of::<A>(),
            name: A::NAME,
            is_named: A::is_named,
            boundary: boundary_of::<A>,
            round: |views, boundary, now| match Expiry::at(now)
                .next_round(views.refs::<A>(boundary))
            {
                Ok(Round::Events(events)) => Ok(emitted(events)),
                Ok(Round::Done | Round::Later) => Err("nothing is due".to_owned()),
                Err(overdue) => Err(format!("fails: {overdue}")),
            },
        }
    }
}

fn boundary_of<A: Aggregate>(own: &Tag) -> Result<Boundary, String> {
    let unreadable = || format!("{own} is no ID of {}", A::NAME);
    if !A::Key::has_key(own.key()) {
        return Err(unreadable());
    }
    let id = A::Key::from_str(own.value()).map_err(|_| unreadable())?;
    Boundary::of::<A>(&id).map_err(report)
}
