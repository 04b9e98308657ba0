//! What a policy sends, and to whom.

use std::any::{Any, TypeId, type_name};
use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::marker::PhantomData;

use super::delivered::Delivered;
use crate::codec::CodecError;
use crate::decision::Decision;
use crate::id::Id;
use crate::journal::DeliveryTarget;
use crate::short_name::short_name;
use crate::tag::{InvalidTag, Tag};
use crate::text::Text;
use crate::view::{Aggregate, Decide};

/// The commands of a [policy](crate::Policy), in the order in which they are sent.
///
/// For an example see [`Policy`](crate::Policy).
#[derive(Debug, Default)]
pub struct Commands {
    outgoing: Vec<Outgoing>,
    invalid: Option<InvalidTarget>,
}

impl Commands {
    /// A command to the aggregate with this ID: `out.to::<Listing>(&id).send(RetractBid { bidder })`.
    ///
    /// An ID that cannot be addressed, because its text cannot be a tag, fails the reaction as a panic
    /// would.
    pub fn to<'a, A: Aggregate>(&'a mut self, id: &'a A::Key) -> To<'a, A> {
        To { commands: self, id, aggregate: PhantomData }
    }

    /// A decision. It is shown to operators as its `Debug` does.
    pub fn decide<D: Decision + Debug>(&mut self, decision: D) {
        let command = D::COMMAND.unwrap_or_else(short_name::<D>);
        self.outgoing.push(Outgoing {
            target: DeliveryTarget { name: Text::literal(command), tag: None },
            was: Vec::new(),
            ordinal: 0,
            command,
            recipient: Recipient::Decision(TypeId::of::<D>(), type_name::<D>()),
            payload: Box::new(decision),
        });
    }

    /// What is to be sent, each with which of the commands for its target it is.
    ///
    /// # Errors
    /// If there is an ID that cannot be addressed.
    #[doc(hidden)]
    pub fn into_outgoing(self) -> Result<Vec<Outgoing>, InvalidTarget> {
        if let Some(invalid) = self.invalid {
            return Err(invalid);
        }
        let mut outgoing = self.outgoing;
        if outgoing.len() > 1 {
            let mut counts: BTreeMap<DeliveryTarget, u32> = BTreeMap::new();
            for sent in &mut outgoing {
                let count = counts.entry(sent.target.clone()).or_default();
                sent.ordinal = *count;
                *count += 1;
            }
        }
        Ok(outgoing)
    }
}

/// To whom a command is sent: see [`Commands::to`].
///
/// For an example see [`Policy`](crate::Policy).
#[must_use = "nothing is sent before `send`"]
pub struct To<'a, A: Aggregate> {
    commands: &'a mut Commands,
    id: &'a A::Key,
    aggregate: PhantomData<fn(A)>,
}

impl<A: Aggregate> To<'_, A> {
    /// Sends it. It is shown to operators as its `Debug` does.
    pub fn send<C>(self, command: C)
    where
        A: Decide<C>,
        C: Debug + Send + Sync + 'static,
    {
        let To { commands, id, .. } = self;
        let tag = match id.tag() {
            Ok(tag) => tag,
            Err(source) => {
                let invalid = InvalidTarget { aggregate: A::NAME, id: id.to_string(), source };
                commands.invalid.get_or_insert(invalid);
                return;
            }
        };
        commands.outgoing.push(Outgoing {
            was: former_targets::<A>(&tag),
            target: DeliveryTarget { name: Text::literal(A::NAME), tag: Some(tag) },
            ordinal: 0,
            command: A::COMMAND.unwrap_or_else(short_name::<C>),
            recipient: Recipient::Aggregate(TypeId::of::<A>(), type_name::<A>()),
            payload: Box::new(Delivered::<A>::new(id.clone(), command)),
        });
    }
}

impl<A: Aggregate> Debug for To<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "To({} {})", A::NAME, self.id)
    }
}

/// How an aggregate may have been recorded before its name, or the key of its ID, was changed.
fn former_targets<A: Aggregate>(tag: &Tag) -> Vec<DeliveryTarget> {
    let keys = || std::iter::once(<A::Key as Id>::KEY).chain(<A::Key as Id>::WAS.iter().copied());
    let names = std::iter::once(A::NAME).chain(A::WAS.iter().copied());
    let target = |name: &'static str, key| {
        let tag = Tag::new(key, tag.value()).ok()?;
        Some(DeliveryTarget { name: Text::literal(name), tag: Some(tag) })
    };
    let all = names.flat_map(|name| keys().filter_map(move |key| target(name, key)));
    all.skip(1).collect()
}

/// A policy sends to an ID that cannot be addressed.
///
/// For an example of addressing see [`Policy`](crate::Policy).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it sends to {aggregate} {id:?}, which cannot be addressed")]
pub struct InvalidTarget {
    aggregate: &'static str,
    id: String,
    source: InvalidTag,
}

/// A command on its way, whatever its type.
#[derive(Debug)]
pub struct Outgoing {
    /// To whom, as it is recorded.
    pub target: DeliveryTarget,
    /// The same by names and keys that it had before: it may have been delivered under one of them.
    pub was: Vec<DeliveryTarget>,
    /// Which of the commands of its news for that target.
    pub ordinal: u32,
    /// The name of the command.
    pub command: &'static str,
    /// To whom, as the program knows it.
    pub recipient: Recipient,
    /// The command.
    pub payload: Box<dyn Payload>,
}

/// The Rust type to which a command goes, and how it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Aggregates of this type. The payload becomes a [`Delivered`] for it.
    Aggregate(TypeId, &'static str),
    /// The decision itself, which the payload is.
    Decision(TypeId, &'static str),
}

/// What is sent: a decision, or a command with whom it is for.
pub trait Payload: Debug + Send + Sync {
    /// For whoever delivers it.
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
    /// The command or decision itself, as the policy gave it.
    fn command(&self) -> &dyn Any;
    /// Whether it is the one that was recorded so; none if its type is not recorded.
    fn is_same(&self, form: &[u8]) -> Option<Result<bool, CodecError>>;
}

impl<D: Decision + Debug> Payload for D {
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }

    fn command(&self) -> &dyn Any {
        self
    }

    fn is_same(&self, form: &[u8]) -> Option<Result<bool, CodecError>> {
        Some(D::RECORDED?.is_same(self, form))
    }
}
