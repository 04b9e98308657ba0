//! A policy or an effect, and by which bounds it goes.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::effect::AnyEffect;
use bailiwick_core::policy::{AnyPolicy, ReactionDescriptor, ReactionKind};

use super::lanes;
use crate::config::Config;
use crate::util::backoff::Backoff;

/// A policy or an effect: what differs between the two is what is done about one news.
#[derive(Clone)]
pub(crate) struct Reaction {
    pub(crate) declares: ReactionDescriptor,
    pub(super) does: Does,
}

/// What is done about a news.
#[derive(Clone)]
pub(super) enum Does {
    Policy(Arc<dyn AnyPolicy>),
    Effect(Arc<dyn AnyEffect>),
}

impl Reaction {
    pub(crate) fn policy(policy: impl AnyPolicy) -> Self {
        Reaction { declares: policy.descriptor(), does: Does::Policy(Arc::new(policy)) }
    }

    pub(crate) fn effect(effect: impl AnyEffect) -> Self {
        Reaction { declares: effect.descriptor(), does: Does::Effect(Arc::new(effect)) }
    }
}

/// The bounds of the runtime that hold for a reaction of this kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) lanes: lanes::Bounds,
    /// Lanes that are worked on at a time.
    pub(super) workers: usize,
    pub(super) backoff: Backoff,
    /// How long a lane is tried in vain before it is parked.
    pub(super) patience: Duration,
}

impl Bounds {
    pub(super) fn of(kind: ReactionKind, config: &Config) -> Self {
        let (workers, backoff, patience) = match kind {
            ReactionKind::Policy => {
                let backoff = Backoff::new(config.policy_backoff, config.policy_backoff_max);
                (config.policy_lanes, backoff, config.policy_retry_for)
            }
            ReactionKind::Effect => {
                let backoff = Backoff::new(config.effect_backoff, config.effect_backoff_max);
                (config.effect_calls, backoff, config.effect_retry_for)
            }
        };
        let lanes = lanes::Bounds {
            of_lane: config.lane_news,
            of_all: config.policy_news,
            parked: config.parked_lanes,
            again: (workers / 2).max(1),
        };
        Bounds { lanes, workers, backoff, patience }
    }
}
