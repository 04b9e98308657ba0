//! The policies: what they would send today because of each news, compared with what stands in the
//! journal of what they sent.
//!
//! What a news led to stands behind it, wherever. So a news waits until the policy has recorded that
//! everything up to there is done ([`PolicyFact::Reached`]): then nothing more will stand for it, unless its
//! lane was parked. What nobody knows to be done when the reading ends is left out, unless what stands there
//! already is more than would be sent, or something else.

use std::any::TypeId;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::num::NonZeroUsize;

use bailiwick_core::__private::find;
use bailiwick_core::journal::{
    EventType, LANE_FREED, LANE_PARKED, POLICY_REWOUND, POLICY_STARTED, QueryItem, Read,
    RecordedEvent,
};
use bailiwick_core::policy::{AnyPolicy, Outgoing, PolicyFact, Reacting, Recipient, policy_tag};
use bailiwick_core::{ErrorReport, Event, Position, Tag, Text};
use bytes::Bytes;

use super::error::RehearsalError;
use super::news::{Compared, Computed, Waiting};
use super::report::{Difference, Findings, LeftOut};
use super::source::Source;
use super::states::States;
use crate::error::guarded;

pub(super) struct Policies {
    policies: Vec<Rehearsed>,
    /// Which of them want news of a type.
    by_type: HashMap<EventType, Vec<usize>>,
    /// To whom they may send.
    targets: HashSet<TypeId>,
    /// The part of what belongs to none of them.
    rest: usize,
    /// Whose news begin here.
    from: Position,
    /// How many news of one of them may wait.
    most: usize,
}

struct Rehearsed {
    policy: Box<dyn AnyPolicy>,
    part: usize,
    tag: Tag,
    /// Behind this position it wants what comes; none if it was never started.
    started: Option<Position>,
    waiting: BTreeMap<Position, Waiting>,
    /// Up to here news that waited were given up.
    lost_upto: Position,
    /// Where it was rewound last.
    rewound_at: Position,
    /// Lanes that are parked, and from where on.
    parked: HashMap<Text, Position>,
    /// Lanes that were freed: up to where they were done then, and where that stands.
    freed: HashMap<Text, (Position, Position)>,
}

impl Policies {
    /// Asks where each of them began.
    pub(super) async fn of(
        policies: Vec<(Box<dyn AnyPolicy>, usize)>,
        (source, targets): (Source<'_>, HashSet<TypeId>),
        (rest, from, most): (usize, Position, usize),
    ) -> Result<Policies, RehearsalError> {
        let mut by_type: HashMap<EventType, Vec<usize>> = HashMap::new();
        let mut all: Vec<Rehearsed> = Vec::new();
        for (policy, part) in policies {
            let name = policy.descriptor().name;
            let tag = policy_tag(name);
            let tag = tag.map_err(|_| RehearsalError::InvalidPolicy { name })?;
            for event_type in policy.descriptor().names() {
                by_type.entry(event_type).or_default().push(all.len());
            }
            all.push(Rehearsed {
                started: started(name, &tag, source).await?,
                policy,
                part,
                tag,
                waiting: BTreeMap::new(),
                lost_upto: Position::START,
                rewound_at: Position::START,
                parked: HashMap::new(),
                freed: HashMap::new(),
            });
        }
        Ok(Policies { policies: all, by_type, targets, rest, from, most })
    }

    /// Asks which lanes stood still where the reading begins.
    pub(super) async fn stand_still(
        &mut self,
        source: Source<'_>,
        upto: Position,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        for policy in self.policies.iter_mut().filter(|_| upto > Position::START) {
            let facts = [LANE_PARKED, LANE_FREED, POLICY_REWOUND];
            let of = QueryItem::new(facts, [policy.tag.clone()]).expect("there is a tag");
            let mut read = Read::new(of.into()).upto(upto);
            loop {
                let page = source.read(read.clone()).await?;
                page.events.iter().try_for_each(|recorded| policy.fact(recorded, findings))?;
                read.after = page.upto;
                if !page.more {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Looks at an event once it is folded; `form`: its command, if that is recorded.
    pub(super) async fn look(
        &mut self,
        recorded: &RecordedEvent,
        form: Option<&Bytes>,
        states: &mut States<'_>,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        self.trace(recorded, form, findings);
        if recorded.event.is_reserved() {
            for policy in &mut self.policies {
                if recorded.event.tags.contains(&policy.tag) {
                    policy.fact(recorded, findings)?;
                }
            }
            return Ok(());
        }
        let Some(wanting) = self.by_type.get(&recorded.event.event_type) else { return Ok(()) };
        for place in wanting {
            let policy = &mut self.policies[*place];
            policy.news(recorded, &self.targets, states, findings).await?;
            while policy.waiting.len() > self.most {
                let Some((lost, _)) = policy.waiting.pop_first() else { break };
                policy.lost_upto = lost;
                findings.leave_out(policy.part, LeftOut::TooLate);
            }
        }
        Ok(())
    }

    /// Looks whether it stands for a delivery.
    fn trace(&mut self, recorded: &RecordedEvent, form: Option<&Bytes>, findings: &mut Findings) {
        let Some(delivery) = &recorded.event.metadata.extra().delivery else { return };
        let name = delivery.policy.as_str();
        let known = self.policies.iter_mut().find(|known| known.name() == name);
        let Some(policy) = known else {
            let what = format!("the policy or effect {name}");
            return findings.leave_out(self.rest, LeftOut::NotAdded(what));
        };
        let (source, run) = (delivery.source, delivery.run);
        if source < self.from {
            return;
        }
        if run > 0 && source <= policy.rewound_at {
            // It was compared when it was done for the first time.
            return findings.leave_out(policy.part, LeftOut::Rewound);
        }
        match policy.waiting.get_mut(&source) {
            Some(waiting) => waiting.traced(delivery, recorded, form),
            None if source <= policy.lost_upto => {}
            None => findings.leave_out(policy.part, LeftOut::NotDone),
        }
    }

    /// Nothing more is read.
    pub(super) fn finish(&mut self, findings: &mut Findings) {
        for policy in &mut self.policies {
            for (position, waiting) in std::mem::take(&mut policy.waiting) {
                match policy.is_parked(position, &waiting) {
                    true => findings.leave_out(policy.part, LeftOut::Parked),
                    false => policy.conclude(position, &waiting, false, findings),
                }
            }
        }
    }
}

/// Behind which position a policy began on this journal.
async fn started(
    policy: &'static str,
    tag: &Tag,
    source: Source<'_>,
) -> Result<Option<Position>, RehearsalError> {
    let of = QueryItem::new([POLICY_STARTED], [tag.clone()]).expect("there is a tag");
    let page = source.read(Read::new(of.into()).limit(NonZeroUsize::MIN)).await?;
    let Some(first) = page.events.first() else { return Ok(None) };
    match fact(policy, first)? {
        Some(PolicyFact::Started { after, .. }) => Ok(Some(after)),
        _ => Ok(None),
    }
}

fn fact(
    policy: &'static str,
    recorded: &RecordedEvent,
) -> Result<Option<PolicyFact>, RehearsalError> {
    let position = recorded.position;
    let known = recorded.event.decode::<PolicyFact>();
    known.map_err(|source| RehearsalError::UnreadablePolicy { policy, position, source })
}

impl Rehearsed {
    fn name(&self) -> &'static str {
        self.policy.descriptor().name
    }

    fn is_parked(&self, position: Position, waiting: &Waiting) -> bool {
        self.parked.get(&waiting.lane).is_some_and(|at| *at <= position)
    }

    /// Whether it is done, now that everything up to `mark` is, but for what is parked.
    fn is_done(&self, position: Position, waiting: &Waiting, mark: Position) -> bool {
        // Whoever recorded the mark may not have known that the lane was freed.
        let freed = self.freed.get(&waiting.lane);
        let unknown = freed.is_some_and(|(upto, fact)| *upto < position && mark < *fact);
        position <= mark && !unknown && !self.is_parked(position, waiting)
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

    fn fact(
        &mut self,
        recorded: &RecordedEvent,
        findings: &mut Findings,
    ) -> Result<(), RehearsalError> {
        if find(PolicyFact::TYPES, recorded.event.event_type.as_str()).is_none() {
            return Ok(());
        }
        match fact(self.name(), recorded)? {
            Some(PolicyFact::Reached { upto }) => {
                self.take(|of, position, waiting| of.is_done(position, waiting, upto))
                    .into_iter()
                    .for_each(|(at, waiting)| self.conclude(at, &waiting, true, findings));
                self.freed.retain(|_, (_, fact)| *fact > upto);
            }
            Some(PolicyFact::Rewound { after, .. }) => {
                for _ in self.take(|_, position, _| position > after) {
                    findings.leave_out(self.part, LeftOut::Rewound);
                }
                self.rewound_at = recorded.position;
                self.parked.retain(|_, at| *at <= after);
            }
            Some(PolicyFact::LaneParked { lane, at, .. }) => {
                let lane = Text::from(lane);
                self.freed.remove(&lane);
                self.parked.insert(lane, at);
            }
            Some(PolicyFact::LaneFreed { lane, upto, dropped_after }) => {
                let lane = Text::from(lane);
                self.parked.remove(&lane);
                let of = self.take(|_, position, waiting| position <= upto && waiting.lane == lane);
                for (position, waiting) in of {
                    match dropped_after {
                        Some(after) if position > after => {
                            findings.leave_out(self.part, LeftOut::Dropped);
                        }
                        _ => self.conclude(position, &waiting, true, findings),
                    }
                }
                self.freed.insert(lane, (upto, recorded.position));
            }
            Some(PolicyFact::Started { .. }) | None => {}
        }
        Ok(())
    }

    fn take(
        &mut self,
        which: impl Fn(&Self, Position, &Waiting) -> bool,
    ) -> Vec<(Position, Waiting)> {
        let is_taken =
            |(at, waiting): (&Position, &Waiting)| which(self, *at, waiting).then_some(*at);
        let taken: Vec<_> = self.waiting.iter().filter_map(is_taken).collect();
        let remove = |at| Some((at, self.waiting.remove(&at)?));
        taken.into_iter().filter_map(remove).collect()
    }

    async fn news(
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
        self.waiting
            .insert(recorded.position, Waiting::new(lane, recorded.event.clone(), computed));
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
        let read = guarded(|| self.policy.read(recorded.clone()));
        let reacting: Box<dyn Reacting + '_> = match read {
            Ok(Ok(Some(reacting))) => reacting,
            // Its type is retired.
            Ok(Ok(None)) => return Ok(Computed::Sends(Vec::new())),
            Ok(Err(error)) => return Ok(Computed::Fails(ErrorReport::of(&error).to_string())),
            Err(why) => return Ok(Computed::Fails(why)),
        };
        let lent = match states.lend(reacting.boundary(), recorded.position).await? {
            Ok(lent) => lent,
            Err(why) => return Ok(Computed::Fails(why)),
        };
        let reacted = guarded(|| reacting.react(&lent));
        states.give_back(lent);
        Ok(match reacted {
            Ok(Ok(commands)) => match commands.into_outgoing() {
                Ok(outgoing) => Computed::Sends(outgoing),
                Err(invalid) => Computed::Fails(ErrorReport::of(&invalid).to_string()),
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
