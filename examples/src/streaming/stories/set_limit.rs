//! Changing how many sessions an account may run.

use bailiwick_core::given;

use super::sample::*;
use crate::streaming::AcquireRefused::LimitReached;
use crate::streaming::{AccountSessions, InvalidLimit};

#[test]
fn a_raised_limit_lets_more_sessions_start() {
    given::<AccountSessions>("a")
        .events([limit_changed(1), started("s1", 10)])
        .when(set_limit(2))
        .emits([limit_changed(2)])
        .when(acquire("s2", 10))
        .emits([started("s2", 10)])
        .when(acquire("s3", 10))
        .rejected(LimitReached { limit: 2 });
}

#[test]
fn sessions_above_a_lowered_limit_go_on_and_new_ones_are_refused() {
    given::<AccountSessions>("a")
        .events([started("s1", 10), started("s2", 20), started("s3", 30)])
        .when(set_limit(2))
        .emits([limit_changed(2)])
        .deadline(10)
        .state(|account, now| assert_eq!((account.limit(), account.in_use(now)), (2, 3)))
        .when(acquire("s4", 10))
        .rejected(LimitReached { limit: 2 })
        .at(10)
        .when(acquire("s4", 10))
        .expires_first([expired("s1")])
        .rejected(LimitReached { limit: 2 })
        .at(20)
        .when(acquire("s4", 10))
        .expires_first([expired("s2")])
        .emits([started("s4", 30)]);
}

#[test]
fn the_limit_that_holds_already_appends_nothing() {
    given::<AccountSessions>("a")
        .when(set_limit(5))
        .emits_nothing()
        .events([limit_changed(7)])
        .when(set_limit(7))
        .emits_nothing()
        .when(set_limit(5))
        .emits([limit_changed(5)]);
}

#[test]
fn a_limit_is_at_most_ten_thousand() {
    given::<AccountSessions>("a")
        .when(set_limit(10_001))
        .rejected(InvalidLimit { limit: 10_001 })
        .state(|account, _| assert_eq!(account.limit(), 5))
        .when(set_limit(10_000))
        .emits([limit_changed(10_000)]);
}

#[test]
fn with_a_limit_of_none_no_session_starts() {
    given::<AccountSessions>("a")
        .when(set_limit(0))
        .emits([limit_changed(0)])
        .when(acquire("s1", 10))
        .rejected(LimitReached { limit: 0 });
}
