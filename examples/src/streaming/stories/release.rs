//! Giving a session's slot back before its lease runs out.

use bailiwick_core::given;

use super::sample::*;
use crate::streaming::{AccountSessions, NoSuchLease};

#[test]
fn a_released_slot_is_free_at_once() {
    given::<AccountSessions>("a")
        .events([limit_changed(1), started("s1", 10)])
        .at(9)
        .when(release("s1"))
        .emits([ended("s1")])
        .no_deadline()
        .when(acquire("s2", 10))
        .emits([started("s2", 19)]);
}

#[test]
fn what_is_not_held_cannot_be_released() {
    given::<AccountSessions>("a")
        .when(release("s1"))
        .rejected(NoSuchLease)
        .events([started("s1", 10)])
        .when(release("s2"))
        .rejected(NoSuchLease)
        .when(release("s1"))
        .emits([ended("s1")])
        .when(release("s1"))
        .rejected(NoSuchLease);
}

#[test]
fn a_lease_that_ran_out_is_not_released_but_expired() {
    given::<AccountSessions>("a")
        .events([started("s1", 10)])
        .at(10)
        .when(release("s1"))
        .expires_first([expired("s1")])
        .rejected(NoSuchLease);
}
