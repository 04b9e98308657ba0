//! What happens to listings and to bidders. A bid happens to both.

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

/// A bid was placed. It is the bidder's only one on this listing: an earlier one does not stand any more.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BidPlaced {
    /// For what.
    #[tag]
    pub listing: ListingId,
    /// By whom.
    #[tag]
    pub bidder: BidderId,
    /// How much.
    pub amount: Money,
}

/// A bidder's standing bid was retracted.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BidRetracted {
    /// For what it was.
    #[tag]
    pub listing: ListingId,
    /// Whose it was.
    #[tag]
    pub bidder: BidderId,
}

/// What happened to a listing.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ListingEvent {
    /// It was opened.
    ListingOpened {
        /// What is offered, and how.
        terms: Terms,
    },
    /// A bid was placed.
    Placed(BidPlaced),
    /// A bid was retracted.
    Retracted(BidRetracted),
    /// It was cancelled.
    ListingCancelled,
    /// It has ended.
    ListingClosed {
        /// The highest standing bid, if there was one.
        winner: Option<Bid>,
    },
}

/// A bidder may not bid any more.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BidderSuspended {
    /// Who.
    #[tag]
    pub bidder: BidderId,
}

/// What happened to a bidder.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum BidderEvent {
    /// The bidder came, and waits for approval.
    BidderRegistered,
    /// The bidder may bid: for the first time, or again.
    BidderApproved,
    /// The bidder may not bid any more.
    Suspended(BidderSuspended),
}
