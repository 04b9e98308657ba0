//! Taking a slot of the account for a session.

use bailiwick_core::given;

use super::sample::*;
use crate::streaming::AcquireRefused::{AlreadyActive, LimitReached};
use crate::streaming::{AccountSessions, DEFAULT_LIMIT, Granted, InvalidLease, MAX_LEASE_MS};

fn granted(session: &'static str, expires_at: u64, in_use: usize) -> Granted {
    Granted { session: session.into(), expires_at: expires_at.into(), in_use, limit: DEFAULT_LIMIT }
}

#[test]
fn a_slot_is_granted_with_the_slots_in_use() {
    given::<AccountSessions>("a")
        .at(3)
        .when(acquire("s1", 10))
        .emits([started("s1", 13)])
        .replies(granted("s1", 13, 1))
        .deadline(13)
        .at(4)
        .when(acquire("s2", 5))
        .emits([started("s2", 9)])
        .replies(granted("s2", 9, 2))
        .deadline(9)
        .state(|account, now| {
            assert_eq!(account.in_use(now), 2);
            assert_eq!(account.lease(&"s1".into(), now), Some(13.into()));
        });
}

#[test]
fn a_lease_lasts_from_a_millisecond_to_a_day() {
    for lease_ms in [0, MAX_LEASE_MS + 1, u64::MAX] {
        given::<AccountSessions>("a")
            .when(acquire("s1", lease_ms))
            .rejected(InvalidLease { lease_ms })
            .no_deadline();
    }
    given::<AccountSessions>("a")
        .when(acquire("s1", 1))
        .emits([started("s1", 1)])
        .when(acquire("s2", MAX_LEASE_MS))
        .emits([started("s2", 86_400_000)]);
}

#[test]
fn an_active_session_cannot_acquire_again() {
    given::<AccountSessions>("a")
        .events([started("s1", 10)])
        .at(9)
        .when(acquire("s1", 10))
        .rejected(AlreadyActive)
        .deadline(10);
}

#[test]
fn the_default_limit_is_five() {
    given::<AccountSessions>("a")
        .events([started("s1", 10), started("s2", 10), started("s3", 10), started("s4", 10)])
        .at(9)
        .when(acquire("s5", 10))
        .replies(granted("s5", 19, 5))
        .when(acquire("s6", 10))
        .rejected(LimitReached { limit: 5 });
}

#[test]
fn refusals_are_judged_in_order() {
    given::<AccountSessions>("a")
        .events([limit_changed(1), started("s1", 10)])
        .when(acquire("s1", 0))
        .rejected(InvalidLease { lease_ms: 0 })
        .when(acquire("s2", 0))
        .rejected(InvalidLease { lease_ms: 0 })
        .when(acquire("s1", 10))
        .rejected(AlreadyActive)
        .when(acquire("s2", 10))
        .rejected(LimitReached { limit: 1 });
}

#[test]
fn a_lease_counts_until_just_before_its_expiry() {
    let full = || given::<AccountSessions>("a").events([limit_changed(1), started("s1", 10)]);
    full().at(9).when(acquire("s2", 10)).rejected(LimitReached { limit: 1 });
    full()
        .at(10)
        .when(acquire("s2", 10))
        .expires_first([expired("s1")])
        .emits([started("s2", 20)])
        .replies(Granted { limit: 1, ..granted("s2", 20, 1) })
        .deadline(20);
}

#[test]
fn a_session_whose_lease_ran_out_may_acquire_again_before_any_timer_came() {
    given::<AccountSessions>("a")
        .events([limit_changed(1), started("s1", 10)])
        .at(1_000)
        .when(acquire("s1", 10))
        .expires_first([expired("s1")])
        .emits([started("s1", 1_010)])
        .replies(Granted { limit: 1, ..granted("s1", 1_010, 1) });
}

#[test]
fn what_expired_first_stands_though_the_command_is_refused() {
    given::<AccountSessions>("a")
        .events([started("s1", 10), started("s2", 20)])
        .at(10)
        .when(acquire("s2", 10))
        .expires_first([expired("s1")])
        .rejected(AlreadyActive)
        .deadline(20)
        .state(|account, now| assert_eq!(account.in_use(now), 1));
}
