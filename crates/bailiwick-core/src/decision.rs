//! Decisions: commands whose rules belong to no single aggregate.
//!
//! Why it is as it is: docs/decisions/decisions.md.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;

use crate::context::Context;
use crate::event::{Event, tags_of};
use crate::recording::Recording;
use crate::tag::Tags;
use crate::tagged::TagError;
use crate::views::{Boundary, BoundaryError, Folded, Views};

/// A command over a dynamic boundary: it reads exactly the facts it depends on, through views, and
/// what it emits is appended on the condition that none of those facts has changed.
///
/// For a rule that belongs to no single aggregate. Where one aggregate has all that the rule needs,
/// a command of that aggregate ([`Decide`](crate::Decide)) is simpler and faster.
///
/// ```
/// use bailiwick_core::{Context, Decision, Event, Timestamp, View, given_events, id, require};
/// use serde::{Deserialize, Serialize};
///
/// id!(SeatId: "seat", GuestId: "guest");
///
/// #[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct SeatTaken {
///     #[tag]
///     seat: SeatId,
///     #[tag]
///     guest: GuestId,
/// }
///
/// /// Whose seat it is.
/// struct Seat(Option<GuestId>);
///
/// impl View for Seat {
///     type Key = SeatId;
///     type Event = SeatTaken;
///     fn new(_: &SeatId) -> Self {
///         Seat(None)
///     }
///     fn apply(&mut self, event: &SeatTaken, _: Timestamp) {
///         self.0 = Some(event.guest.clone());
///     }
/// }
///
/// /// How many seats a guest has.
/// struct Guest(usize);
///
/// impl View for Guest {
///     type Key = GuestId;
///     type Event = SeatTaken;
///     fn new(_: &GuestId) -> Self {
///         Guest(0)
///     }
///     fn apply(&mut self, _: &SeatTaken, _: Timestamp) {
///         self.0 += 1;
///     }
/// }
///
/// struct TakeSeat {
///     seat: SeatId,
///     guest: GuestId,
/// }
///
/// #[derive(Debug, PartialEq, thiserror::Error)]
/// enum Refused {
///     #[error("somebody sits there")]
///     Taken,
///     #[error("a guest takes two seats at most")]
///     TwoAlready,
/// }
///
/// impl Decision for TakeSeat {
///     type Views = (Seat, Guest);
///     type Event = SeatTaken;
///     type Reply = ();
///     type Rejection = Refused;
///
///     fn keys(&self) -> (SeatId, GuestId) {
///         (self.seat.clone(), self.guest.clone())
///     }
///
///     fn decide(
///         &self,
///         (seat, guest): (&Seat, &Guest),
///         ctx: &mut Context<SeatTaken>,
///     ) -> Result<(), Refused> {
///         require(seat.0.is_none(), Refused::Taken)?;
///         require(guest.0 < 2, Refused::TwoAlready)?;
///         ctx.emit(SeatTaken { seat: self.seat.clone(), guest: self.guest.clone() });
///         Ok(())
///     }
/// }
///
/// let taken =
///     |seat: &'static str| SeatTaken { seat: seat.into(), guest: "ann".into() };
/// given_events()
///     .event(taken("1A"))
///     .when(TakeSeat { seat: "1A".into(), guest: "bob".into() })
///     .rejected(Refused::Taken)
///     .when(TakeSeat { seat: "1B".into(), guest: "ann".into() })
///     .emits([taken("1B")])
///     .when(TakeSeat { seat: "1C".into(), guest: "ann".into() })
///     .rejected(Refused::TwoAlready);
/// ```
///
/// # What it reads is what it guards
///
/// Both come from [`Views`](Decision::Views) and [`keys`](Decision::keys), so they cannot disagree:
/// an event that a view of the decision would have folded in, and that was appended by anybody after
/// the views were read, makes the decision be decided again. To guard less than is read, say so with
/// [`Unguarded`](crate::Unguarded). An event that no view reads disturbs nobody.
///
/// An aggregate that is read is as its events left it: what is due by now but has not expired yet is
/// still there, so judge it at [`Context::now`] as the aggregate's own commands do.
///
/// # Whom its events concern
///
/// A decision has no tag of its own: its events carry the tags of their `#[tag]` fields, and nothing
/// else. An aggregate sees such an event if the event carries the aggregate's tag, so name everyone
/// concerned in a `#[tag]` field; an event that an aggregate emits without naming itself cannot be
/// emitted by a decision on its behalf.
///
/// An event that nobody would find fails the decision ([`EmitError`]), unless a view of this same
/// decision reads it:
///
/// - one without any tag;
/// - in a runtime, one of a type that aggregates of the runtime read, with the tag of none of them: a
///   `SeatReleased` that names the guest, but no seat, would be acknowledged and leave the seat taken.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a decision",
    note = "implement `Decision` for it: its views and their keys, its events, `decide`",
    note = "a command that one aggregate decides is sent to that aggregate instead"
)]
pub trait Decision: Sized + Send + Sync + 'static {
    /// By which name it is recognised when it comes again with the same idempotency key, and is called
    /// in the journal's metadata: see [`Decide::COMMAND`](crate::Decide::COMMAND). All decisions on a
    /// journal share their keys, so it must differ from those of all other decisions; a runtime does
    /// not start with two that have one.
    const COMMAND: Option<&'static str> = None;
    /// Whether decisions of this type are recorded, so that they can be rehearsed:
    /// `Some(Recording::new())`. See [`Decide::RECORDED`](crate::Decide::RECORDED).
    const RECORDED: Option<Recording<Self>> = None;
    /// What it reads: a [view](crate::View) or an aggregate, a tuple of up to six, a `Vec` of them
    /// ("each of these products"), an `Option`, [`Unguarded`](crate::Unguarded),
    /// [`Last`](crate::Last), and any nesting of these.
    type Views: Views;
    /// Which events it emits.
    type Event: Event;
    /// What it answers when it is accepted.
    type Reply: Send + 'static;
    /// Which rule said no.
    type Rejection: Error + Send + Sync + 'static;

    /// What the views are of. A function of the decision and nothing else; called once.
    fn keys(&self) -> <Self::Views as Views>::Keys;

    /// Decides: emits events and replies, or refuses.
    ///
    /// A pure, synchronous function of (decision, views, now), as
    /// [`Decide::decide`](crate::Decide::decide) is: the views are as *before* it, and it is run
    /// again if another writer was faster.
    ///
    /// # Errors
    /// The rule that said no. Nothing that was emitted is kept then.
    fn decide(
        &self,
        views: <Self::Views as Views>::Refs<'_>,
        ctx: &mut Context<Self::Event>,
    ) -> Result<Self::Reply, Self::Rejection>;
}

/// A decision with its boundary, which it has for good: nobody can decide it on other views.
///
/// For an example see [`Decision`](crate::Decision).
#[derive(Debug)]
pub struct Bounded<D> {
    decision: D,
    boundary: Boundary,
}

impl<D: Decision> Bounded<D> {
    /// Asks the decision for its keys.
    ///
    /// # Errors
    /// If a key cannot be a tag.
    pub fn new(decision: D) -> Result<Self, BoundaryError> {
        let boundary = Boundary::of::<D::Views>(&decision.keys())?;
        Ok(Bounded { decision, boundary })
    }

    /// A decision with the boundary that was made of its own keys, by whoever has to give it back
    /// if that goes wrong.
    ///
    /// # Panics
    /// If it is the boundary of other views.
    #[doc(hidden)]
    pub fn within(decision: D, boundary: Boundary) -> Self {
        boundary.assert_of::<D::Views>();
        Bounded { decision, boundary }
    }

    /// What it reads and guards.
    pub fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// The decision itself.
    #[doc(hidden)]
    pub fn decision(&self) -> &D {
        &self.decision
    }

    /// The decision itself, given back.
    pub fn into_decision(self) -> D {
        self.decision
    }

    /// Its views, out of `views`.
    ///
    /// # Panics
    /// If `views` does not have all of them: its boundary was not added.
    pub fn refs<'a>(&'a self, views: &'a Folded) -> <D::Views as Views>::Refs<'a> {
        views.refs::<D::Views>(&self.boundary)
    }

    /// Decides on `views`. What is emitted goes into `ctx`.
    ///
    /// # Errors
    /// The rejection. What is in `ctx` then is to be forgotten.
    ///
    /// # Panics
    /// If `views` does not have all of them, and if the decision does.
    pub fn decide(
        &self,
        views: &Folded,
        ctx: &mut Context<D::Event>,
    ) -> Result<D::Reply, D::Rejection> {
        self.decision.decide(self.refs(views), ctx)
    }

    /// The tags of an event that it emits.
    ///
    /// # Errors
    /// If a field cannot be a tag, or if nobody could find the event.
    pub fn tags_of(&self, event: &D::Event) -> Result<Tags, EmitError> {
        self.tags_for(event, &[])
    }

    /// As [`tags_of`](Bounded::tags_of), of an event whose type is read by aggregates the keys of
    /// whose tags are `readers`.
    ///
    /// # Errors
    /// As [`tags_of`](Bounded::tags_of), and if none of them could find it.
    #[doc(hidden)]
    pub fn tags_for(&self, event: &D::Event, readers: &[&'static str]) -> Result<Tags, EmitError> {
        let tags = tags_of(&Tags::none(), event)?;
        let named = |key: &&'static str| tags.iter().any(|tag| tag.key() == *key);
        let lost = match readers {
            [] => tags.as_slice().is_empty(),
            keys => !keys.iter().any(named),
        };
        let event_type = event.event_type();
        if !lost || self.boundary.selecting(event_type, &tags).next().is_some() {
            Ok(tags)
        } else if readers.is_empty() {
            Err(EmitError::Untagged { event_type })
        } else {
            Err(EmitError::Misaddressed { event_type, keys: each_once(readers), tags })
        }
    }
}

/// Why an event cannot be emitted by a decision.
///
/// For an example see [`Decision`](crate::Decision).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// Its fields cannot be its tags.
    #[error(transparent)]
    Tags(#[from] TagError),
    /// It concerns nobody.
    #[error(
        "{event_type} carries no tag, and no view of the decision reads it by its type alone: \
         nobody would find it. Mark the IDs of those it concerns with `#[tag]`; a decision has no \
         tag of its own to lend it"
    )]
    Untagged {
        /// The name of its type.
        event_type: &'static str,
    },
    /// It concerns none of those who read its type.
    #[error(
        "{event_type} is read by aggregates of this runtime under the tag key {}, but it carries \
         {}: none of them would find it. Mark the IDs of those it concerns with `#[tag]`, or emit an \
         event of another type",
        OneOf(keys),
        AllOf(tags)
    )]
    Misaddressed {
        /// The name of its type.
        event_type: &'static str,
        /// The keys of the IDs of the aggregates that read it.
        keys: Vec<&'static str>,
        /// The tags that it carries.
        tags: Tags,
    },
}

fn each_once(readers: &[&'static str]) -> Vec<&'static str> {
    let keys: BTreeSet<_> = readers.iter().copied().collect();
    keys.into_iter().collect()
}

struct OneOf<'a>(&'a [&'static str]);

impl fmt::Display for OneOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(at, key)| write!(f, "{}{key:?}", if at == 0 { "" } else { " or " }))
    }
}

struct AllOf<'a>(&'a Tags);

impl fmt::Display for AllOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.as_slice().is_empty() {
            return f.write_str("no tag");
        }
        self.0
            .iter()
            .enumerate()
            .try_for_each(|(at, tag)| write!(f, "{}{tag}", if at == 0 { "" } else { ", " }))
    }
}
