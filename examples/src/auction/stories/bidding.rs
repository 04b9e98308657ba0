//! Bidding, and taking a bid back.

use bailiwick_core::given;

use super::sample::*;
use crate::auction::*;

fn too_low(minimum: u64) -> BidRefused {
    BidRefused::TooLow { minimum: eur(minimum) }
}

#[test]
fn the_first_bid_is_the_ask_and_each_one_exceeds_the_price_by_the_increment() {
    started()
        .when(bid("ann", 499))
        .rejected(too_low(500))
        .when(bid("ann", 500))
        .emits([placed("ann", 500)])
        .when(bid("bob", 549))
        .rejected(too_low(550))
        .when(bid("bob", 550))
        .emits([placed("bob", 550)])
        .when(bid("ann", 1_000))
        .emits([placed("ann", 1_000)])
        .state(|listing, _| {
            leads(listing, "ann", 1_000);
            assert_eq!(listing.bid(&"bob".into()), Some(&standing("bob", 550, STARTS)));
        });
}

#[test]
fn a_step_in_basis_points_is_rounded_up() {
    let by = |points| Terms { increment: Increment::BasisPoints(points), ..terms() };
    for (points, price, minimum) in [(1, 501, 502), (250, 1_001, 1_027), (10_000, 700, 1_400)] {
        given::<Listing>("l1")
            .events([opened(by(points)), placed("ann", price)])
            .at(STARTS)
            .when(bid("bob", minimum - 1))
            .rejected(too_low(minimum))
            .when(bid("bob", minimum))
            .emits([placed("bob", minimum)]);
    }
}

#[test]
fn what_cannot_be_exceeded_is_not() {
    let most = || started().events([placed("ann", u64::MAX - 49)]);
    most().when(bid("bob", u64::MAX)).rejected(BidRefused::Unsurpassable);
    let doubling = Terms { increment: Increment::BasisPoints(10_000), ..terms() };
    given::<Listing>("l1")
        .events([opened(doubling), placed("ann", u64::MAX)])
        .at(STARTS)
        .when(bid("bob", u64::MAX))
        .rejected(BidRefused::Unsurpassable);
}

#[test]
fn bids_are_taken_from_the_start_until_just_before_the_end() {
    let listing = || given::<Listing>("l1").events([opened(terms())]);
    given::<Listing>("l1").when(bid("ann", 500)).rejected(BidRefused::NotStarted);
    listing().at(STARTS - 1).when(bid("ann", 500)).rejected(BidRefused::NotStarted);
    listing().at(STARTS).when(bid("ann", 500)).emits([placed("ann", 500)]);
    listing().at(ENDS - 1).when(bid("ann", 500)).emits([placed("ann", 500)]);
    listing()
        .at(ENDS)
        .when(bid("ann", 500))
        .expires_first([closed(None)])
        .rejected(BidRefused::Ended);
}

#[test]
fn another_currency_is_refused() {
    let (expected, given) = (eur(1).currency, money(1, "USD").currency);
    let amount = money(500, "USD");
    let refused = BidRefused::OtherCurrency(OtherCurrency { expected, given });
    started().when(PlaceBid { bidder: "ann".into(), amount }).rejected(refused);
}

#[test]
fn neither_the_seller_bids_nor_who_leads() {
    started()
        .when(bid("seller", 500))
        .rejected(BidRefused::BySeller)
        .events([placed("ann", 500)])
        .when(bid("ann", 550))
        .rejected(BidRefused::AlreadyLeads);
}

#[test]
fn refusals_of_bids_are_judged_in_order() {
    let cancelled =
        || given::<Listing>("l1").events([opened(terms()), ListingEvent::ListingCancelled]);
    let dollars = || PlaceBid { bidder: "seller".into(), amount: money(1, "USD") };
    cancelled().at(STARTS - 1).when(dollars()).rejected(BidRefused::NotStarted);
    cancelled().at(ENDS).when(dollars()).rejected(BidRefused::Ended);
    cancelled().at(STARTS).when(dollars()).rejected(BidRefused::Cancelled);
    let (expected, given) = (eur(1).currency, dollars().amount.currency);
    started()
        .when(dollars())
        .rejected(BidRefused::OtherCurrency(OtherCurrency { expected, given }));
    started().when(bid("seller", 1)).rejected(too_low(500));
    started().events([placed("ann", 500)]).when(bid("ann", 1)).rejected(too_low(550));
}

#[test]
fn when_the_leading_bid_is_retracted_the_next_highest_leads() {
    started()
        .events([placed("ann", 500), placed("bob", 550), placed("cid", 600)])
        .when(retract("cid"))
        .emits([retracted("cid")])
        .state(|listing, _| leads(listing, "bob", 550))
        .when(bid("cid", 599))
        .rejected(too_low(600))
        .when(bid("cid", 600))
        .emits([placed("cid", 600)]);
}

#[test]
fn retracting_restores_no_earlier_bid() {
    started()
        .events([placed("ann", 500), placed("bob", 550), placed("ann", 600)])
        .when(retract("ann"))
        .emits([retracted("ann")])
        .state(|listing, _| leads(listing, "bob", 550))
        .when(retract("ann"))
        .rejected(RetractRefused::NoStandingBid)
        .when(retract("bob"))
        .emits([retracted("bob")])
        .when(bid("ann", 499))
        .rejected(too_low(500));
}

#[test]
fn a_bid_that_does_not_lead_is_retracted_as_well() {
    started()
        .events([placed("ann", 500), placed("bob", 550)])
        .when(retract("ann"))
        .emits([retracted("ann")])
        .state(|listing, _| leads(listing, "bob", 550))
        .when(retract("cid"))
        .rejected(RetractRefused::NoStandingBid);
}

#[test]
fn once_it_has_ended_nothing_is_retracted() {
    started()
        .events([placed("ann", 500)])
        .at(ENDS)
        .when(retract("bob"))
        .expires_first([closed(Some(standing("ann", 500, STARTS)))])
        .rejected(RetractRefused::NoStandingBid)
        .when(retract("ann"))
        .rejected(RetractRefused::Ended);
    given::<Listing>("l1").when(retract("ann")).rejected(RetractRefused::NoStandingBid);
}
