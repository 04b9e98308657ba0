//! A listing: the state, and what is decided about it.
//!
//! It has ended iff `ends_at <= now`, judged at the moment of every command, whatever a timer has done so
//! far. The deadline only says who has won.

use std::collections::BTreeMap;

use bailiwick_core::{Aggregate, Context, Timestamp, View, commands, require};
use serde::{Deserialize, Serialize};

use super::ListingEvent::{self, *};
use super::{
    Bid, BidPlaced, BidRefused, BidRetracted, BidderId, CancelRefused, Increment, ListingId, Money,
    OpenRefused, RetractRefused, Terms,
};

type Ctx = Context<ListingEvent>;

/// One item that is up for auction, with its standing bids.
#[derive(Debug, Clone)]
pub struct Listing {
    id: ListingId,
    terms: Option<Terms>,
    standing: BTreeMap<BidderId, Bid>,
    cancelled: bool,
    closed: bool,
}

impl Listing {
    /// Which it is.
    pub fn id(&self) -> &ListingId {
        &self.id
    }

    /// What is offered, and how; none before it is opened.
    pub fn terms(&self) -> Option<&Terms> {
        self.terms.as_ref()
    }

    /// The highest standing bid: it leads, and is the current price.
    pub fn leading(&self) -> Option<&Bid> {
        self.standing.values().max_by_key(|bid| bid.amount.minor)
    }

    /// Whether this bidder's bid leads.
    pub fn is_led_by(&self, bidder: &BidderId) -> bool {
        self.leading().is_some_and(|leading| leading.bidder == *bidder)
    }

    /// The bids that stand, one of each bidder.
    pub fn standing(&self) -> impl Iterator<Item = &Bid> {
        self.standing.values()
    }

    /// The bidder's standing bid, which is the latest that was not retracted.
    pub fn bid(&self, bidder: &BidderId) -> Option<&Bid> {
        self.standing.get(bidder)
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.cancelled
    }

    /// Whether no bid is taken any more because it is over at `now`.
    pub fn ended(&self, now: Timestamp) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.ends_at <= now)
    }

    /// What the next bid has to be at least; none if nobody can bid more.
    pub fn minimum(&self, terms: &Terms) -> Option<Money> {
        self.leading().map_or(Some(terms.ask), |leading| terms.increment.above(leading.amount))
    }

    /// What a bid that is placed at `now` becomes, if the listing takes it: whoever the bidder is.
    ///
    /// # Errors
    /// The first rule that says no.
    pub fn place(&self, bid: &PlaceBid, now: Timestamp) -> Result<BidPlaced, BidRefused> {
        let PlaceBid { bidder, amount } = bid.clone();
        let terms = self.terms.as_ref().ok_or(BidRefused::NotStarted)?;
        require(terms.starts_at <= now, BidRefused::NotStarted)?;
        require(!self.ended(now), BidRefused::Ended)?;
        require(!self.cancelled, BidRefused::Cancelled)?;
        terms.ask.check(amount)?;
        let minimum = self.minimum(terms).ok_or(BidRefused::Unsurpassable)?;
        require(amount.minor >= minimum.minor, BidRefused::TooLow { minimum })?;
        require(bidder != terms.seller, BidRefused::BySeller)?;
        require(!self.is_led_by(&bidder), BidRefused::AlreadyLeads)?;
        Ok(BidPlaced { listing: self.id.clone(), bidder, amount })
    }
}

impl View for Listing {
    type Key = ListingId;
    type Event = ListingEvent;

    fn new(id: &ListingId) -> Self {
        Listing {
            id: id.clone(),
            terms: None,
            standing: BTreeMap::new(),
            cancelled: false,
            closed: false,
        }
    }

    fn apply(&mut self, event: &ListingEvent, placed_at: Timestamp) {
        match event {
            ListingOpened { terms } => self.terms = Some(terms.clone()),
            Placed(BidPlaced { bidder, amount, .. }) => {
                let bid = Bid { bidder: bidder.clone(), amount: *amount, placed_at };
                self.standing.insert(bidder.clone(), bid);
            }
            Retracted(BidRetracted { bidder, .. }) => drop(self.standing.remove(bidder)),
            ListingCancelled => self.cancelled = true,
            ListingClosed { .. } => self.closed = true,
        }
    }

    /// Decisions append to listings, too.
    fn try_clone(&self) -> Option<Self> {
        Some(self.clone())
    }
}

impl Aggregate for Listing {
    const NAME: &'static str = "listing";

    fn deadline(&self) -> Option<Timestamp> {
        let open = !self.cancelled && !self.closed;
        self.terms.as_ref().filter(|_| open).map(|terms| terms.ends_at)
    }

    fn on_deadline(&self, ctx: &mut Ctx) {
        ctx.emit(ListingClosed { winner: self.leading().cloned() });
    }
}

/// Offers an item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Open(pub Terms);

/// Bids for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceBid {
    /// Who bids.
    pub bidder: BidderId,
    /// How much.
    pub amount: Money,
}

/// Takes a bidder's standing bid back. None of the earlier ones stands again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetractBid {
    /// Whose.
    pub bidder: BidderId,
}

/// Takes the item back. What was cancelled stays so, and nothing happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cancel {
    /// Who takes it back.
    pub by: BidderId,
}

#[commands]
impl Listing {
    fn open(&self, Open(terms): &Open, ctx: &mut Ctx) -> Result<(), OpenRefused> {
        require(self.terms.is_none(), OpenRefused::AlreadyOpened)?;
        require(terms.starts_at < terms.ends_at, OpenRefused::EndsBeforeStart)?;
        require(terms.ask.minor > 0, OpenRefused::NothingAsked)?;
        let valid = match terms.increment {
            Increment::Amount(amount) => amount.minor > 0,
            Increment::BasisPoints(points) => (1..=Increment::MAX_BASIS_POINTS).contains(&points),
        };
        require(valid, OpenRefused::InvalidIncrement)?;
        if let Increment::Amount(amount) = terms.increment {
            terms.ask.check(amount)?;
        }
        ctx.emit(ListingOpened { terms: terms.clone() });
        Ok(())
    }

    #[command(recorded)]
    fn place_bid(&self, command: &PlaceBid, ctx: &mut Ctx) -> Result<(), BidRefused> {
        ctx.emit(self.place(command, ctx.now())?);
        Ok(())
    }

    #[command(recorded)]
    fn retract_bid(&self, command: &RetractBid, ctx: &mut Ctx) -> Result<(), RetractRefused> {
        let bid = self.bid(&command.bidder).ok_or(RetractRefused::NoStandingBid)?;
        require(!self.ended(ctx.now()), RetractRefused::Ended)?;
        ctx.emit(BidRetracted { listing: self.id.clone(), bidder: bid.bidder.clone() });
        Ok(())
    }

    fn cancel(&self, Cancel { by }: &Cancel, ctx: &mut Ctx) -> Result<(), CancelRefused> {
        let by_seller = self.terms.as_ref().is_some_and(|terms| terms.seller == *by);
        require(by_seller, CancelRefused::NotTheSeller)?;
        require(!self.ended(ctx.now()), CancelRefused::Ended)?;
        require(self.standing.is_empty(), CancelRefused::HasBids)?;
        if !self.cancelled {
            ctx.emit(ListingCancelled);
        }
        Ok(())
    }
}
