//! The sessions of one account, each on a lease of one of the account's slots.
//!
//! A lease is valid iff `now < expires_at`, judged at the moment of every command and every look,
//! whatever a timer has done so far. The deadline only reclaims.

use bailiwick_core::{Aggregate, Context, LeaseSet, Timestamp, View};

use super::SessionEvent::{self, *};
use super::{AccountId, SessionId};

/// How many sessions an account may run before anybody says otherwise.
pub const DEFAULT_LIMIT: usize = 5;

/// The sessions of one account.
#[derive(Debug)]
pub struct AccountSessions {
    pub(super) leases: LeaseSet<SessionId>,
}

impl AccountSessions {
    /// How many sessions the account may run at once.
    pub fn limit(&self) -> usize {
        self.leases.slots()
    }

    /// How many slots are in use at `now`; more than the limit after it was lowered.
    pub fn in_use(&self, now: Timestamp) -> usize {
        self.leases.in_use(now)
    }

    /// Until when the session counts; `None` if it has no lease that is valid at `now`.
    pub fn lease(&self, session: &SessionId, now: Timestamp) -> Option<Timestamp> {
        self.leases.valid(session, now)
    }
}

impl View for AccountSessions {
    type Key = AccountId;
    type Event = SessionEvent;

    fn new(_: &AccountId) -> Self {
        AccountSessions { leases: LeaseSet::new(DEFAULT_LIMIT) }
    }

    fn apply(&mut self, event: &SessionEvent, _at: Timestamp) {
        match event {
            SessionStarted { session, expires_at } | LeaseRenewed { session, expires_at } => {
                self.leases.grant(session.clone(), *expires_at);
            }
            SessionEnded { session } | LeaseExpired { session } => self.leases.end(session),
            LimitChanged { limit } => self.leases.set_slots(*limit),
        }
    }
}

impl Aggregate for AccountSessions {
    const NAME: &'static str = "account-sessions";

    fn deadline(&self) -> Option<Timestamp> {
        self.leases.next_expiry()
    }

    fn on_deadline(&self, ctx: &mut Context<SessionEvent>) {
        for (session, _) in self.leases.expired(ctx.now()) {
            ctx.emit(LeaseExpired { session: session.clone() });
        }
    }
}

#[cfg(test)]
mod tests {
    use bailiwick_core::given;

    use super::super::sample::*;
    use super::*;

    #[test]
    fn leases_are_reclaimed_at_their_expiry_several_at_once_and_in_order() {
        given::<AccountSessions>("a")
            .events([started("s3", 10), started("s1", 12), started("s2", 10), started("s4", 20)])
            .at(9)
            .expires([])
            .deadline(10)
            .at(12)
            .expires([expired("s2"), expired("s3"), expired("s1")])
            .deadline(20)
            .expires([])
            .at(20)
            .expires([expired("s4")])
            .no_deadline();
    }

    #[test]
    fn a_renewal_moves_the_deadline() {
        given::<AccountSessions>("a")
            .events([started("s1", 10), renewed("s1", 30), started("s2", 20)])
            .deadline(20)
            .at(20)
            .expires([expired("s2")])
            .deadline(30);
    }

    #[test]
    fn a_look_does_not_count_what_no_timer_has_reclaimed_yet() {
        given::<AccountSessions>("a")
            .events([started("s1", 10), started("s2", 11)])
            .at(10)
            .state(|account, now| {
                assert_eq!(account.in_use(now), 1);
                assert_eq!(account.lease(&"s1".into(), now), None);
                assert_eq!(account.lease(&"s2".into(), now), Some(11.into()));
            })
            .deadline(10);
    }

    #[test]
    fn a_history_that_today_would_be_refused_is_still_folded_in() {
        given::<AccountSessions>("a")
            .events([limit_changed(1), started("s1", 10), started("s2", 10), ended("s9")])
            .state(|account, now| assert_eq!((account.limit(), account.in_use(now)), (1, 2)));
    }
}
