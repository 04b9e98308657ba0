//! The listing that the stories are about: from 10 to 100, at 500 EUR, in steps of 50 EUR.

use bailiwick_core::{By, Given, Timestamp, by, given};

use crate::auction::*;

pub const STARTS: u64 = 10;
pub const ENDS: u64 = 100;

pub fn money(minor: u64, currency: &str) -> Money {
    Money { minor, currency: currency.parse().unwrap() }
}

pub fn eur(minor: u64) -> Money {
    money(minor, "EUR")
}

pub fn terms() -> Terms {
    Terms {
        seller: "seller".into(),
        ask: eur(500),
        increment: Increment::Amount(eur(50)),
        starts_at: STARTS.into(),
        ends_at: ENDS.into(),
    }
}

pub fn opened(terms: Terms) -> ListingEvent {
    ListingEvent::ListingOpened { terms }
}

pub fn bid_placed(listing: &'static str, bidder: &'static str, amount: u64) -> BidPlaced {
    BidPlaced { listing: listing.into(), bidder: bidder.into(), amount: eur(amount) }
}

pub fn bid_retracted(listing: &'static str, bidder: &'static str) -> BidRetracted {
    BidRetracted { listing: listing.into(), bidder: bidder.into() }
}

pub fn placed(bidder: &'static str, amount: u64) -> ListingEvent {
    bid_placed("l1", bidder, amount).into()
}

pub fn retracted(bidder: &'static str) -> ListingEvent {
    bid_retracted("l1", bidder).into()
}

pub fn suspended(bidder: &'static str) -> BidderSuspended {
    BidderSuspended { bidder: bidder.into() }
}

pub fn closed(winner: Option<Bid>) -> ListingEvent {
    ListingEvent::ListingClosed { winner }
}

pub fn standing(bidder: &'static str, amount: u64, placed_at: u64) -> Bid {
    Bid { bidder: bidder.into(), amount: eur(amount), placed_at: placed_at.into() }
}

pub fn bid(bidder: &'static str, amount: u64) -> PlaceBid {
    PlaceBid { bidder: bidder.into(), amount: eur(amount) }
}

pub fn retract(bidder: &'static str) -> RetractBid {
    RetractBid { bidder: bidder.into() }
}

pub fn cancel(by: &'static str) -> Cancel {
    Cancel { by: by.into() }
}

/// A listing that has started.
pub fn started() -> Given<Listing> {
    given::<Listing>("l1").events([opened(terms())]).at(STARTS)
}

/// It happened to this listing.
pub fn listing(id: &'static str, event: impl Into<ListingEvent>) -> By<Listing> {
    by(id, event)
}

/// It happened to this bidder.
pub fn bidder(id: &'static str, event: impl Into<BidderEvent>) -> By<Bidder> {
    by(id, event)
}

/// Who leads, with how much.
pub fn leads(listing: &Listing, bidder: &str, amount: u64) {
    let leading = listing.leading().map(|bid| (bid.bidder.as_str(), bid.amount));
    assert_eq!(leading, Some((bidder, eur(amount))));
}

pub fn at(millis: u64) -> Timestamp {
    millis.into()
}
