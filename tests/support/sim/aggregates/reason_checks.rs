//! Why a call has no reply: only for a reason that there was.

use bailiwick::{Admission, Cause, Position, ReadError, Unknown};

use super::client::Attempt;
use super::plan::Verb;
use super::world::World;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, Fresh, Reason};

impl World {
    pub(super) fn check_not_run(&self, attempt: &Attempt, cause: &Cause) -> Checked {
        self.deny(attempt)?;
        let observed = attempt.node.observed.lock();
        let unread = self.shares(attempt).any(|counter| observed.unread[counter] > 0);
        let failed = self.shares(attempt).any(|counter| observed.failed[counter].0 > 0);
        let reasonable = match cause {
            Cause::MailboxFull { .. } => attempt.call.admission == Admission::Refuse,
            Cause::TimedOut => self.is_over(attempt),
            Cause::Overloaded { most } => {
                let refuses = attempt.call.admission == Admission::Refuse;
                self.may_overload(*most) && (refuses || self.is_over(attempt))
            }
            Cause::ShutDown => {
                drop(observed);
                return self.check_shut_down(attempt);
            }
            Cause::Unread { .. } => unread,
            Cause::JournalFailed(_) => failed,
            Cause::Contended { attempts } | Cause::Overtaken { attempts, .. } => {
                *attempts == self.plan.config.get_attempts() && self.may_conflict()
            }
            Cause::Moved { expected, actual } => {
                drop(observed);
                return self.check_moved(attempt, *expected, *actual);
            }
            Cause::Panicked { .. } => {
                matches!(attempt.call.verb, Verb::PanicInDecide | Verb::PanicInApply)
            }
            _ => false,
        };
        Reason.require(reasonable, || "there was no reason".into())
    }

    fn check_shut_down(&self, attempt: &Attempt) -> Checked {
        let mut observed = attempt.node.observed.lock();
        observed.told_of_shutdown += 1;
        Reason.require(observed.closing, || "its runtime is not shut down".into())
    }

    fn check_moved(&self, attempt: &Attempt, expected: Position, actual: Position) -> Checked {
        let ledger = self.ledger.lock();
        let history = &ledger.counters[attempt.call.counter];
        // It was when it was asked, too: only the last position or an older one is ever expected.
        let has_not_moved = history.last().0 == expected;
        let absent = || Durable.broken("the journal has no such event of it");
        let number = history.at(actual).ok_or_else(absent)?;
        drop(ledger);
        if attempt.expected != Some(expected) || actual == expected || has_not_moved {
            let expected = attempt.expected;
            return Err(Fresh.broken(format!("it expected {expected:?}, and has not moved")));
        }
        self.shown(attempt, attempt.call.counter, number, number)
    }

    pub(super) fn check_unknown(&self, attempt: &Attempt, unknown: &Unknown) -> Checked {
        let observed = attempt.node.observed.lock();
        let reasonable = match unknown {
            Unknown::TimedOut => self.is_over(attempt),
            Unknown::JournalFailed(_) => {
                self.shares(attempt).any(|counter| observed.failed[counter].1 > 0)
            }
            Unknown::ShutDown => {
                drop(observed);
                return self.check_shut_down(attempt);
            }
            _ => false,
        };
        Reason.require(reasonable, || "there was no reason".into())
    }

    pub(super) fn check_unread(&self, attempt: &Attempt, error: &ReadError) -> Checked {
        let observed = attempt.node.observed.lock();
        let reasonable = match error {
            ReadError::TimedOut => self.is_over(attempt),
            ReadError::Overloaded { most } => self.may_overload(*most) && self.is_over(attempt),
            ReadError::Full { .. } => true,
            ReadError::ShutDown => observed.closing,
            ReadError::Unread { .. } => observed.unread[attempt.call.counter] > 0,
            ReadError::Panicked { .. } => attempt.call.verb == Verb::ReadAndPanic,
            _ => false,
        };
        Reason.require(reasonable, || "there was no reason".into())
    }

    /// The counters whose reads and appends the call may have been a part of: decisions that are queued
    /// together are read for and appended together.
    fn shares(&self, attempt: &Attempt) -> impl Iterator<Item = usize> + use<> {
        match attempt.call.verb.other_counter() {
            Some(_) => 0..self.plan.counters,
            None => attempt.call.counter..attempt.call.counter + 1,
        }
    }

    fn is_over(&self, attempt: &Attempt) -> bool {
        let passed = self.now().saturating_sub(attempt.began);
        u128::from(passed) >= attempt.call.timeout.as_millis()
    }

    /// Whether more aggregates than may can wait for the journal.
    fn may_overload(&self, most: usize) -> bool {
        most == self.plan.config.get_waiting_aggregates() && most < self.plan.counters
    }

    /// Whether an append of a runtime may meet an event that the runtime does not know, or that is of
    /// its own: an aggregate takes turns with decisions that read it, unless it was not in memory when
    /// theirs began, and not with those that only emit an event of it.
    fn may_conflict(&self) -> bool {
        self.plan.is_shared() || self.plan.append_faults > 0 || self.plan.decides
    }
}
