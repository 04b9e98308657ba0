//! Registering, approving and suspending a bidder.

use bailiwick_core::{Given, given};

use super::sample::*;
use crate::auction::BidderEvent::{BidderApproved, BidderRegistered};
use crate::auction::BidderRefused::{AlreadyRegistered, NotRegistered};
use crate::auction::*;

fn ann(events: impl IntoIterator<Item = BidderEvent>) -> Given<Bidder> {
    given::<Bidder>("ann").events(events)
}

fn is(expected: Result<(), Ineligible>) -> impl FnOnce(&Bidder, bailiwick_core::Timestamp) {
    move |bidder, _| assert_eq!(bidder.eligible(), expected)
}

#[test]
fn a_bidder_registers_once() {
    ann([])
        .state(is(Err(Ineligible::NotRegistered)))
        .when(Register)
        .emits([BidderRegistered])
        .state(is(Err(Ineligible::NotApproved)))
        .when(Register)
        .rejected(AlreadyRegistered)
        .events([suspended("ann").into()])
        .when(Register)
        .rejected(AlreadyRegistered);
}

#[test]
fn who_has_registered_is_approved_and_approving_again_changes_nothing() {
    ann([])
        .when(Approve)
        .rejected(NotRegistered)
        .events([BidderRegistered])
        .when(Approve)
        .emits([BidderApproved])
        .state(is(Ok(())))
        .when(Approve)
        .emits_nothing();
}

#[test]
fn who_is_suspended_may_not_bid_until_approved_again() {
    ann([BidderRegistered, BidderApproved])
        .when(Suspend)
        .emits([suspended("ann").into()])
        .state(is(Err(Ineligible::Suspended)))
        .when(Suspend)
        .emits_nothing()
        .when(Approve)
        .emits([BidderApproved])
        .state(is(Ok(())));
}

#[test]
fn only_who_has_registered_is_suspended() {
    ann([]).when(Suspend).rejected(NotRegistered);
    ann([BidderRegistered]).when(Suspend).emits([suspended("ann").into()]);
}

/// What is placed for a listing concerns its bidder, but is nothing that happens to the bidder alone.
#[test]
fn a_bidder_knows_of_no_listing() {
    bailiwick_core::given_events()
        .event(bidder("ann", BidderRegistered))
        .event(bid_placed("l1", "ann", 500))
        .aggregate::<Bidder>("ann")
        .when(Approve)
        .emits([BidderApproved]);
}
