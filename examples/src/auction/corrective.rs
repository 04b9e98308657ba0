//! The first remedy, after the fact: a bid that should not have got in is taken out again.

use bailiwick_core::{Commands, Event, GiveUp, Lane, News, Policy, Start};
use serde::{Deserialize, Serialize};

use super::{BidPlaced, Bidder, BidderId, BidderSuspended, Listing, RetractBid, StandingBids};

/// What the policy wants to know of.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CorrectiveNews {
    /// A bid was placed, perhaps by somebody who may not.
    Placed(BidPlaced),
    /// Somebody may not bid any more, and perhaps has bids.
    Suspended(BidderSuspended),
}

/// Retracts the standing bids of whoever may not bid, as of the news.
///
/// - A bid of somebody who may not bid is taken out by itself; bids that stood when their bidder was
///   suspended, with the suspension.
/// - Once a listing has ended its result stands: the listing rejects the retraction, which is the
///   recorded end of that.
/// - A bidder who is approved again before a retraction arrives, and has bid again by then, loses that
///   bid: the listing knows nothing of bidders. Where that is too much, the bid is a
///   [decision](super::PlaceEligibleBid).
///
/// The news of one bidder come in order. Those of different bidders do not wait for each other.
#[derive(Debug)]
pub struct Corrective;

impl Policy for Corrective {
    const NAME: &'static str = "corrective";
    const LANE: Lane = Lane::of::<BidderId>();
    const START: Start = Start::Beginning;
    type Event = CorrectiveNews;
    type Views = (Bidder, StandingBids);

    fn keys(&self, news: &News<CorrectiveNews>) -> (BidderId, BidderId) {
        let bidder = match &news.event {
            CorrectiveNews::Placed(bid) => &bid.bidder,
            CorrectiveNews::Suspended(suspended) => &suspended.bidder,
        };
        (bidder.clone(), bidder.clone())
    }

    fn react(
        &self,
        news: &News<CorrectiveNews>,
        (bidder, bids): (&Bidder, &StandingBids),
        out: &mut Commands,
    ) -> Result<(), GiveUp> {
        if bidder.eligible().is_ok() {
            return Ok(());
        }
        match &news.event {
            CorrectiveNews::Placed(bid) => {
                let bidder = bid.bidder.clone();
                out.to::<Listing>(&bid.listing).send(RetractBid { bidder });
            }
            CorrectiveNews::Suspended(suspended) => {
                for listing in bids.listings() {
                    let bidder = suspended.bidder.clone();
                    out.to::<Listing>(listing).send(RetractBid { bidder });
                }
            }
        }
        Ok(())
    }
}
