//! A bid that is decided about the listing and the bidder together.

use bailiwick_core::{GivenEvents, given_events};

use super::sample::*;
use crate::auction::BidderEvent::{BidderApproved, BidderRegistered};
use crate::auction::*;

fn place(bidder: &'static str, amount: u64) -> PlaceEligibleBid {
    PlaceEligibleBid { listing: "l1".into(), bid: bid(bidder, amount) }
}

/// A listing that has started, and Ann, who may bid.
fn approved() -> GivenEvents {
    given_events()
        .event(listing("l1", opened(terms())))
        .events([BidderRegistered, BidderApproved].map(|event| bidder("ann", event)))
        .at(STARTS)
}

#[test]
fn who_may_bid_bids() {
    approved()
        .when(place("ann", 500))
        .emits([bid_placed("l1", "ann", 500)])
        .views(|(listing, _), _| leads(listing, "ann", 500));
}

#[test]
fn who_may_not_bid_does_not() {
    given_events()
        .event(listing("l1", opened(terms())))
        .at(STARTS)
        .when(place("ann", 500))
        .rejected(Ineligible::NotRegistered)
        .event(bidder("ann", BidderRegistered))
        .when(place("ann", 500))
        .rejected(Ineligible::NotApproved)
        .event(bidder("ann", BidderApproved))
        .event(bidder("ann", suspended("ann")))
        .when(place("ann", 500))
        .rejected(Ineligible::Suspended)
        .event(bidder("ann", BidderApproved))
        .when(place("ann", 500))
        .emits([bid_placed("l1", "ann", 500)]);
}

/// The rules are those of the listing, which has its own stories: here are one of each kind.
#[test]
fn the_rules_of_the_listing_hold() {
    approved()
        .when(place("ann", 499))
        .rejected(BidRefused::TooLow { minimum: eur(500) })
        .event(bid_placed("l1", "ann", 500))
        .when(place("ann", 550))
        .rejected(BidRefused::AlreadyLeads)
        .at(ENDS)
        .when(place("ann", 1_000))
        .rejected(BidRefused::Ended);
}

#[test]
fn whether_the_bidder_may_bid_is_judged_first() {
    given_events().when(place("ann", 1)).rejected(Ineligible::NotRegistered);
}

#[test]
fn what_happens_to_other_bidders_and_listings_is_unrelated() {
    approved()
        .unrelated(bidder("bob", BidderRegistered))
        .unrelated(listing("l2", opened(terms())))
        .unrelated(bid_placed("l2", "ann", 900))
        .when(place("ann", 500))
        .accepted();
}

#[test]
fn the_listing_sees_the_bid() {
    approved()
        .when(place("ann", 500))
        .accepted()
        .aggregate::<Listing>("l1")
        .when(bid("bob", 549))
        .rejected(BidRefused::TooLow { minimum: eur(550) })
        .when(retract("ann"))
        .emits([retracted("ann")]);
}
