//! How a policy or an effect is, as operators and the health of its runtime see it.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::{Position, ReactionKind, Text, Timestamp};

use super::counts::ReactionCounts;

/// How a policy or an effect is.
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReactionState {
    /// It goes on.
    Running,
    /// As many lanes are parked as may be ([`parked_lanes`](crate::Config::parked_lanes)), so it does
    /// nothing more until the runtime is started again.
    Stopped,
}

/// How far a policy or an effect has come, and what became of what it did.
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReactionStatus {
    /// Whether it is a policy or an effect.
    pub kind: ReactionKind,
    /// Its name.
    pub name: &'static str,
    /// Whether it runs.
    pub state: ReactionState,
    /// Everything that it wants up to here is done, but for lanes that are parked.
    pub reached: Position,
    /// It has read the journal up to here. What lies between the two is under way, or waits behind it; what
    /// lies beyond is nothing that it wants, as far as it has been told.
    pub read: Position,
    /// How many news it holds that are not done.
    pub pending: usize,
    /// How long ago the oldest of them was recorded; none if everything is done.
    pub oldest_pending: Option<Duration>,
    /// What became of its deliveries or calls since the runtime was started.
    pub counts: ReactionCounts,
    /// How many lanes stand still and are tried again.
    pub stalled_lanes: usize,
    /// Some of them, at most 100, the first in the journal first.
    pub stalled: Vec<StalledLane>,
    /// How many lanes are parked.
    pub parked_lanes: usize,
}

/// A lane that stands still, and is tried again.
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct StalledLane {
    /// Its name.
    pub lane: Text,
    /// The news that could not be dealt with.
    pub at: Position,
    /// How long ago that was recorded.
    pub age: Duration,
    /// How long it has been tried.
    pub failing_for: Duration,
    /// How often it was tried in vain.
    pub failures: u32,
    /// Why, the last time.
    pub reason: Arc<str>,
}

/// A lane that stands still until somebody has seen to it.
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedLane {
    /// Its name: the tag of its ID, as in `listing:l1`, or the aggregate that emits its news.
    pub lane: Text,
    /// The news that could not be dealt with. Later ones of the lane wait behind it.
    pub at: Position,
    /// When it was parked.
    pub since: Timestamp,
    /// Why.
    pub reason: Arc<str>,
    /// The command that could not be delivered, as its `Debug` shows it; none if it is not known. Of an effect,
    /// the news.
    pub command: Option<Arc<str>>,
}

/// A policy or an effect with lanes that stand still: see [`Reactions`](crate::Reactions).
///
/// For an example see [`Reactions`](crate::Reactions).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReactionHealth {
    /// Whether it is a policy or an effect.
    pub kind: ReactionKind,
    /// Its name.
    pub name: &'static str,
    /// It does nothing any more: as many lanes are parked as may be.
    pub stopped: bool,
    /// How many lanes are parked.
    pub parked_lanes: usize,
    /// How many lanes fail, and are tried again.
    pub stalled_lanes: usize,
}
