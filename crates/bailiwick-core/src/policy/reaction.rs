//! What is known of a policy or an effect before there are news.

use std::any::{TypeId, type_name};
use std::fmt;

use super::{Lane, Policy, Start};
use crate::codec::CodecError;
use crate::event::Event;
use crate::journal::{EncodedEvent, EventType};
use crate::schema::{EventDescriptor, each_name};
use crate::views::{Reader, Views};

/// Which of the two reactions to news it is. Shown, it is "policy" or "effect".
///
/// For an example see [`Effect`](crate::Effect).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReactionKind {
    /// A [`Policy`]: it sends commands.
    Policy,
    /// An [`Effect`](crate::Effect): it calls the outside world.
    Effect,
}

impl ReactionKind {
    /// What is shown.
    #[doc(hidden)]
    pub const fn name(self) -> &'static str {
        match self {
            ReactionKind::Policy => "policy",
            ReactionKind::Effect => "effect",
        }
    }
}

impl fmt::Display for ReactionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a reaction declares: a policy or an effect.
#[derive(Debug, Clone, Copy)]
pub struct ReactionDescriptor {
    /// Which of the two.
    pub kind: ReactionKind,
    /// Its `NAME`.
    pub name: &'static str,
    /// Its Rust type.
    pub rust_type: &'static str,
    /// What tells Rust types of the same path apart.
    pub id: TypeId,
    /// Its `LANE`.
    pub lane: Lane,
    /// Its `START`.
    pub start: Start,
    /// The types of its news.
    pub types: &'static [EventDescriptor],
    /// Decodes a news, and forgets it.
    pub decodes: fn(&EncodedEvent) -> Result<(), CodecError>,
    /// What its views read.
    pub readers: fn(&mut Vec<Reader>),
}

impl ReactionDescriptor {
    /// What a policy declares.
    pub fn of_policy<P: Policy>() -> Self {
        Self::of::<P, P::Event, P::Views>(ReactionKind::Policy, P::NAME, P::LANE, P::START)
    }

    /// What a reaction with these declares.
    pub(crate) fn of<T: 'static, E: Event, V: Views>(
        kind: ReactionKind,
        name: &'static str,
        lane: Lane,
        start: Start,
    ) -> Self {
        const {
            assert!(
                !E::TYPES.is_empty(),
                "a policy or effect wants news of one event type at least"
            );
        };
        ReactionDescriptor {
            kind,
            name,
            rust_type: type_name::<T>(),
            id: TypeId::of::<T>(),
            lane,
            start,
            types: E::TYPES,
            decodes: |event| event.decode::<E>().map(drop),
            readers: V::readers,
        }
    }

    /// The names of the types of its news, by all names that they have or had, each once.
    pub fn names(&self) -> Vec<EventType> {
        each_name(self.types).into_iter().map(EventType::literal).collect()
    }

    /// Its lane as it is recorded. That of an effect is never that of a policy: one that becomes the other
    /// under the same name does so when nothing is under way.
    pub fn recorded_lane(&self) -> String {
        match self.kind {
            ReactionKind::Policy => self.lane.to_string(),
            ReactionKind::Effect => format!("{EFFECT}{}", self.lane),
        }
    }
}

/// How the recorded lane of an effect begins.
const EFFECT: &str = "effect by ";

/// Of which kind a reaction was that has recorded this lane.
pub fn recorded_kind(lane: &str) -> ReactionKind {
    match lane.starts_with(EFFECT) {
        true => ReactionKind::Effect,
        false => ReactionKind::Policy,
    }
}
