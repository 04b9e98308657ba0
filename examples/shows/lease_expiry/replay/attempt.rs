//! An attempt is made, and what came of it is counted.

use std::collections::BTreeMap;

use bailiwick::{Aggregates, AskError, ErrorReport};
use bailiwick_examples::streaming::{AccountId, AccountSessions, AcquireRefused, KeepAliveRefused};
use bailiwick_examples::trace::{Attempt, Step};

/// What came of the attempts, as it was answered.
#[derive(Debug, Default)]
pub struct Answers {
    pub granted: usize,
    pub limit_reached: usize,
    pub already_active: usize,
    /// Heartbeats after which the lease goes on.
    pub kept: usize,
    pub released: usize,
    /// Heartbeats and releases of a session that has no lease.
    pub no_lease: usize,
    pub limits_set: usize,
    /// Leases and limits that no account may have.
    pub invalid: usize,
    /// How many slots each account was refused.
    pub refused_by: BTreeMap<AccountId, usize>,
}

impl Answers {
    /// How many slots were refused.
    pub fn refused(&self) -> usize {
        self.limit_reached + self.already_active
    }

    /// Makes an attempt. The error says why it has no outcome.
    pub async fn attempt(
        &mut self,
        accounts: &Aggregates<AccountSessions>,
        step: &Step,
    ) -> Result<(), String> {
        let account = accounts.get(&step.account);
        let count = match step.attempt.clone() {
            Attempt::Acquire(command) => match judged(account.ask(command).await)? {
                Ok(_) => &mut self.granted,
                Err(AcquireRefused::InvalidLease(_)) => &mut self.invalid,
                Err(refused) => {
                    *self.refused_by.entry(step.account.clone()).or_default() += 1;
                    match refused {
                        AcquireRefused::AlreadyActive => &mut self.already_active,
                        _ => &mut self.limit_reached,
                    }
                }
            },
            Attempt::KeepAlive(command) => match judged(account.ask(command).await)? {
                Ok(_) => &mut self.kept,
                Err(KeepAliveRefused::InvalidLease(_)) => &mut self.invalid,
                Err(KeepAliveRefused::NoSuchLease(_)) => &mut self.no_lease,
            },
            Attempt::Release(command) => match judged(account.ask(command).await)? {
                Ok(()) => &mut self.released,
                Err(_) => &mut self.no_lease,
            },
            Attempt::SetLimit(command) => match judged(account.ask(command).await)? {
                Ok(()) => &mut self.limits_set,
                Err(_) => &mut self.invalid,
            },
        };
        *count += 1;
        Ok(())
    }
}

/// A rule's no is an outcome like its yes. Anything else is none, and ends the replay.
fn judged<T, C, R>(answer: Result<T, AskError<C, R>>) -> Result<Result<T, R>, String>
where
    C: 'static,
    R: std::error::Error + 'static,
{
    match answer {
        Ok(reply) => Ok(Ok(reply)),
        Err(AskError::Rejected(rejection)) => Ok(Err(rejection)),
        Err(error) => Err(ErrorReport::of(&error).to_string()),
    }
}
