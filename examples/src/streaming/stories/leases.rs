//! What becomes of leases that nobody gives back.

use bailiwick_core::given;

use super::sample::*;
use crate::streaming::AccountSessions;

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
