//! Why a call has no reply: only for a reason that there was.

use bailiwick::{Admission, Cause, Position, ReadError, Unknown};

use super::client::Made;
use super::plan::Verb;
use super::world::World;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, Fresh, Reason};

impl World {
    pub(super) fn check_not_run(&self, made: &Made, cause: &Cause) -> Checked {
        self.deny(made)?;
        let account = made.seat.account.lock();
        let unread = self.shares(made).any(|counter| account.unread[counter] > 0);
        let failed = self.shares(made).any(|counter| account.failed[counter].0 > 0);
        let reasonable = match cause {
            Cause::MailboxFull { .. } => made.call.admission == Admission::Refuse,
            Cause::TimedOut => self.is_over(made),
            Cause::Overloaded { most } => {
                let refuses = made.call.admission == Admission::Refuse;
                self.may_overload(*most) && (refuses || self.is_over(made))
            }
            Cause::ShutDown => {
                drop(account);
                return self.check_shut_down(made);
            }
            Cause::Unread { .. } => unread,
            Cause::JournalFailed(_) => failed,
            Cause::Contended { attempts } | Cause::Overtaken { attempts, .. } => {
                *attempts == self.plan.config.get_attempts() && self.may_conflict()
            }
            Cause::Moved { expected, actual } => {
                drop(account);
                return self.check_moved(made, *expected, *actual);
            }
            Cause::Panicked { .. } => {
                matches!(made.call.verb, Verb::PanicInDecide | Verb::PanicInApply)
            }
            _ => false,
        };
        Reason.require(reasonable, || "there was no reason".into())
    }

    fn check_shut_down(&self, made: &Made) -> Checked {
        let mut account = made.seat.account.lock();
        account.shut_out += 1;
        Reason.require(account.closing, || "its runtime is not shut down".into())
    }

    fn check_moved(&self, made: &Made, expected: Position, actual: Position) -> Checked {
        let ledger = self.ledger.lock();
        let history = &ledger.counters[made.call.counter];
        // It was when it was asked, too: only the last position or an older one is ever expected.
        let has_not_moved = history.last().0 == expected;
        let absent = || Durable.broken("the journal has no such event of it");
        let number = history.at(actual).ok_or_else(absent)?;
        drop(ledger);
        if made.expected != Some(expected) || actual == expected || has_not_moved {
            let expected = made.expected;
            return Err(Fresh.broken(format!("it expected {expected:?}, and has not moved")));
        }
        self.shown(made, made.call.counter, number, number)
    }

    pub(super) fn check_unknown(&self, made: &Made, unknown: &Unknown) -> Checked {
        let account = made.seat.account.lock();
        let reasonable = match unknown {
            Unknown::TimedOut => self.is_over(made),
            Unknown::JournalFailed(_) => {
                self.shares(made).any(|counter| account.failed[counter].1 > 0)
            }
            Unknown::ShutDown => {
                drop(account);
                return self.check_shut_down(made);
            }
            _ => false,
        };
        Reason.require(reasonable, || "there was no reason".into())
    }

    pub(super) fn check_unread(&self, made: &Made, error: &ReadError) -> Checked {
        let account = made.seat.account.lock();
        let reasonable = match error {
            ReadError::TimedOut => self.is_over(made),
            ReadError::Overloaded { most } => self.may_overload(*most) && self.is_over(made),
            ReadError::Full { .. } => true,
            ReadError::ShutDown => account.closing,
            ReadError::Unread { .. } => account.unread[made.call.counter] > 0,
            ReadError::Panicked { .. } => made.call.verb == Verb::ReadAndPanic,
            _ => false,
        };
        Reason.require(reasonable, || "there was no reason".into())
    }

    /// The counters whose reads and appends the call may have been a part of: decisions that are queued
    /// together are read for and appended together.
    fn shares(&self, made: &Made) -> impl Iterator<Item = usize> + use<> {
        match made.call.verb.beside() {
            Some(_) => 0..self.plan.counters,
            None => made.call.counter..made.call.counter + 1,
        }
    }

    fn is_over(&self, made: &Made) -> bool {
        let passed = self.now().saturating_sub(made.began);
        u128::from(passed) >= made.call.timeout.as_millis()
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
