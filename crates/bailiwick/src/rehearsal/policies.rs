//! The policies: what they would send today because of each news, compared with what stands in the
//! journal of what they sent.
//!
//! What a news led to stands behind it, wherever. So a news waits until the policy has recorded that
//! everything up to there is done ([`Reached`](bailiwick_core::policy::PolicyFact::Reached)): then nothing more will stand for it, unless its
//! lane was parked. What nobody knows to be done when the reading ends is left out, unless what stands there
//! already is more than would be sent, or something else.

use std::any::TypeId;
use std::collections::{HashMap, HashSet};

use bailiwick_core::Position;
use bailiwick_core::journal::{EventType, RecordedEvent};
use bailiwick_core::policy::AnyPolicy;
use bytes::Bytes;

use super::error::RehearsalError;
use super::policy::Rehearsed;
use super::report::{Findings, LeftOut};
use super::source::Source;
use super::states::States;

pub(super) struct Policies {
    policies: Vec<Rehearsed>,
    /// Which of them want news of a type.
    by_type: HashMap<EventType, Vec<usize>>,
    /// To whom they may send.
    targets: HashSet<TypeId>,
    /// Whose news begin here.
    from: Position,
    /// How many news of one of them may wait.
    most: usize,
}

impl Policies {
    /// Asks where each of them began, and which lanes stood still behind `after`, where the reading begins.
    pub(super) async fn begin(
        policies: Vec<(Box<dyn AnyPolicy>, usize)>,
        targets: HashSet<TypeId>,
        most: usize,
        (source, after): (Source<'_>, Position),
        findings: &mut Findings,
    ) -> Result<Policies, RehearsalError> {
        let mut by_type: HashMap<EventType, Vec<usize>> = HashMap::new();
        let mut all = Vec::new();
        for (policy, part) in policies {
            for event_type in policy.descriptor().names() {
                by_type.entry(event_type).or_default().push(all.len());
            }
            all.push(Rehearsed::begin(policy, part, (source, after), findings).await?);
        }
        Ok(Policies { policies: all, by_type, targets, from: after.plus(1), most })
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
            return findings.leave_out(findings.rest(), LeftOut::NotAdded(what));
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
        self.policies.iter_mut().for_each(|policy| policy.finish(findings));
    }
}
