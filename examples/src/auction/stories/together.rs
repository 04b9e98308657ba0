//! Listings, bidders and the corrective policy, all together.

use bailiwick_core::quiesce::Quiesce;
use bailiwick_core::{quiesce, to};

use super::sample::*;
use crate::auction::BidderEvent::{BidderApproved, BidderRegistered};
use crate::auction::*;

/// A listing that has started, and Ann and Bob, who may bid.
fn house() -> Quiesce {
    let approved = |name| [BidderRegistered, BidderApproved].map(|event| bidder(name, event));
    quiesce()
        .aggregate::<Listing>()
        .aggregate::<Bidder>()
        .decision::<PlaceEligibleBid>()
        .policy(Corrective)
        .event(listing("l1", opened(terms())))
        .events(approved("ann"))
        .events(approved("bob"))
        .at(STARTS)
}

#[test]
fn a_bid_that_was_checked_too_early_gets_in_and_is_taken_out() {
    house()
        .get::<Listing>("l1")
        .ask(bid("bob", 500))
        .accepted()
        .get::<Bidder>("ann")
        .ask(Suspend)
        .accepted()
        .get::<Listing>("l1")
        .ask(bid("ann", 900))
        .accepted()
        .state(|listing, _| leads(listing, "bob", 500))
        .history([opened(terms()), placed("bob", 500), placed("ann", 900), retracted("ann")]);
}

#[test]
fn decided_with_its_bidder_it_does_not_get_in() {
    house()
        .get::<Bidder>("ann")
        .ask(Suspend)
        .accepted()
        .decide(PlaceEligibleBid { listing: "l1".into(), bid: bid("ann", 900) })
        .rejected(Ineligible::Suspended);
}

/// The other remedy has nothing to say about a bid that is there.
#[test]
fn a_suspension_takes_out_what_was_decided_too() {
    house()
        .decide(PlaceEligibleBid { listing: "l1".into(), bid: bid("ann", 900) })
        .accepted()
        .get::<Bidder>("ann")
        .ask(Suspend)
        .accepted()
        .get::<Listing>("l1")
        .history([opened(terms()), placed("ann", 900), retracted("ann")]);
}

#[test]
fn what_was_sold_stays_sold() {
    house()
        .get::<Listing>("l1")
        .ask(bid("ann", 500))
        .accepted()
        .at(ENDS)
        .get::<Bidder>("ann")
        .ask(Suspend)
        .accepted()
        .refused(to::<Listing>("l1", retract("ann")), "ended")
        .get::<Listing>("l1")
        .history([opened(terms()), placed("ann", 500), closed(Some(standing("ann", 500, STARTS)))]);
}
