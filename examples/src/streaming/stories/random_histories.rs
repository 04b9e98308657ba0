//! The rules in random histories, against the table of the specification written down naively.

use std::collections::BTreeMap;

use bailiwick_core::{Given, given};

use super::sample::*;
use crate::random::Xorshift;
use crate::streaming::{AccountSessions, AcquireRefused, Granted, NoSuchLease, SessionEvent};

type Story = Given<AccountSessions>;

/// Who holds a lease until when, and nothing cleverer.
struct Table {
    now: u64,
    limit: usize,
    leases: BTreeMap<&'static str, u64>,
}

impl Table {
    fn expire(&mut self) -> Vec<SessionEvent> {
        let mut due: Vec<_> = self.leases.iter().map(|(s, at)| (*at, *s)).collect();
        due.retain(|(at, _)| *at <= self.now);
        due.sort_unstable();
        self.leases.retain(|_, at| self.now < *at);
        due.iter().map(|(_, session)| expired(session)).collect()
    }

    fn acquire(&mut self, story: Story, session: &'static str, lease_ms: u64) -> Story {
        let (due, limit) = (self.expire(), self.limit);
        let outcome = story.when(acquire(session, lease_ms)).expires_first(due);
        let outcome = if self.leases.contains_key(session) {
            outcome.rejected(AcquireRefused::AlreadyActive)
        } else if self.leases.len() >= limit {
            outcome.rejected(AcquireRefused::LimitReached { limit })
        } else {
            let expires_at = self.now + lease_ms;
            self.leases.insert(session, expires_at);
            outcome.emits([started(session, expires_at)]).replies(Granted {
                session: session.into(),
                expires_at: expires_at.into(),
                in_use: self.leases.len(),
                limit,
            })
        };
        outcome.at(self.now)
    }

    fn keep_alive(&mut self, story: Story, session: &'static str, lease_ms: u64) -> Story {
        let (due, now) = (self.expire(), self.now);
        let outcome = story.when(keep_alive(session, lease_ms)).expires_first(due);
        let outcome = match self.leases.get_mut(session) {
            None => outcome.rejected(NoSuchLease),
            Some(held) if 2 * (*held - now) < lease_ms => {
                *held = now + lease_ms;
                outcome.emits([renewed(session, *held)]).replies((*held).into())
            }
            Some(held) => outcome.emits_nothing().replies((*held).into()),
        };
        outcome.at(now)
    }

    fn release(&mut self, story: Story, session: &'static str) -> Story {
        let due = self.expire();
        let outcome = story.when(release(session)).expires_first(due);
        let outcome = match self.leases.remove(session) {
            None => outcome.rejected(NoSuchLease),
            Some(_) => outcome.emits([ended(session)]),
        };
        outcome.at(self.now)
    }

    fn set_limit(&mut self, story: Story, limit: usize) -> Story {
        let due = self.expire();
        let before = std::mem::replace(&mut self.limit, limit);
        let changed = (limit != before).then(|| limit_changed(limit));
        let outcome = story.when(set_limit(limit)).expires_first(due);
        outcome.emits(changed).at(self.now)
    }

    /// A look judges at now, although nothing was reclaimed before it.
    fn look(&self, story: Story) -> Story {
        let in_use = self.leases.values().filter(|at| self.now < **at).count();
        story.state(|account, now| assert_eq!(account.in_use(now), in_use))
    }
}

#[test]
fn every_command_does_what_the_table_says() {
    for seed in 1..=100 {
        history(Xorshift(seed));
    }
}

fn history(mut random: Xorshift) {
    let (now, limit, leases) = (0, 5, BTreeMap::new());
    let mut table = Table { now, limit, leases };
    let mut story = given::<AccountSessions>("a");
    for _ in 0..100 {
        table.now += u64::from(random.below(6));
        story = table.look(story.at(table.now));
        let session = ["s1", "s2", "s3", "s4", "s5", "s6"][random.below(6) as usize];
        let lease_ms = u64::from(1 + random.below(20));
        story = match random.below(8) {
            0..=2 => table.acquire(story, session, lease_ms),
            3..=5 => table.keep_alive(story, session, lease_ms),
            6 => table.release(story, session),
            _ => table.set_limit(story, random.below(7) as usize),
        };
    }
}
