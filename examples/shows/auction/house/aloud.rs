//! What is said aloud of what happens at the house.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use bailiwick::journal::{Journal, RecordedEvent};
use bailiwick::{BoxError, Id, Position, View};
use bailiwick_examples::auction::{
    AuctionEvent, BidderEvent, BidderId, Listing, ListingEvent, ListingId,
};
use tokio::sync::watch;

use super::cast::price;
use super::who::Who;
use crate::failure::Failure;
use crate::page::Page;
use crate::reader::{Listener, Reader};
use crate::style::{DIM, GOOD, paint};

/// What is known of the journal.
#[derive(Default)]
pub struct Heard {
    pub upto: Position,
    pub listings: BTreeMap<ListingId, Listing>,
    events: BTreeSet<String>,
    closed: BTreeSet<ListingId>,
}

impl Heard {
    /// Whether this has happened to the listing or bidder with this ID.
    pub fn has(&self, id: &impl Id, event: &impl Debug) -> bool {
        self.events.contains(&format!("{id} {event:?}"))
    }

    /// Whether this lot is closed.
    pub fn is_closed(&self, listing: &ListingId) -> bool {
        self.closed.contains(listing)
    }

    fn note(&mut self, event: &AuctionEvent, recorded: &RecordedEvent) -> Result<(), BoxError> {
        match event {
            AuctionEvent::Listing(event) => {
                let id: ListingId = recorded.id()?;
                self.events.insert(format!("{id} {event:?}"));
                let listing = self.listings.entry(id.clone()).or_insert_with(|| Listing::new(&id));
                listing.apply(event, recorded.event.recorded_at);
                if let ListingEvent::ListingClosed { .. } = event {
                    self.closed.insert(id);
                }
            }
            AuctionEvent::Bidder(event) => {
                let id: BidderId = recorded.id()?;
                self.events.insert(format!("{id} {event:?}"));
            }
        }
        Ok(())
    }

    /// `▸ Ann 600`: who leads this lot.
    fn leads(&self, listing: &ListingId) -> String {
        let leading = self.listings.get(listing).and_then(Listing::leading);
        match leading {
            Some(bid) => paint(GOOD, format_args!("▸ {} {}", bid.bidder, bid.amount.minor / 100)),
            None => paint(DIM, "▸ nobody"),
        }
    }
}

/// Says what it hears of.
pub struct Aloud {
    heard: watch::Sender<Heard>,
    page: Page,
}

impl Aloud {
    /// Reads what is there, silently.
    pub async fn read(
        journal: Arc<dyn Journal>,
        page: Page,
    ) -> Result<(Reader<Aloud>, watch::Receiver<Heard>), Failure> {
        let (heard, hears) = watch::channel(Heard::default());
        let aloud = Aloud { heard, page };
        Ok((Reader::read(journal, aloud).await.map_err(Failure::Other)?, hears))
    }

    fn says(&self, event: &ListingEvent, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let lot: ListingId = recorded.id()?;
        let leads = self.heard.borrow().leads(&lot);
        match event {
            ListingEvent::ListingOpened { terms } => {
                let lasts = match terms.ends_at.since(terms.starts_at).as_secs_f64() {
                    short @ ..60.0 => format!("{short:.1} s"),
                    long => format!("{:.0} min", long / 60.0),
                };
                let text = format!("the {lot}, from {}, for {lasts}", price(terms.ask));
                self.page.line(recorded, Who::Person(terms.seller.as_str()), ("offers", &text), "")
            }
            ListingEvent::Placed(bid) => {
                let text = format!("{} for the {lot}", price(bid.amount));
                self.page.line(recorded, Who::Person(bid.bidder.as_str()), ("bids", &text), &leads)
            }
            ListingEvent::Retracted(bid) => {
                let by_policy = recorded.event.metadata.extra().delivery.is_some();
                let who = if by_policy { Who::Policy } else { Who::Person(bid.bidder.as_str()) };
                let text = format!("{}'s bid for the {lot}", bid.bidder);
                self.page.line(recorded, who, ("takes out", &text), &leads)
            }
            ListingEvent::ListingCancelled => {
                self.page.line(recorded, Who::Office, ("cancels", &format!("the {lot}")), "")
            }
            ListingEvent::ListingClosed { winner: Some(bid) } => {
                let text = format!("the {lot}, to {} for {}", bid.bidder, price(bid.amount));
                self.page.line(recorded, Who::Time, ("sold", &text), "")
            }
            ListingEvent::ListingClosed { winner: None } => {
                self.page.line(recorded, Who::Time, ("unsold", &format!("the {lot}")), "")
            }
        }
    }
}

impl Listener for Aloud {
    fn hears(&mut self, recorded: &RecordedEvent, aloud: bool) -> Result<(), BoxError> {
        if recorded.event.is_reserved() {
            return Ok(());
        }
        let Some(event) = recorded.event.decode::<AuctionEvent>()? else { return Ok(()) };
        let mut noted = Ok(());
        self.heard.send_modify(|heard| noted = heard.note(&event, recorded));
        noted?;
        if !aloud {
            return Ok(());
        }
        match &event {
            AuctionEvent::Listing(event) => self.says(event, recorded)?,
            AuctionEvent::Bidder(BidderEvent::Suspended(event)) => {
                let (who, text) = (Who::Office, event.bidder.to_string());
                self.page.line(recorded, who, ("suspends", &text), "")?;
            }
            // The evening says once that they are all there.
            AuctionEvent::Bidder(_) => {}
        }
        Ok(())
    }

    fn has_heard(&mut self, upto: Position) {
        self.heard.send_modify(|heard| heard.upto = upto);
    }
}
