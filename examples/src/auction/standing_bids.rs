//! On which listings somebody has a standing bid.

use std::collections::BTreeSet;

use bailiwick_core::{Event, Timestamp, View};
use serde::{Deserialize, Serialize};

use super::{BidPlaced, BidRetracted, BidderId, ListingId};

/// What happens to bids.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum BidEvent {
    /// One was placed.
    Placed(BidPlaced),
    /// One was retracted.
    Retracted(BidRetracted),
}

/// The listings on which a bidder has a standing bid, whether or not they have ended: bids stand for
/// good on those.
#[derive(Debug, Clone, Default)]
pub struct StandingBids(BTreeSet<ListingId>);

impl StandingBids {
    /// The listings, in order.
    pub fn listings(&self) -> impl Iterator<Item = &ListingId> {
        self.0.iter()
    }
}

impl View for StandingBids {
    type Key = BidderId;
    type Event = BidEvent;

    fn new(_: &BidderId) -> Self {
        StandingBids::default()
    }

    fn apply(&mut self, event: &BidEvent, _at: Timestamp) {
        match event {
            BidEvent::Placed(bid) => drop(self.0.insert(bid.listing.clone())),
            BidEvent::Retracted(bid) => drop(self.0.remove(&bid.listing)),
        }
    }

    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}
