//! Leases in a map in memory, nothing of it durable: what the routes themselves cost. The ceiling.

use std::collections::BTreeMap;
use std::sync::Arc;

use dashmap::DashMap;

use super::{
    Account, DEFAULT_LIMIT, Granted, Lease, LeaseStore, Refused, check_lease, check_limit, lasts,
    now_ms,
};

/// The accounts.
#[derive(Clone, Default)]
pub struct InMemory(Arc<DashMap<String, Sessions, foldhash::fast::RandomState>>);

struct Sessions {
    limit: usize,
    /// By session, until when.
    leases: BTreeMap<String, u64>,
    /// How many changes there were.
    version: u64,
}

impl Default for Sessions {
    fn default() -> Self {
        Sessions { limit: DEFAULT_LIMIT, leases: BTreeMap::new(), version: 0 }
    }
}

impl InMemory {
    /// Runs `change` on the account, which is there afterwards.
    fn change<T>(&self, account: &str, change: impl FnOnce(&mut Sessions) -> T) -> T {
        if let Some(mut sessions) = self.0.get_mut(account) {
            return change(&mut sessions);
        }
        change(&mut self.0.entry(account.to_owned()).or_default())
    }
}

impl LeaseStore for InMemory {
    async fn acquire(&self, account: &str, session: &str, ms: u64) -> Result<Granted, Refused> {
        check_lease(ms)?;
        let now = now_ms();
        self.change(account, |sessions| {
            if sessions.leases.get(session).is_some_and(|at| *at > now) {
                return Err(Refused::AlreadyActive);
            }
            if sessions.leases.len() >= sessions.limit {
                sessions.leases.retain(|_, at| *at > now);
            }
            if sessions.leases.len() >= sessions.limit {
                return Err(Refused::LimitReached(sessions.limit));
            }
            sessions.leases.insert(session.to_owned(), now + ms);
            sessions.version += 1;
            let (in_use, limit) = (sessions.leases.len(), sessions.limit);
            Ok(Granted { expires_at: now + ms, in_use, limit, token: Some(sessions.version) })
        })
    }

    async fn keep_alive(&self, account: &str, session: &str, ms: u64) -> Result<u64, Refused> {
        check_lease(ms)?;
        let now = now_ms();
        let mut sessions = self.0.get_mut(account).ok_or(Refused::NoSuchLease)?;
        let at = sessions.leases.get_mut(session).filter(|at| **at > now);
        let at = at.ok_or(Refused::NoSuchLease)?;
        if !lasts(*at, now, ms) {
            *at = now + ms;
        }
        Ok(*at)
    }

    async fn release(&self, account: &str, session: &str) -> Result<(), Refused> {
        let mut sessions = self.0.get_mut(account).ok_or(Refused::NoSuchLease)?;
        let at = sessions.leases.remove(session).filter(|at| *at > now_ms());
        at.map(drop).ok_or(Refused::NoSuchLease)
    }

    async fn set_limit(&self, account: &str, limit: usize) -> Result<(), Refused> {
        check_limit(limit)?;
        self.change(account, |sessions| sessions.limit = limit);
        Ok(())
    }

    async fn look(&self, account: &str) -> Result<Account, Refused> {
        let Some(sessions) = self.0.get(account) else {
            return Ok(Account { limit: DEFAULT_LIMIT, sessions: Vec::new() });
        };
        let now = now_ms();
        let valid = sessions.leases.iter().filter(|(_, at)| **at > now);
        let lease =
            |(session, at): (&String, &u64)| Lease { session: session.clone(), expires_at: *at };
        Ok(Account { limit: sessions.limit, sessions: valid.map(lease).collect() })
    }
}
