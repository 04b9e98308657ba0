//! What a policy or an effect has recorded of itself, read at the start and written while it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use bailiwick_core::journal::{
    EncodedEvent, Journal, JournalReadError, LANE_FREED, LANE_PARKED, Metadata, POLICY_REACHED,
    POLICY_REWOUND, POLICY_STARTED, QueryItem, Read, RecordedEvent,
};
use bailiwick_core::policy::PolicyFact;
use bailiwick_core::{CodecError, Event, Position, Tag, Tags, Text, Timestamp};

use super::lanes::{Parked, before};
use crate::journal::encoded;
use crate::journal::port::Pages;

/// What is recorded of a policy.
#[derive(Debug, Default)]
pub(super) struct Recorded {
    /// Where it began, and by which lanes it goes; none if it is new.
    pub(super) started: Option<(Position, String)>,
    /// Everything up to here is done, but for what is parked.
    pub(super) reached: Position,
    pub(super) runs: Runs,
    pub(super) parked: BTreeMap<Text, Parked>,
    pub(super) dropped: Dropped,
    /// Lanes that were freed: behind which position they go on, and where that stands; without those of
    /// which whoever recorded the last mark knew.
    freed: BTreeMap<Text, (Position, Position)>,
}

/// How often it was rewound, and to where: what lies beyond is done in another run than what lies before.
#[derive(Debug, Default)]
pub(super) struct Runs(Vec<(Position, u32)>);

impl Runs {
    /// In which run this news is dealt with.
    pub(super) fn of(&self, news: Position) -> u32 {
        let rewound = self.0.iter().filter(|(after, _)| *after < news);
        rewound.map(|(_, run)| *run).max().unwrap_or(0)
    }

    pub(super) fn last(&self) -> u32 {
        self.0.last().map_or(0, |(_, run)| *run)
    }

    fn rewound(&mut self, after: Position, run: u32) {
        // Of those that lie beyond it nothing is left.
        self.0.retain(|(before, _)| *before < after);
        self.0.push((after, run));
    }
}

/// What an operator has dropped: behind which position and up to where, by lane.
#[derive(Debug, Default)]
pub(super) struct Dropped(BTreeMap<Text, Vec<(Position, Position)>>);

impl Dropped {
    /// Whether this news of the lane was dropped.
    pub(super) fn has(&self, lane: &Text, news: Position) -> bool {
        let ranges = self.0.get(lane).map(Vec::as_slice).unwrap_or_default();
        ranges.iter().any(|(after, upto)| *after < news && news <= *upto)
    }

    pub(super) fn add(&mut self, lane: Text, after: Position, upto: Position) {
        let ranges = self.0.entry(lane).or_default();
        // This runtime knows what it dropped itself before it reads the fact.
        if !ranges.contains(&(after, upto)) {
            ranges.push((after, upto));
        }
    }

    /// What lies up to here is done, whatever it was.
    pub(super) fn forget_upto(&mut self, mark: Position) {
        self.retain(|(_, upto)| *upto > mark);
    }

    /// What lies beyond is done again, whatever it was.
    fn forget_beyond(&mut self, position: Position) {
        self.retain(|(after, upto)| {
            *upto = position.min(*upto);
            after < upto
        });
    }

    fn retain(&mut self, keep: impl Fn(&mut (Position, Position)) -> bool) {
        self.0.retain(|_, ranges| {
            ranges.retain_mut(&keep);
            !ranges.is_empty()
        });
    }
}

/// Why it cannot be said what is recorded of a policy.
pub(super) enum Unreadable {
    Journal(JournalReadError),
    Fact { position: Position, source: CodecError },
}

impl Recorded {
    /// What is recorded of the policy with this tag; of its lanes by the names that `today` says they have.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) async fn of(
        journal: &dyn Journal,
        policy: &Tag,
        today: &(dyn Fn(Text) -> Text + Sync),
    ) -> Result<Recorded, Unreadable> {
        let mut recorded = Recorded::default();
        let types = [POLICY_STARTED, POLICY_REACHED, POLICY_REWOUND, LANE_PARKED, LANE_FREED];
        let facts = QueryItem::new(types, [policy.clone()]).expect("there is a tag");
        let mut pages = Pages::of(journal, Read::new(facts.into()));
        while let Some(page) = pages.next().await.map_err(Unreadable::Journal)? {
            for RecordedEvent { position, event } in page.events {
                let fact = event.decode::<PolicyFact>();
                let fact = fact.map_err(|source| Unreadable::Fact { position, source })?;
                if let Some(fact) = fact {
                    recorded.learn(fact, position, event.recorded_at, today);
                }
            }
        }
        Ok(recorded)
    }

    /// Lanes that go on behind a position below the mark: one runtime had them parked and recorded the
    /// mark, another one freed them.
    pub(super) fn left_behind(&self) -> Vec<(Text, Position)> {
        let freed = self.freed.iter().filter(|(_, (upto, _))| *upto < self.reached);
        freed.map(|(lane, (upto, _))| (lane.clone(), *upto)).collect()
    }

    /// The fact may be late, and say less than what is known: where a lane is parked, or was freed to, all before is done.
    fn is_freed(&mut self, lane: &Text, upto: Position, fact: Position) {
        let known = match (self.parked.get(lane), self.freed.get(lane)) {
            (Some(parked), _) => before(parked.at),
            (None, Some((freed, _))) => *freed,
            (None, None) => self.reached,
        };
        if upto > known {
            self.parked.remove(lane);
            self.freed.insert(lane.clone(), (upto, fact));
        }
    }

    fn learn(
        &mut self,
        fact: PolicyFact,
        position: Position,
        recorded_at: Timestamp,
        today: &dyn Fn(Text) -> Text,
    ) {
        match fact {
            PolicyFact::Started { after, lane } => {
                if self.started.is_none() {
                    self.reached = after;
                }
                self.started = Some((after, lane));
            }
            PolicyFact::Reached { upto } => {
                self.reached = self.reached.max(upto);
                self.dropped.forget_upto(upto);
                // Who has read up to there has read that they are free, and held its mark for them.
                self.freed.retain(|_, (_, fact)| *fact > upto);
            }
            PolicyFact::Rewound { after, run } => {
                self.reached = self.reached.min(after);
                self.runs.rewound(after, run);
                self.parked.retain(|_, parked| parked.at <= after);
                self.dropped.forget_beyond(after);
            }
            PolicyFact::LaneParked { lane, at, reason, command } => {
                let (reason, command) = (reason.into(), command.map(Arc::from));
                let parked = Parked { at, fact: position, since: recorded_at, reason, command };
                let lane = today(lane.into());
                // One that is late, or of a runtime that is behind, may say less than what is known.
                if self.parked.get(&lane).is_none_or(|known| known.at <= at) {
                    self.freed.remove(&lane);
                    self.parked.insert(lane, parked);
                }
            }
            PolicyFact::LaneFreed { lane, upto, dropped_after } => {
                let lane = today(lane.into());
                self.is_freed(&lane, upto, position);
                if let Some(after) = dropped_after {
                    self.dropped.add(lane, after, upto);
                }
            }
        }
    }
}

/// The fact of a policy, as an event.
pub(super) fn fact(fact: &PolicyFact, policy: &Tag, now: Timestamp) -> EncodedEvent {
    encoded(fact, policy.clone().into(), now, Metadata::default())
}

/// An event of Bailiwick's own. Texts and numbers can always be stored.
pub(super) fn encoded<E: Event>(
    event: &E,
    tags: Tags,
    now: Timestamp,
    metadata: Metadata,
) -> EncodedEvent {
    encoded::encoded(event, tags, now, metadata).expect("texts and numbers can be stored")
}
