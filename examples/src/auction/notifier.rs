//! Who is told when bids are taken out, or when they ought to be and stand.

use bailiwick_core::{Attempt, Effect, Event, Failed, Lane, News, Start};
use serde::{Deserialize, Serialize};

use super::{
    BidRetracted, Bidder, BidderEvent, BidderId, BidderSuspended, Listing, ListingEvent, ListingId,
    StandingBids,
};
use crate::notifier::{Message, Notifier};

/// What happens at an auction.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AuctionEvent {
    /// To a listing.
    Listing(ListingEvent),
    /// To a bidder.
    Bidder(BidderEvent),
}

/// What bidders and sellers are told about.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum NoticeNews {
    /// A bid was taken out.
    Retracted(BidRetracted),
    /// Somebody may not bid any more, and may have won something.
    Suspended(BidderSuspended),
    /// Somebody has won, and may have been suspended before.
    #[event(only(ListingClosed))]
    Listing(ListingEvent),
}

/// Tells bidder and seller, through a [`Notifier`]: that a bid was taken out, by the
/// [corrective policy](super::Corrective) or by the bidder; and that a bid of a suspended bidder has won and
/// stands, be it that the suspension came after the end or that the policy was not fast enough.
///
/// Whoever was suspended before a listing ended is told by its closing, and whoever was suspended from
/// its end on by the suspension: so nobody is told both, however late the listing is closed.
#[derive(Debug)]
pub struct TellBidders<N>(pub N);

impl<N: Notifier> Effect for TellBidders<N> {
    const NAME: &'static str = "tell-bidders";
    const LANE: Lane = Lane::Emitter;
    const START: Start = Start::Now;
    type Event = NoticeNews;
    type Views = (Option<Listing>, Option<Bidder>, Option<StandingBids>);

    fn keys(
        &self,
        news: &News<NoticeNews>,
    ) -> (Option<ListingId>, Option<BidderId>, Option<BidderId>) {
        match &news.event {
            NoticeNews::Retracted(bid) => (Some(bid.listing.clone()), None, None),
            NoticeNews::Suspended(suspended) => (None, None, Some(suspended.bidder.clone())),
            NoticeNews::Listing(ListingEvent::ListingClosed { winner: Some(winner) }) => {
                (news.id().ok(), Some(winner.bidder.clone()), None)
            }
            NoticeNews::Listing(_) => (None, None, None),
        }
    }

    async fn perform(
        &self,
        news: &News<NoticeNews>,
        (listing, bidder, bids): (Option<&Listing>, Option<&Bidder>, Option<&StandingBids>),
        attempt: &Attempt<'_>,
    ) -> Result<(), Failed> {
        let mut messages = Vec::new();
        match (&news.event, listing, bidder, bids) {
            (NoticeNews::Retracted(bid), Some(listing), ..) => {
                messages.extend(both(listing, &bid.bidder, "was taken out"));
            }
            (NoticeNews::Suspended(BidderSuspended { bidder }), .., Some(bids)) => {
                for id in bids.listings() {
                    // It does not change any more once it has ended, so it is always the same.
                    let listing: Listing = attempt.latest(id).await?;
                    if listing.ended(news.at()) && listing.is_led_by(bidder) {
                        messages.extend(both(&listing, bidder, STANDS));
                    }
                }
            }
            (NoticeNews::Listing(_), Some(listing), Some(bidder), _) => {
                let since = bidder.suspended_since();
                if since.is_some_and(|since| !listing.ended(since)) {
                    messages.extend(both(listing, bidder.id(), STANDS));
                }
            }
            _ => {}
        }
        if messages.is_empty() {
            return Ok(());
        }
        self.0.tell(attempt.key(), &messages).await
    }
}

const STANDS: &str = "has won, and stands";

/// The bidder, and the seller.
fn both(listing: &Listing, bidder: &BidderId, what: &str) -> Vec<Message> {
    let seller = listing.terms().map(|terms| &terms.seller);
    let message = |to: &BidderId| {
        let whose = if to == bidder { "your".to_owned() } else { format!("{bidder}'s") };
        let text = format!("{whose} bid for the {} {what}", listing.id());
        Message { to: to.to_string(), text }
    };
    [Some(bidder), seller].into_iter().flatten().map(message).collect()
}
