//! A rehearsal under way: what is read is judged, folded and compared in the order of the journal, a refusal where
//! it was judged. The reading is ahead of the folding by a bounded number of events.

use std::collections::{BTreeMap, HashSet, VecDeque};

use bailiwick_core::Position;
use bailiwick_core::journal::{REFUSED, RecordedEvent};

use super::Rehearsal;
use super::decided::{Decided, judged_at};
use super::error::RehearsalError;
use super::expired::Expired;
use super::policies::Policies;
use super::report::{Findings, LeftOut, Part};
use super::states::States;
use super::subjects::Subject;

/// How many events the reading is ahead of the folding at most, refusals that wait for it among them.
const AHEAD: usize = 4_096;

/// A rehearsal under way.
pub(super) struct Reading<'j> {
    decided: Decided,
    expired: Expired,
    policies: Policies,
    states: States<'j>,
    findings: Findings,
    /// What was read, and is not folded yet.
    ahead: VecDeque<RecordedEvent>,
    /// Refusals that were read, by where they were judged, in order.
    refusals: BTreeMap<(Position, Position), RecordedEvent>,
    /// Everything up to here is read.
    read: Position,
}

impl<'j> Reading<'j> {
    /// Begins to read behind `after`.
    pub(super) async fn begin(
        rehearsal: Rehearsal<'j>,
        after: Position,
    ) -> Result<Self, RehearsalError> {
        let Rehearsal { source, kinds, decisions, .. } = rehearsal;
        let targets = kinds.iter().map(|kind| kind.of).chain(decisions).collect();
        let mut parts = Parts::default();
        let subjects =
            parts.of(rehearsal.subjects, |Subject { command, aggregate, .. }| match aggregate {
                Some(aggregate) => ("commands", "command", format!("{command} of {aggregate}")),
                None => ("decisions", "decision", (*command).to_owned()),
            })?;
        let kinds = parts.of(kinds, |kind| ("aggregates", "deadline of", kind.name.to_owned()))?;
        let policies = parts.of(rehearsal.policies, |policy| {
            ("policies", "policy", policy.descriptor().name.to_owned())
        })?;
        let mut findings = parts.findings();
        let (of, most) = ((source, after), rehearsal.waiting);
        let policies = Policies::begin(policies, targets, most, of, &mut findings).await?;
        Ok(Reading {
            decided: Decided { subjects, group: None },
            expired: Expired { kinds, after, run: None },
            policies,
            states: States::new(source, rehearsal.states, after),
            findings,
            ahead: VecDeque::new(),
            refusals: BTreeMap::new(),
            read: after,
        })
    }

    /// The next event of the journal is read.
    pub(super) async fn meet(&mut self, recorded: RecordedEvent) -> Result<(), RehearsalError> {
        self.read = recorded.position;
        if recorded.event.event_type.as_str() != REFUSED {
            self.ahead.push_back(recorded);
        } else if let Some(judged) = judged_at(&recorded) {
            self.refusals.insert((judged, recorded.position), recorded);
        }
        self.judge_refusals().await?;
        while self.ahead.len() + self.refusals.len() > AHEAD && !self.ahead.is_empty() {
            self.fold_next().await?;
        }
        Ok(())
    }

    async fn fold_next(&mut self) -> Result<(), RehearsalError> {
        let Some(recorded) = self.ahead.pop_front() else { return Ok(()) };
        let Reading { decided, expired, policies, states, findings, .. } = self;
        decided.look(&recorded, states, findings).await?;
        let form = decided.form_at(recorded.position).cloned();
        expired.look(&recorded, states, findings).await?;
        states.fold(&recorded);
        policies.look(&recorded, form.as_ref(), states, findings).await?;
        self.judge_refusals().await
    }

    async fn judge_refusals(&mut self) -> Result<(), RehearsalError> {
        let Reading { decided, states, findings, refusals, .. } = self;
        if self.ahead.is_empty() {
            // Nobody folds a refusal, and others may be judged on what goes up to one.
            states.at = self.read;
        }
        while let Some(first) = refusals.first_entry()
            && first.key().0 <= states.at
        {
            decided.refused(&first.remove(), states, findings).await?;
        }
        Ok(())
    }

    /// `is_cut`: there is more in the journal.
    pub(super) async fn finish(mut self, is_cut: bool) -> Result<Findings, RehearsalError> {
        while !self.ahead.is_empty() {
            self.fold_next().await?;
        }
        // Those that were judged on what is not to be read.
        for _ in &self.refusals {
            self.findings.leave_out(self.findings.rest(), LeftOut::CutOff);
        }
        self.decided.finish(&mut self.findings);
        if is_cut {
            self.expired.cut_off(&mut self.findings);
        }
        self.expired.finish(&mut self.findings);
        self.policies.finish(&mut self.findings);
        Ok(self.findings)
    }
}

/// The parts of a report, each of another name: every record is of one type, whoever reads it.
#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    known: HashSet<(&'static str, String)>,
}

impl Parts {
    /// One for each of these, by what they are, what is looked at, and its name.
    fn of<T>(
        &mut self,
        all: Vec<T>,
        called: impl Fn(&T) -> (&'static str, &'static str, String),
    ) -> Result<Vec<(T, usize)>, RehearsalError> {
        let each = all.into_iter().map(|one| {
            let (what, looked_at, name) = called(&one);
            self.parts.push(Part::of(format!("{looked_at} {name}")));
            match self.known.insert((what, name.clone())) {
                true => Ok((one, self.parts.len() - 1)),
                false => Err(RehearsalError::SameName { what, name }),
            }
        });
        each.collect()
    }

    /// Nothing is found yet; behind all parts is what belongs to none of them.
    fn findings(mut self) -> Findings {
        self.parts.push(Part::rest());
        Findings { parts: self.parts, differences: Vec::new() }
    }
}
