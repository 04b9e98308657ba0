//! What a policy or an effect records of itself: events of Bailiwick's own types. They are facts; whatever else is
//! known of a policy's progress is made of them.

use std::any::TypeId;

use serde::{Deserialize, Serialize};

use crate::codec::{self, CodecError};
use crate::event::Event;
use crate::journal::{
    DELIVERY_ENDED, LANE_FREED, LANE_PARKED, POLICY_REACHED, POLICY_REWOUND, POLICY_STARTED,
};
use crate::position::Position;
use crate::schema::EventDescriptor;
use crate::schema_version::SchemaVersion;
use crate::tag::{InvalidTag, Tag};
use crate::tagged::TagCollector;

/// The key of the tag that all facts of a policy carry. Not one of an ID's: it has a dot.
pub const POLICY_KEY: &str = "bailiwick.policy";

/// The tag that all facts of the policy with this name carry.
///
/// # Errors
/// If it cannot be the name of a policy.
pub fn policy_tag(name: &str) -> Result<Tag, InvalidTag> {
    /// The longest name of a policy, in bytes.
    const MOST: usize = 80;
    match name.len() {
        bytes if bytes > MOST => Err(InvalidTag::TooLong { bytes }),
        _ => Tag::new(POLICY_KEY, name),
    }
}

/// What a policy records of its progress, each tagged with the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyFact {
    /// It began: it wants what comes after this position.
    Started {
        /// Behind this position.
        after: Position,
        /// Its lane, as [`Lane`](crate::Lane) shows it.
        lane: String,
    },
    /// Everything that it wants up to here is done, but for what is in lanes that are parked.
    Reached {
        /// Up to here.
        upto: Position,
    },
    /// It does everything again from here on.
    Rewound {
        /// Behind this position.
        after: Position,
        /// How often it was rewound, with this time.
        run: u32,
    },
    /// A lane stands still until somebody has seen to it.
    LaneParked {
        /// Which.
        lane: String,
        /// The news that cannot be dealt with.
        at: Position,
        /// Why.
        reason: String,
        /// What could not be delivered, as it is shown to operators; none if it is not known.
        command: Option<String>,
    },
    /// A lane that was parked is so no more: what it holds up to here is done, or was dropped.
    LaneFreed {
        /// Which.
        lane: String,
        /// Up to here. What comes later is dealt with as ever.
        upto: Position,
        /// Behind this position nothing was done: an operator dropped it; none if all was done.
        dropped_after: Option<Position>,
    },
}

/// How a delivery ended that caused no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// A rule of the target said no.
    Rejected,
    /// The target accepted it, and nothing happened.
    Nothing,
    /// The effect was performed.
    Performed,
    /// The policy or the effect gave up.
    GaveUp,
    /// An operator said that it is not to be done.
    Skipped,
}

/// The trace of a delivery that caused no event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryEnded {
    /// How.
    pub how: Ending,
    /// Why, if there is more to say.
    #[serde(default)]
    pub reason: Option<String>,
}

const fn own<T: 'static>(name: &'static str) -> EventDescriptor {
    EventDescriptor::new(name, "bailiwick", TypeId::of::<T>()).round_trips(true)
}

impl Event for DeliveryEnded {
    const TYPES: &'static [EventDescriptor] = &[own::<DeliveryEnded>(DELIVERY_ENDED)];

    fn descriptor(&self) -> &'static EventDescriptor {
        &Self::TYPES[0]
    }

    fn tags(&self, _: &mut TagCollector<'_>) {}

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        codec::encode(self, out)
    }

    fn decode(_: &str, _: SchemaVersion, payload: &[u8]) -> Result<Option<Self>, CodecError> {
        codec::decode(DELIVERY_ENDED, payload).map(Some)
    }
}

#[derive(Serialize, Deserialize)]
struct Started {
    after: u64,
    lane: String,
}

#[derive(Serialize, Deserialize)]
struct Reached {
    upto: u64,
}

#[derive(Serialize, Deserialize)]
struct Rewound {
    after: u64,
    run: u32,
}

#[derive(Serialize, Deserialize)]
struct Parked {
    lane: String,
    at: u64,
    reason: String,
    #[serde(default)]
    command: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Freed {
    lane: String,
    upto: u64,
    #[serde(default)]
    dropped_after: Option<u64>,
}

impl Event for PolicyFact {
    const TYPES: &'static [EventDescriptor] = &[
        own::<Started>(POLICY_STARTED),
        own::<Reached>(POLICY_REACHED),
        own::<Rewound>(POLICY_REWOUND),
        own::<Parked>(LANE_PARKED),
        own::<Freed>(LANE_FREED),
    ];

    fn descriptor(&self) -> &'static EventDescriptor {
        &Self::TYPES[match self {
            PolicyFact::Started { .. } => 0,
            PolicyFact::Reached { .. } => 1,
            PolicyFact::Rewound { .. } => 2,
            PolicyFact::LaneParked { .. } => 3,
            PolicyFact::LaneFreed { .. } => 4,
        }]
    }

    fn tags(&self, _: &mut TagCollector<'_>) {}

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), CodecError> {
        match self.clone() {
            PolicyFact::Started { after, lane } => {
                codec::encode(&Started { after: after.get(), lane }, out)
            }
            PolicyFact::Reached { upto } => codec::encode(&Reached { upto: upto.get() }, out),
            PolicyFact::Rewound { after, run } => {
                codec::encode(&Rewound { after: after.get(), run }, out)
            }
            PolicyFact::LaneParked { lane, at, reason, command } => {
                codec::encode(&Parked { lane, at: at.get(), reason, command }, out)
            }
            PolicyFact::LaneFreed { lane, upto, dropped_after } => {
                let dropped_after = dropped_after.map(Position::get);
                codec::encode(&Freed { lane, upto: upto.get(), dropped_after }, out)
            }
        }
    }

    fn decode(name: &str, _: SchemaVersion, payload: &[u8]) -> Result<Option<Self>, CodecError> {
        Ok(Some(match name {
            POLICY_STARTED => {
                let Started { after, lane } = codec::decode(name, payload)?;
                PolicyFact::Started { after: Position::new(after), lane }
            }
            POLICY_REACHED => {
                let Reached { upto } = codec::decode(name, payload)?;
                PolicyFact::Reached { upto: Position::new(upto) }
            }
            POLICY_REWOUND => {
                let Rewound { after, run } = codec::decode(name, payload)?;
                PolicyFact::Rewound { after: Position::new(after), run }
            }
            LANE_PARKED => {
                let Parked { lane, at, reason, command } = codec::decode(name, payload)?;
                PolicyFact::LaneParked { lane, at: Position::new(at), reason, command }
            }
            LANE_FREED => {
                let Freed { lane, upto, dropped_after } = codec::decode(name, payload)?;
                let dropped_after = dropped_after.map(Position::new);
                PolicyFact::LaneFreed { lane, upto: Position::new(upto), dropped_after }
            }
            other => return Err(CodecError::UnknownType(other.to_owned())),
        }))
    }
}
