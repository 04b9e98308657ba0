//! What an answer promises, checked at the instant at which it comes.
//!
//! - What it shows is in the journal by then, and was decided by the rules.
//! - What it denies is not there, and the ledger refuses it from then on.
//! - Whoever asks later is not shown less than was shown before.
//! - Its [reason](super::reasons) is one that there was.

use bailiwick::Position;

use super::answer::Answer;
use super::client::Made;
use super::history::Seen;
use super::plan::Verb;
use super::trace::Step;
use super::world::World;
use crate::invariant::Invariant::{Durable, Fresh, NoEffect, Rules};
use crate::invariant::{Checked, Violation};

impl World {
    /// The caller of `made` has its answer.
    pub(super) fn check_answer(&self, made: &Made, answer: Answer) -> Checked {
        let (sight, how, numbers) = answer.summary();
        let call = made.number;
        self.saw(sight);
        self.note(&Step::Answered { call, how, numbers });
        if !made.call.verb.is_read() {
            answer.count(&mut made.seat.account.lock().tally);
        }
        let checked = match &answer {
            Answer::Replied { value, position } => self.check_reply(made, *value, *position),
            Answer::Rejected { value } => self.check_rejection(made, *value),
            Answer::Saw(seen) => self.check_sight(made, *seen),
            Answer::NotRun(cause) => self.check_not_run(made, cause),
            Answer::Unknown(unknown) => self.check_unknown(made, unknown),
            Answer::Unread(error) => self.check_unread(made, error),
            Answer::Cancelled { polled: true } => Ok(()),
            Answer::Cancelled { polled: false } => self.deny(made),
        };
        let verb = made.call.verb;
        checked.map_err(|Violation { invariant, what }| {
            invariant.broken(format!("{verb:?} got {answer:?}, but {what}"))
        })
    }

    fn check_reply(&self, made: &Made, value: Option<u64>, position: Position) -> Checked {
        let ledger = self.ledger.lock();
        let history = &ledger.counters[made.call.counter];
        let absent = || Durable.broken("the journal has no such event of it");
        let number = history.at(position).ok_or_else(absent)?;
        let (_, seen) = history.states[number];
        if value.is_some_and(|value| value != seen.value) {
            return Err(Durable.broken(format!("the value there is {}", seen.value)));
        }
        let written = ledger.trails[made.number].written;
        let (writes, judged_at) = match made.call.verb {
            Verb::Count { .. } | Verb::SetAlarm { .. } => (true, number.checked_sub(1)),
            Verb::Look => (false, Some(number)),
            _ => return Err(Rules.broken("it cannot be accepted")),
        };
        if written != writes.then_some(position) {
            return Err(Durable.broken(format!("its own event is at {written:?}")));
        }
        let judged_at = judged_at.map(|number| history.states[number].0);
        if made.expected.is_some() && made.expected != judged_at {
            let expected = made.expected;
            return Err(Fresh.broken(format!("it expected {expected:?}, not {judged_at:?}")));
        }
        drop(ledger);
        self.shown(made, number, number)
    }

    fn check_rejection(&self, made: &Made, value: u64) -> Checked {
        self.deny(made)?;
        if !matches!(made.call.verb, Verb::Count { limit } if value >= limit) {
            return Err(Rules.broken("no rule says so"));
        }
        self.shown_as(made, |seen| seen.value == value)
    }

    fn check_sight(&self, made: &Made, saw: Seen) -> Checked {
        self.deny(made)?;
        self.shown_as(made, |seen| *seen == saw)
    }

    /// The call has no effect, now or later.
    pub(super) fn deny(&self, made: &Made) -> Checked {
        let trail = &mut self.ledger.lock().trails[made.number];
        trail.denied = true;
        match trail.written {
            None => Ok(()),
            Some(position) => Err(NoEffect.broken(format!("its event is at {position}"))),
        }
    }

    /// The caller was shown a state of which it knows only this.
    fn shown_as(&self, made: &Made, is: impl Fn(&Seen) -> bool) -> Checked {
        let ledger = self.ledger.lock();
        let states = &ledger.counters[made.call.counter].states;
        let oldest = states.iter().position(|(_, seen)| is(seen));
        let newest = states.iter().rposition(|(_, seen)| is(seen));
        drop(ledger);
        match (oldest, newest) {
            (Some(oldest), Some(newest)) => self.shown(made, oldest, newest),
            _ => Err(Durable.broken("it never was so in the journal")),
        }
    }

    /// The caller was shown a state between these two.
    pub(super) fn shown(&self, made: &Made, oldest: usize, newest: usize) -> Checked {
        if newest < made.floor {
            let counters = &self.ledger.lock().counters;
            let (position, _) = counters[made.call.counter].states[made.floor];
            return Err(Fresh.broken(format!("the state of {position} was shown before")));
        }
        let shown = &mut made.seat.account.lock().shown[made.call.counter];
        *shown = oldest.max(*shown);
        Ok(())
    }
}
