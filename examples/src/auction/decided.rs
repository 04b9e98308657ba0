//! The second remedy: a bid is decided about the listing and the bidder together, so there is nothing to
//! correct.

use bailiwick_core::{Context, Decision, Recording};
use serde::{Deserialize, Serialize};

use super::{BidPlaced, Bidder, BidderId, EligibleBidRefused, Listing, ListingId, PlaceBid};

/// Bids for an item, if the bidder may bid at that instant.
///
/// It follows the rules of [`PlaceBid`], after the one that a listing cannot judge alone. Neither can change
/// in between: a suspension that is there is seen, and one that comes meanwhile makes it decide again.
/// The price: bids for one listing, and those of one bidder, are decided one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceEligibleBid {
    /// For what.
    pub listing: ListingId,
    /// The bid.
    pub bid: PlaceBid,
}

impl Decision for PlaceEligibleBid {
    const RECORDED: Option<Recording<Self>> = Some(Recording::new());
    type Views = (Listing, Bidder);
    type Event = BidPlaced;
    type Reply = ();
    type Rejection = EligibleBidRefused;

    fn keys(&self) -> (ListingId, BidderId) {
        (self.listing.clone(), self.bid.bidder.clone())
    }

    fn decide(
        &self,
        (listing, bidder): (&Listing, &Bidder),
        ctx: &mut Context<BidPlaced>,
    ) -> Result<(), EligibleBidRefused> {
        bidder.eligible()?;
        ctx.emit(listing.place(&self.bid, ctx.now())?);
        Ok(())
    }
}
