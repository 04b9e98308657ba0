//! Which policy or effect has still to deal with what, and what is next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::past::Past;
use crate::effect::AnyEffect;
use crate::given::reacting::{self, Kept};
use crate::given::report::Report;
use crate::journal::RecordedEvent;
use crate::policy::{AnyPolicy, Outgoing, ReactionDescriptor};
use crate::position::Position;
use crate::text::Text;
use crate::time::Timestamp;

/// A policy or an effect, and how far it has come.
pub(super) struct Running {
    pub(super) does: Does,
    pub(super) declares: ReactionDescriptor,
    /// How its type is called.
    pub(super) called: &'static str,
    /// How often it was rewound.
    pub(super) run: u32,
    /// What it wants up to here is done, or pending.
    pub(super) offered: Position,
    /// Its views.
    pub(super) kept: Kept,
}

/// What is done about news.
pub(super) enum Does {
    Policy(Box<dyn AnyPolicy>),
    Effect(Box<dyn AnyEffect>),
}

/// News that a policy or an effect has to deal with.
pub(super) struct Work {
    pub(super) lane: Text,
    pub(super) news: RecordedEvent,
    /// What is still to be sent; none before that was computed.
    pub(super) left: Option<VecDeque<Outgoing>>,
    /// How often an effect has asked to be retried.
    pub(super) retries: u32,
    /// Before that it is left alone, and its lane with it.
    pub(super) not_before: Timestamp,
}

impl Work {
    /// An effect has asked to be retried: not before so much time has passed, if that was said, and with the
    /// back-off of a runtime.
    pub(super) fn retry(&mut self, now: Timestamp, after: Option<Duration>) {
        const FIRST: Duration = Duration::from_millis(200);
        const MOST: Duration = Duration::from_secs(60);
        let doubled = 1_u32.checked_shl(self.retries).unwrap_or(u32::MAX);
        let backoff = FIRST.saturating_mul(doubled).min(MOST);
        self.retries += 1;
        self.not_before = now + backoff.max(after.unwrap_or_default());
    }
}

/// News, and who has to deal with them.
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
            let names = running.declares.names();
            for news in past.log.between(running.offered, head) {
                if !names.contains(&news.event.event_type) {
                    continue;
                }
                let lane = reacting::lane(&running.declares, news).map_err(|error| {
                    let report =
                        past.report(format_args!("{} cannot deal with this", running.called));
                    report.line("seeing", past.shown(news.position)).because(error.as_ref())
                })?;
                let (news, left, not_before) = (news.clone(), None, Timestamp::EPOCH);
                let work = Work { lane, news, left, retries: 0, not_before };
                self.work.insert((work.news.position, at), work);
            }
            running.offered = head;
        }
        Ok(())
    }

    /// What is next: the first of a lane that is not left alone until later.
    pub(super) fn next(&mut self, now: Timestamp) -> Option<Place> {
        let mut ready = self.heads().filter(|(_, work)| work.not_before <= now);
        if let Order::Journal = self.order {
            return ready.next().map(|(place, _)| place);
        }
        let heads: Vec<Place> = ready.map(|(place, _)| place).collect();
        (!heads.is_empty()).then(|| heads[self.order.draw(heads.len())])
    }

    /// When the first of those that are left alone is tried again.
    pub(super) fn next_retry(&self) -> Option<Timestamp> {
        self.heads().map(|(_, work)| work.not_before).min()
    }

    /// The first of each lane, in the order of the journal.
    fn heads(&self) -> impl Iterator<Item = (Place, &Work)> {
        let mut lanes = BTreeSet::new();
        let heads = self.work.iter();
        let heads = heads.filter(move |((_, of), work)| lanes.insert((*of, &work.lane)));
        heads.map(|(place, work)| (*place, work))
    }
}
