//! Who is told when bids are taken out, or when they ought to be and stand.
//!
//! Telling somebody is a call to the outside world. Until there are effects, whoever runs the auction
//! reads the journal in order, asks [`Notices`] what each event is to be told for, and calls its
//! [`Notifier`]: from where it stopped, if it kept that, so at least once; else from now on.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use bailiwick_core::journal::{NotOneId, RecordedEvent};
use bailiwick_core::{BoxError, Event, Position};
use serde::{Deserialize, Serialize};

use super::{BidRetracted, BidderEvent, BidderId, BidderSuspended, ListingEvent, ListingId};

/// Whoever brings it to people: by mail, for example.
pub trait Notifier: Send + Sync {
    /// Tells somebody. The same notice may come again: it has an identity, its position and who is told.
    ///
    /// # Errors
    /// If it may not have arrived.
    fn tell(&self, notice: Notice) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Who is told: the bidder, or the seller.
    pub to: BidderId,
    /// What happened.
    pub what: What,
    /// Whose bid it is about.
    pub bidder: BidderId,
    /// For what it was.
    pub listing: ListingId,
    /// The event for which it is told.
    pub position: Position,
}

/// What happened to a bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// It was retracted, by the bidder or because the bidder may not bid.
    BidRetracted,
    /// It has won, and stands, though the bidder was suspended.
    ResultStands,
}

/// What is to be told, from the events of a whole journal in their order.
#[derive(Debug, Default)]
pub struct Notices {
    sellers: BTreeMap<ListingId, BidderId>,
    won: BTreeMap<BidderId, BTreeSet<ListingId>>,
    suspended: BTreeSet<BidderId>,
}

/// What happens at an auction.
#[derive(Event, Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AuctionEvent {
    /// To a listing.
    Listing(ListingEvent),
    /// To a bidder.
    Bidder(BidderEvent),
}

impl Notices {
    /// What is to be told for this event, if anything.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(&mut self, recorded: &RecordedEvent) -> Result<Vec<Notice>, BoxError> {
        let position = recorded.position;
        Ok(match recorded.event.decode::<AuctionEvent>()? {
            Some(AuctionEvent::Listing(event)) => self.listing(&event, recorded)?,
            Some(AuctionEvent::Bidder(BidderEvent::Suspended(BidderSuspended { bidder }))) => {
                let won = self.won.get(&bidder).into_iter().flatten();
                let notices = won
                    .flat_map(|listing| self.both(What::ResultStands, &bidder, listing, position))
                    .collect();
                self.suspended.insert(bidder);
                notices
            }
            Some(AuctionEvent::Bidder(BidderEvent::BidderApproved)) => {
                self.suspended.remove(&recorded.id()?);
                Vec::new()
            }
            _ => Vec::new(),
        })
    }

    fn listing(
        &mut self,
        event: &ListingEvent,
        recorded: &RecordedEvent,
    ) -> Result<Vec<Notice>, NotOneId> {
        let listing: ListingId = recorded.id()?;
        Ok(match event {
            ListingEvent::ListingOpened { terms } => {
                self.sellers.insert(listing, terms.seller.clone());
                Vec::new()
            }
            ListingEvent::Retracted(BidRetracted { bidder, .. }) => {
                self.both(What::BidRetracted, bidder, &listing, recorded.position)
            }
            ListingEvent::ListingClosed { winner: Some(winner) } => {
                let bidder = &winner.bidder;
                self.won.entry(bidder.clone()).or_default().insert(listing.clone());
                // The closing was faster than the policy.
                match self.suspended.contains(bidder) {
                    true => self.both(What::ResultStands, bidder, &listing, recorded.position),
                    false => Vec::new(),
                }
            }
            _ => Vec::new(),
        })
    }

    /// The bidder, and the seller.
    fn both(
        &self,
        what: What,
        bidder: &BidderId,
        listing: &ListingId,
        position: Position,
    ) -> Vec<Notice> {
        let both = [Some(bidder), self.sellers.get(listing)];
        let notice = |to: &BidderId| Notice {
            to: to.clone(),
            what,
            bidder: bidder.clone(),
            listing: listing.clone(),
            position,
        };
        both.into_iter().flatten().map(notice).collect()
    }
}
