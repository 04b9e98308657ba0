//! What a policy is expected to send: a command, and to whom.

use std::any::{Any, TypeId, type_name};
use std::fmt::{self, Debug};

use super::same;
use crate::decision::Decision;
use crate::id::{Id, IntoId};
use crate::policy::{Outgoing, Recipient};
use crate::report::ErrorReport;
use crate::tag::Tag;
use crate::view::{Aggregate, Decide};

/// A command that aggregates of this type decide: every `C` with `A: Decide<C>`.
///
/// For an example see [`GivenEvents::sees`](crate::GivenEvents::sees).
#[diagnostic::on_unimplemented(
    message = "the aggregate `{A}` does not decide the command `{Self}`",
    label = "this command is not one of `{A}`"
)]
pub trait CommandOf<A: Aggregate>: Sized {}

impl<A: Decide<C>, C> CommandOf<A> for C {}

/// A command, and to whom it is sent: what a [policy](crate::Policy) is expected to do. Made by [`to`] and
/// [`decision`].
///
/// It is what was sent if that went to the same aggregate, or is a decision, and is of the same type and
/// equal. What is not equal to itself, because it holds a NaN, is compared as `Debug` shows it.
pub struct Sent {
    recipient: Recipient,
    tag: Option<Tag>,
    shown: String,
    equals: Equals,
}

/// Whether what was sent is what was expected.
type Equals = Box<dyn Fn(&dyn Any) -> bool>;

/// A command that is sent to the aggregate with this ID, as a policy does with
/// [`out.to::<Listing>(&id).send(command)`](crate::Commands::to).
///
/// `to::<Listing>("l1", RetractBid { bidder: "bob".into() })`. For an example see
/// [`GivenEvents::sees`](crate::GivenEvents::sees).
///
/// # Panics
/// If the ID cannot be a tag. That cannot happen to one declared with [`id!`](crate::id!).
#[track_caller]
pub fn to<A: Aggregate>(
    id: impl IntoId<A::Key>,
    command: impl CommandOf<A> + PartialEq + Debug + 'static,
) -> Sent {
    let id = id.into_id();
    let tag = match id.tag() {
        Ok(tag) => tag,
        Err(error) => {
            panic!("{} {id} cannot be addressed: {}", A::NAME, ErrorReport::of(&error))
        }
    };
    Sent {
        recipient: Recipient::Aggregate(TypeId::of::<A>(), type_name::<A>()),
        tag: Some(tag),
        shown: format!("{command:?} to {} {id}", A::NAME),
        equals: equals(command),
    }
}

/// A decision that a policy asks for with [`out.decide(decision)`](crate::Commands::decide).
///
/// `decision(PlaceBid { listing, bidder })`. For an example of its neighbour [`to`] see
/// [`GivenEvents::sees`](crate::GivenEvents::sees).
pub fn decision<D: Decision + PartialEq + Debug>(decision: D) -> Sent {
    Sent {
        recipient: Recipient::Decision(TypeId::of::<D>(), type_name::<D>()),
        tag: None,
        shown: format!("{decision:?}"),
        equals: equals(decision),
    }
}

fn equals<C: PartialEq + Debug + 'static>(expected: C) -> Equals {
    Box::new(move |sent| sent.downcast_ref().is_some_and(|sent| same::value(&expected, sent)))
}

impl Sent {
    pub(super) fn is(&self, sent: &Outgoing) -> bool {
        self.recipient == sent.recipient
            && self.tag == sent.target.tag
            && (self.equals)(sent.payload.command())
    }
}

/// `RetractBid { .. } to listing l1`.
impl Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// What was sent, shown as what is [expected](Sent).
pub(super) struct Shown<'a>(pub(super) &'a Outgoing);

impl Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.payload.fmt(f)
    }
}
