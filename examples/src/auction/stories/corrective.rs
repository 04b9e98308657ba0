//! What the corrective policy does about bids and suspensions.

use bailiwick_core::{GivenEvents, given_events, to};

use super::sample::*;
use crate::auction::BidderEvent::{BidderApproved, BidderRegistered};
use crate::auction::*;

/// Ann, who may bid.
fn approved() -> GivenEvents {
    given_events().events([BidderRegistered, BidderApproved].map(|event| bidder("ann", event)))
}

#[test]
fn a_bid_of_who_may_bid_stays() {
    approved().sees(Corrective, bid_placed("l1", "ann", 500)).sends_nothing();
}

#[test]
fn a_bid_of_who_may_not_bid_is_taken_out() {
    given_events()
        .sees(Corrective, bid_placed("l1", "ann", 500))
        .sends([to::<Listing>("l1", retract("ann"))])
        .event(bidder("ann", BidderRegistered))
        .sees(Corrective, bid_placed("l1", "ann", 500))
        .sends([to::<Listing>("l1", retract("ann"))])
        .event(bidder("ann", BidderApproved))
        .event(bidder("ann", suspended("ann")))
        .sees(Corrective, bid_placed("l2", "ann", 500))
        .sends([to::<Listing>("l2", retract("ann"))]);
}

/// The one that is there since the suspension has been taken out with it, or is about to be.
#[test]
fn a_bid_after_a_suspension_concerns_no_other() {
    approved()
        .event(bid_placed("l1", "ann", 500))
        .event(bidder("ann", suspended("ann")))
        .sees(Corrective, bid_placed("l2", "ann", 500))
        .sends([to::<Listing>("l2", retract("ann"))]);
}

#[test]
fn a_suspension_takes_out_every_standing_bid() {
    approved()
        .event(bid_placed("l2", "ann", 500))
        .event(bid_placed("l1", "ann", 500))
        .event(bid_placed("l1", "ann", 600))
        .event(bid_placed("l3", "ann", 500))
        .event(bid_retracted("l3", "ann"))
        .sees(Corrective, bidder("ann", suspended("ann")))
        .sends([to::<Listing>("l1", retract("ann")), to::<Listing>("l2", retract("ann"))]);
}

#[test]
fn a_suspension_without_bids_sends_nothing() {
    approved().sees(Corrective, bidder("ann", suspended("ann"))).sends_nothing();
}

#[test]
fn other_bidders_are_not_concerned() {
    approved()
        .unrelated(bid_placed("l1", "bob", 500))
        .unrelated(bidder("bob", BidderRegistered))
        .sees(Corrective, bidder("ann", suspended("ann")))
        .sends_nothing();
}

/// What has ended is asked as well: the listing says no, and that is the recorded answer.
#[test]
fn once_a_listing_has_ended_its_result_stands() {
    given_events()
        .event(listing("l1", opened(terms())))
        .event(bid_placed("l1", "ann", 500))
        .at(ENDS)
        .aggregate::<Listing>("l1")
        .when(retract("ann"))
        .expires_first([closed(Some(standing("ann", 500, 0)))])
        .rejected(RetractRefused::Ended);
    approved()
        .event(bid_placed("l1", "ann", 500))
        .at(ENDS)
        .sees(Corrective, bidder("ann", suspended("ann")))
        .sends([to::<Listing>("l1", retract("ann"))]);
}
