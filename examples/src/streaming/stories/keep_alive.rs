//! Keeping a session's lease: most of the time nothing is appended.

use bailiwick_core::{Given, given};

use super::sample::*;
use crate::streaming::{AccountSessions, InvalidLease, MAX_LEASE_MS, NoSuchLease};

fn leased(expires_at: u64) -> Given<AccountSessions> {
    given::<AccountSessions>("a").events([started("s1", expires_at)])
}

#[test]
fn a_lease_is_renewed_when_less_than_half_of_it_is_left() {
    leased(20)
        .at(11)
        .when(keep_alive("s1", 20))
        .emits([renewed("s1", 31)])
        .replies(31.into())
        .deadline(31);
}

#[test]
fn with_half_of_it_left_or_more_nothing_is_appended() {
    leased(20)
        .at(1)
        .when(keep_alive("s1", 20))
        .emits_nothing()
        .replies(20.into())
        .at(10)
        .when(keep_alive("s1", 20))
        .emits_nothing()
        .replies(20.into())
        .deadline(20);
}

#[test]
fn half_of_an_odd_lease_is_not_rounded() {
    leased(5)
        .at(2)
        .when(keep_alive("s1", 5))
        .emits_nothing()
        .at(3)
        .when(keep_alive("s1", 5))
        .emits([renewed("s1", 8)]);
    leased(1).when(keep_alive("s1", 1)).emits_nothing();
}

#[test]
fn a_shorter_lease_never_shortens_what_is_held() {
    leased(100)
        .at(10)
        .when(keep_alive("s1", 20))
        .emits_nothing()
        .replies(100.into())
        .at(91)
        .when(keep_alive("s1", 20))
        .emits([renewed("s1", 111)])
        .replies(111.into());
}

#[test]
fn a_longer_lease_is_renewed_at_once_when_it_more_than_doubles_what_is_left() {
    leased(20)
        .when(keep_alive("s1", 40))
        .emits_nothing()
        .when(keep_alive("s1", 41))
        .emits([renewed("s1", 41)])
        .replies(41.into());
}

#[test]
fn it_may_be_kept_up_to_the_last_moment_and_not_longer() {
    leased(20).at(19).when(keep_alive("s1", 20)).replies(39.into());
    leased(20)
        .at(20)
        .when(keep_alive("s1", 20))
        .expires_first([expired("s1")])
        .rejected(NoSuchLease)
        .no_deadline();
}

#[test]
fn refusals_are_judged_in_order() {
    for lease_ms in [0, MAX_LEASE_MS + 1] {
        leased(20)
            .when(keep_alive("s1", lease_ms))
            .rejected(InvalidLease { lease_ms })
            .when(keep_alive("unknown", lease_ms))
            .rejected(InvalidLease { lease_ms });
    }
    leased(20)
        .when(keep_alive("unknown", 20))
        .rejected(NoSuchLease)
        .at(1)
        .when(keep_alive("s1", MAX_LEASE_MS))
        .emits([renewed("s1", 1 + MAX_LEASE_MS)]);
}

#[test]
fn a_session_above_a_lowered_limit_is_kept() {
    leased(20)
        .events([limit_changed(0)])
        .at(15)
        .when(keep_alive("s1", 20))
        .emits([renewed("s1", 35)]);
}
