//! One policy that is rehearsed: its news that wait until it is recorded that they are done, and its lanes. A news
//! is concluded once, when nothing more will stand for it, or when nothing more is read.

use std::any::TypeId;
use std::collections::{BTreeMap, HashMap, HashSet};

use bailiwick_core::__private::find;
use bailiwick_core::journal::{
    LANE_FREED, LANE_PARKED, POLICY_REWOUND, POLICY_STARTED, Query, QueryItem, Read, RecordedEvent,
};
use bailiwick_core::policy::{AnyPolicy, Outgoing, PolicyFact, Recipient, policy_tag};
use bailiwick_core::{Event, Position, Tag, Text};

use super::error::RehearsalError;
use super::news::{Compared, Computed, Waiting};
use super::report::{Difference, Findings, LeftOut};
use super::source::Source;
use super::states::States;
use crate::error::{report, tried};

pub(super) struct Rehearsed {
    policy: Box<dyn AnyPolicy>,
    pub(super) part: usize,
    pub(super) tag: Tag,
    /// Behind this position it wants what comes; none if it was never started.
    started: Option<Position>,
    pub(super) waiting: BTreeMap<Position, Waiting>,
    /// Up to here news that waited were given up.
    pub(super) lost_upto: Position,
    /// Where it was rewound last.
    pub(super) rewound_at: Position,
    lanes: Lanes,
}

/// What is recorded of the lanes of a policy.
#[derive(Default)]
struct Lanes {
    /// Those that are parked, and from where on.
    parked: HashMap<Text, Position>,
    /// Those that were freed: up to where they were done then, and where that stands.
    freed: HashMap<Text, (Position, Position)>,
}

impl Lanes {
    fn is_parked(&self, position: Position, waiting: &Waiting) -> bool {
        self.parked.get(&waiting.lane).is_some_and(|at| *at <= position)
    }

    /// The fact may be late, and say less than what is known.
    fn is_freed(&mut self, lane: Text, upto: Position, fact: Position) {
        let is_late = self.parked.get(&lane).is_some_and(|at| *at > upto)
            || self.freed.get(&lane).is_some_and(|(freed, _)| *freed > upto);
        if !is_late {
            self.parked.remove(&lane);
            self.freed.insert(lane, (upto, fact));
        }
    }

    /// Whether a news below `mark` is done, now that everything up to there is, but for what is parked.
    fn is_done(&self, position: Position, waiting: &Waiting, mark: Position) -> bool {
        // Whoever recorded the mark may not have known that the lane was freed.
        let freed = self.freed.get(&waiting.lane);
        let unknown = freed.is_some_and(|(upto, fact)| *upto < position && mark < *fact);
        !unknown && !self.is_parked(position, waiting)
    }
}

impl Rehearsed {
    /// Asks where it began, and which lanes stood still up to `upto`, where the reading begins.
    pub(super) async fn begin(
        policy: Box<dyn AnyPolicy>,
        part: usize,
        (source, upto): (Source<'_>, Position),
        findings: &mut Findings,
    ) -> Result<Rehearsed, RehearsalError> {
        let name = policy.descriptor().name;
        let tag = policy_tag(name).map_err(|_| RehearsalError::InvalidPolicy { name })?;
        let mut policy = Rehearsed {
            policy,
            part,
            tag,
            started: None,
            waiting: BTreeMap::new(),
            lost_upto: Position::START,
            rewound_at: Position::START,
            lanes: Lanes::default(),
        };
        let mut started = source.pages(Read::new(policy.facts([POLICY_STARTED])));
        if let Some(page) = started.next().await.map_err(RehearsalError::Unread)?
            && let Some(first) = page.events.first()
            && let Some(PolicyFact::Started { after, .. }) = policy.read(first)?
        {
            policy.started = Some(after);
        }
        if upto > Position::START {
            let facts = policy.facts([LANE_PARKED, LANE_FREED, POLICY_REWOUND]);
            let mut pages = source.pages(Read::new(facts).upto(upto));
            while let Some(page) = pages.next().await.map_err(RehearsalError::Unread)? {
                page.events.iter().try_for_each(|recorded| policy.fact(recorded, findings))?;
            }
        }
        Ok(policy)
    }

    pub(super) fn name(&self) -> &'static str {
        self.policy.descriptor().name
    }

    fn facts<const N: usize>(&self, types: [&'static str; N]) -> Query {
        QueryItem::new(types, [self.tag.clone()]).expect("there is a tag").into()
    }

    fn read(&self, recorded: &RecordedEvent) -> Result<Option<PolicyFact>, RehearsalError> {
        let (policy, position) = (self.name(), recorded.position);
        let known = recorded.event.decode::<PolicyFact>();
        known.map_err(|source| RehearsalError::UnreadablePolicy { policy, position, source })
    }

    fn conclude(
        &self,
        position: Position,
        waiting: &Waiting,
        is_done: bool,
        findings: &mut Findings,
    ) {
        match waiting.compare(is_done) {
            Compared::Same => findings.same(self.part),
            Compared::LeftOut(why) => findings.leave_out(self.part, why),
            Compared::Differs { was, now } => findings.differs(self.part, || Difference {
                of: format!("policy {}", self.name()),
                position,
                about: waiting.about(),
                was,
                now,
            }),
        }
    }

    /// Nothing more is read.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        for (position, waiting) in std::mem::take(&mut self.waiting) {
            match self.lanes.is_parked(position, &waiting) {
                true => findings.leave_out(self.part, LeftOut::Parked),
                false => self.conclude(position, &waiting, false, findings),
            }
        }
    }

    /// Something that it has recorded of itself.
    pub(super) fn fact(
        &mut self,
        recorded: &RecordedEvent,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        if find(PolicyFact::TYPES, recorded.event.event_type.as_str()).is_none() {
            return Ok(());
        }
        let fact = self.read(recorded)?;
        let Rehearsed { lanes, waiting, .. } = self;
        match fact {
            Some(PolicyFact::Reached { upto }) => {
                let is_done = |at: &_, waiting: &mut _| lanes.is_done(*at, waiting, upto);
                let done: Vec<_> = waiting.extract_if(..=upto, is_done).collect();
                lanes.freed.retain(|_, (_, fact)| *fact > upto);
                done.iter().for_each(|(at, waiting)| self.conclude(*at, waiting, true, findings));
            }
            Some(PolicyFact::Rewound { after, .. }) => {
                for _ in waiting.split_off(&after.plus(1)) {
                    findings.leave_out(self.part, LeftOut::Rewound);
                }
                lanes.parked.retain(|_, at| *at <= after);
                self.rewound_at = recorded.position;
            }
            Some(PolicyFact::LaneParked { lane, at, .. }) => {
                let lane = Text::from(lane);
                // One that is late may say less than what is known.
                if lanes.parked.get(&lane).is_none_or(|known| *known <= at) {
                    lanes.freed.remove(&lane);
                    lanes.parked.insert(lane, at);
                }
            }
            Some(PolicyFact::LaneFreed { lane, upto, dropped_after }) => {
                let lane = Text::from(lane);
                let is_its = |_: &_, waiting: &mut Waiting| waiting.lane == lane;
                let its: Vec<_> = waiting.extract_if(..=upto, is_its).collect();
                lanes.is_freed(lane, upto, recorded.position);
                for (position, waiting) in its {
                    match dropped_after {
                        Some(after) if position > after => {
                            findings.leave_out(self.part, LeftOut::Dropped);
                        }
                        _ => self.conclude(position, &waiting, true, findings),
                    }
                }
            }
            Some(PolicyFact::Started { .. }) | None => {}
        }
        Ok(())
    }

    /// A news, which waits from then on.
    pub(super) async fn news(
        &mut self,
        recorded: &RecordedEvent,
        targets: &HashSet<TypeId>,
        states: &mut States<'_>,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        let lane = match self.lane_of(recorded) {
            Ok(lane) => lane,
            Err(why) => {
                findings.leave_out(self.part, why);
                return Ok(());
            }
        };
        let computed = self.compute(recorded, states).await?;
        if let Computed::Sends(sent) = &computed {
            sent.iter().try_for_each(|sent| self.check_target(sent, targets))?;
        }
        let waiting = Waiting::new(lane, recorded.event.clone(), computed);
        self.waiting.insert(recorded.position, waiting);
        Ok(())
    }

    /// The lane of a news that it wants.
    fn lane_of(&self, recorded: &RecordedEvent) -> Result<Text, LeftOut> {
        let after = self.started.ok_or(LeftOut::NeverStarted)?;
        if recorded.position <= after {
            return Err(LeftOut::BeforeStart);
        }
        self.policy.descriptor().lane.name(recorded).map_err(|_| LeftOut::NoLane)
    }

    async fn compute(
        &self,
        recorded: &RecordedEvent,
        states: &mut States<'_>,
    ) -> Result<Computed, RehearsalError> {
        let reacting = match tried(|| self.policy.read(recorded.clone())) {
            Ok(Some(reacting)) => reacting,
            // Its type is retired.
            Ok(None) => return Ok(Computed::Sends(Vec::new())),
            Err(why) => return Ok(Computed::Fails(why)),
        };
        let boundary = reacting.boundary();
        states.hold(boundary).await?;
        Ok(match states.show(boundary, |views| reacting.react(views)) {
            Ok(Ok(commands)) => match commands.into_outgoing() {
                Ok(outgoing) => Computed::Sends(outgoing),
                Err(invalid) => Computed::Fails(report(invalid)),
            },
            Ok(Err(give_up)) => Computed::GivesUp(give_up.reason().to_owned()),
            Err(why) => Computed::Fails(why),
        })
    }

    fn check_target(
        &self,
        sent: &Outgoing,
        targets: &HashSet<TypeId>,
    ) -> Result<(), RehearsalError> {
        let (of, target, add) = match sent.recipient {
            Recipient::Aggregate(of, target) => (of, target, "aggregate"),
            Recipient::Decision(of, target) => (of, target, "decision"),
        };
        let policy = self.name();
        match targets.contains(&of) {
            true => Ok(()),
            false => Err(RehearsalError::UnknownTarget { policy, target, add }),
        }
    }
}
