//! Which policy has still to deal with what, and what is next.

use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::past::Past;
use crate::given::reacting::{self, Kept};
use crate::given::report::Report;
use crate::journal::RecordedEvent;
use crate::policy::{AnyPolicy, Outgoing};
use crate::{Position, Text};

/// A policy, and how far it has come.
pub(super) struct Running {
    pub(super) policy: Box<dyn AnyPolicy>,
    /// Its type, and how that is called.
    pub(super) policy_type: TypeId,
    pub(super) called: &'static str,
    /// How often it was rewound.
    pub(super) run: u32,
    /// What it wants up to here is done, or pending.
    pub(super) offered: Position,
    /// Its views.
    pub(super) kept: Kept,
}

/// News that a policy has to deal with.
pub(super) struct Work {
    pub(super) lane: Text,
    pub(super) news: RecordedEvent,
    /// What is still to be sent; none before that was computed.
    pub(super) left: Option<VecDeque<Outgoing>>,
}

/// News, and which policy has to deal with them.
pub(super) type Place = (Position, usize);

/// The order in which lanes go on.
pub(super) enum Order {
    /// The first news first, to the end.
    Journal,
    /// Any lane, one command at a time.
    Shuffled(u64),
}

impl Order {
    /// One of so many.
    fn draw(&mut self, of: usize) -> usize {
        let Order::Shuffled(state) = self else { return 0 };
        // SplitMix64.
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        usize::try_from(z % u64::try_from(of).unwrap_or(u64::MAX)).unwrap_or(0)
    }
}

pub(super) struct Pending {
    pub(super) work: BTreeMap<Place, Work>,
    pub(super) order: Order,
}

impl Pending {
    /// Adds what was recorded since.
    pub(super) fn offer(&mut self, running: &mut [Running], past: &Past) -> Result<(), Report> {
        let head = past.log.head();
        for (at, running) in running.iter_mut().enumerate() {
            for news in past.log.between(running.offered, head) {
                if !running.policy.names().contains(&news.event.event_type) {
                    continue;
                }
                let lane = reacting::lane(&*running.policy, news).map_err(|error| {
                    let report =
                        past.report(format_args!("{} cannot deal with this", running.called));
                    report.line("seeing", past.shown(news.position)).because(error.as_ref())
                })?;
                let work = Work { lane, news: news.clone(), left: None };
                self.work.insert((news.position, at), work);
            }
            running.offered = head;
        }
        Ok(())
    }

    /// What is next: the first of a lane.
    pub(super) fn next(&mut self) -> Option<Place> {
        if let Order::Journal = self.order {
            return self.work.keys().next().copied();
        }
        let mut lanes = BTreeSet::new();
        let heads =
            self.work.iter().filter(|((_, policy), work)| lanes.insert((*policy, &work.lane)));
        let heads: Vec<Place> = heads.map(|(place, _)| *place).collect();
        (!heads.is_empty()).then(|| heads[self.order.draw(heads.len())])
    }
}
