//! What happens to a listing.

use bailiwick_core::{Event, RoundTrip, Timestamp, id};
use serde::{Deserialize, Serialize};

use super::{Increment, Money};

id!(
    /// One item that is up for auction.
    pub ListingId: "listing",
    /// Somebody who may bid, if registered and approved. Sellers are known by the ID they would bid with.
    pub BidderId: "bidder",
);

/// What is offered, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, RoundTrip)]
pub struct Terms {
    /// By whom.
    pub seller: BidderId,
    /// The lowest first bid.
    pub ask: Money,
    /// From one bid to the next.
    pub increment: Increment,
    /// From when on bids are taken.
    pub starts_at: Timestamp,
    /// From when on they are not taken any more.
    pub ends_at: Timestamp,
}

/// A bid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, RoundTrip)]
pub struct Bid {
    /// Whose it is.
    pub bidder: BidderId,
    /// How much.
    pub amount: Money,
    /// When it was placed.
    pub placed_at: Timestamp,
}

/// What happened to a listing.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ListingEvent {
    /// It was opened.
    ListingOpened {
        /// What is offered, and how.
        terms: Terms,
    },
    /// A bid was placed. It is the bidder's only one: an earlier one does not stand any more.
    BidPlaced {
        /// By whom.
        #[tag]
        bidder: BidderId,
        /// How much.
        amount: Money,
    },
    /// A bidder's standing bid was retracted.
    BidRetracted {
        /// Whose.
        #[tag]
        bidder: BidderId,
    },
    /// It was cancelled.
    ListingCancelled,
    /// It has ended.
    ListingClosed {
        /// The highest standing bid, if there was one.
        winner: Option<Bid>,
    },
}
