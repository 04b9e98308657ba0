//! What an answer promises, checked at the instant at which it comes.
//!
//! - What it shows is in the journal by then, and was decided by the rules.
//! - What it denies is not there, and the ledger refuses it from then on.
//! - Whoever asks later is not shown less than was shown before.
//! - Its [reason](super::reason_checks) is one that there was.

use bailiwick::Position;

use super::ask::Answer;
use super::client::Attempt;
use super::coverage::Case;
use super::history::Seen;
use super::plan::Verb;
use super::world::World;
use crate::invariant::Invariant::{Durable, Fresh, NoEffect, Once, Rules};
use crate::invariant::{Checked, Violation};
use crate::sim::trace::Step;

impl World {
    /// The caller of `attempt` has its answer.
    pub(super) fn check_answer(&self, attempt: &Attempt, answer: Answer) -> Checked {
        let (case, how, numbers) = answer.summary();
        let call = attempt.number;
        self.covered(case);
        self.note(&Step::Answered { call, how, numbers });
        match attempt.call.verb {
            verb if verb.is_read() => {}
            verb if verb.other_counter().is_some() => {
                answer.count(&mut attempt.node.observed.lock().decided);
            }
            _ => answer.count(&mut attempt.node.observed.lock().tally),
        }
        let checked = match &answer {
            Answer::Replied { value, position, repeated } => self
                .check_repeated(attempt, *repeated, Case::Repeated)
                .and_then(|()| self.check_reply(attempt, *value, *position)),
            Answer::Decided { values, position, repeated } => self
                .check_repeated(attempt, *repeated, Case::DecisionRepeated)
                .and_then(|()| self.check_decided(attempt, values, *position)),
            Answer::Rejected { value } => self.check_rejection(attempt, *value),
            Answer::Refused { values } => self.check_refusal(attempt, values),
            Answer::Read(seen) => self.check_read(attempt, *seen),
            Answer::NotRun(cause) => self.check_not_run(attempt, cause),
            Answer::Unknown(unknown) => self.check_unknown(attempt, unknown),
            Answer::Unread(error) => self.check_unread(attempt, error),
            Answer::Cancelled { polled: true } => Ok(()),
            Answer::Cancelled { polled: false } => self.deny(attempt),
        };
        let verb = attempt.call.verb;
        checked.map_err(|Violation { invariant, what }| {
            invariant.broken(format!("{verb:?} got {answer:?}, but {what}"))
        })
    }

    fn check_reply(&self, attempt: &Attempt, value: Option<u64>, position: Position) -> Checked {
        let ledger = self.ledger.lock();
        let history = &ledger.counters[attempt.call.counter];
        let absent = || Durable.broken("the journal has no such event of it");
        let number = history.at(position).ok_or_else(absent)?;
        let (_, seen) = history.states[number];
        if value.is_some_and(|value| value != seen.value) {
            return Err(Durable.broken(format!("the value there is {}", seen.value)));
        }
        let record = &ledger.calls[attempt.number];
        let judged_at = match attempt.call.verb {
            Verb::Count { .. } | Verb::SetAlarm { .. } => number.checked_sub(1),
            Verb::Look => Some(number),
            _ => return Err(Rules.broken("it cannot be accepted")),
        };
        let own = attempt.call.verb.writes() || attempt.call.keyed;
        if record.end() != own.then_some(position) {
            return Err(Durable.broken(format!("its own event is at {:?}", record.end())));
        }
        let judged_at = judged_at.map(|number| history.states[number].0);
        if attempt.expected.is_some() && attempt.expected != judged_at {
            let expected = attempt.expected;
            return Err(Fresh.broken(format!("it expected {expected:?}, not {judged_at:?}")));
        }
        drop(ledger);
        self.shown(attempt, attempt.call.counter, number, number)
    }

    /// The reply of a decision: its event is there, with the values of it, and so is what its key was
    /// answered.
    fn check_decided(&self, attempt: &Attempt, values: &[u64], position: Position) -> Checked {
        let ledger = self.ledger.lock();
        let record = &ledger.calls[attempt.number];
        let (written, end) = (record.written, record.end());
        let written = written.ok_or_else(|| Durable.broken("the journal has nothing of it"))?;
        if end != Some(position) {
            return Err(Durable.broken(format!("its last event is at {end:?}")));
        }
        let about: Vec<_> = match attempt.call.verb {
            Verb::Remind { of, .. } => vec![of],
            _ => attempt.call.about().collect(),
        };
        let there: Vec<_> = about
            .iter()
            .map(|counter| {
                let history = &ledger.counters[*counter];
                history.states[history.as_of(written)].1.value
            })
            .collect();
        Durable.require(there == values, || format!("the values there are {there:?}"))?;
        // Those whom its event concerns know of it by now.
        let shown: Vec<_> = attempt
            .call
            .concerns()
            .map(|counter| (counter, ledger.counters[counter].as_of(written)))
            .collect();
        drop(ledger);
        shown
            .into_iter()
            .try_for_each(|(counter, number)| self.shown(attempt, counter, number, number))
    }

    /// A decision was refused on values that were there, together.
    fn check_refusal(&self, attempt: &Attempt, values: &[u64]) -> Checked {
        self.not_done_before(attempt)?;
        self.deny(attempt)?;
        let (about, by_the_rules): (Vec<_>, bool) = match attempt.call.verb {
            Verb::CountBoth { limit, .. } => {
                (attempt.call.about().collect(), values.iter().sum::<u64>() >= limit)
            }
            Verb::Remind { of, from, .. } => (vec![of], values[0] < from),
            _ => (vec![], false),
        };
        Rules.require(by_the_rules, || "no rule says so".into())?;
        let ledger = self.ledger.lock();
        let histories: Vec<_> = about.iter().map(|counter| &ledger.counters[*counter]).collect();
        // All there was since it was asked.
        let floors = about.iter().zip(&histories).map(|(counter, history)| {
            let (position, _) = history.states[attempt.floor[*counter]];
            position
        });
        let since = floors.max().unwrap_or_default();
        let later = histories.iter().flat_map(|history| &history.states).map(|(at, _)| *at);
        let was_so = later.chain([since]).filter(|at| *at >= since).any(|at| {
            let seen = histories.iter().map(|history| history.states[history.as_of(at)].1.value);
            seen.eq(values.iter().copied())
        });
        Fresh.require(was_so, || format!("since {since} it never was so in the journal"))
    }

    /// Whoever asked again was answered as if there had been one call, and is told so. Of one that was
    /// asked again before it was done, nobody can say which call has run it.
    fn check_repeated(&self, attempt: &Attempt, told: bool, case: Case) -> Checked {
        if attempt.was_done.is_some() {
            self.covered(case);
            return Once.require(told, || "it is not told as a repetition".into());
        }
        Once.require(attempt.again || !told, || "it was never asked before".into())
    }

    fn check_rejection(&self, attempt: &Attempt, value: u64) -> Checked {
        self.not_done_before(attempt)?;
        self.deny(attempt)?;
        if !matches!(attempt.call.verb, Verb::Count { limit } if value >= limit) {
            return Err(Rules.broken("no rule says so"));
        }
        self.shown_as(attempt, |seen| seen.value == value)
    }

    fn check_read(&self, attempt: &Attempt, saw: Seen) -> Checked {
        self.deny(attempt)?;
        self.shown_as(attempt, |seen| *seen == saw)
    }

    /// The call has no effect, now or later. If it was asked before, that says nothing of it, but that
    /// what was in the journal already would have been found.
    pub(super) fn deny(&self, attempt: &Attempt) -> Checked {
        let record = &mut self.ledger.lock().calls[attempt.number];
        if attempt.again {
            return Ok(());
        }
        record.denied = true;
        match record.end() {
            None => Ok(()),
            Some(position) => Err(NoEffect.broken(format!("its event is at {position}"))),
        }
    }

    /// A rule said no, though its key has an answer.
    fn not_done_before(&self, attempt: &Attempt) -> Checked {
        let done = attempt.was_done;
        Once.require(done.is_none(), || format!("it was done before it was asked, at {done:?}"))
    }

    /// The caller was shown a state of which it knows only this.
    fn shown_as(&self, attempt: &Attempt, is: impl Fn(&Seen) -> bool) -> Checked {
        let ledger = self.ledger.lock();
        let states = &ledger.counters[attempt.call.counter].states;
        let oldest = states.iter().position(|(_, seen)| is(seen));
        let newest = states.iter().rposition(|(_, seen)| is(seen));
        drop(ledger);
        match (oldest, newest) {
            (Some(oldest), Some(newest)) => {
                self.shown(attempt, attempt.call.counter, oldest, newest)
            }
            _ => Err(Durable.broken("it never was so in the journal")),
        }
    }

    /// The caller was shown a state of `counter` between these two.
    pub(super) fn shown(
        &self,
        attempt: &Attempt,
        counter: usize,
        oldest: usize,
        newest: usize,
    ) -> Checked {
        // Who asks again is shown what it would have been shown then, and that may have been written by
        // another runtime, or after this one was told that nobody knows.
        if attempt.again {
            return Ok(());
        }
        if newest < attempt.floor[counter] {
            let (position, _) = self.ledger.lock().counters[counter].states[attempt.floor[counter]];
            return Err(Fresh.broken(format!("the state of {position} was shown before")));
        }
        let shown = &mut attempt.node.observed.lock().shown[counter];
        *shown = oldest.max(*shown);
        Ok(())
    }
}
