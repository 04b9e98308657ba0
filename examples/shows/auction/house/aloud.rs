//! Whoever says aloud what happens: reads the journal in order.
//!
//! What is said is durable: it was read from the journal, after it was written. What was there before the
//! house opened is known, but not said again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use bailiwick::journal::{Journal, Query, Read, RecordedEvent};
use bailiwick::{BoxError, Id, Position, View};
use bailiwick_examples::auction::{
    AuctionEvent, BidderEvent, BidderId, Listing, ListingEvent, ListingId,
};
use tokio::sync::watch;

use super::cast::price;
use super::page::{Line, Page, Who};
use crate::failure::Failure;
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

/// Reads on, and says it.
pub struct Aloud {
    journal: Arc<dyn Journal>,
    heard: watch::Sender<Heard>,
    page: Page,
    aloud: bool,
}

impl Aloud {
    /// Reads what is there, silently.
    pub async fn read(
        journal: Arc<dyn Journal>,
        page: Page,
    ) -> Result<(Aloud, watch::Receiver<Heard>), Failure> {
        let (heard, hears) = watch::channel(Heard::default());
        let mut aloud = Aloud { journal, heard, page, aloud: false };
        aloud.catch_up().await.map_err(Failure::Other)?;
        aloud.aloud = true;
        Ok((aloud, hears))
    }

    /// Says whatever comes, as soon as it is there, until the journal is closed.
    pub async fn go_on(mut self) -> Result<(), BoxError> {
        loop {
            let upto = self.heard.borrow().upto;
            self.journal.changed(Query::all(), upto).await?;
            self.catch_up().await?;
        }
    }

    async fn catch_up(&mut self) -> Result<(), BoxError> {
        loop {
            let upto = self.heard.borrow().upto;
            let page = self.journal.read(Read::new(Query::all()).after(upto)).await?;
            for recorded in &page.events {
                if !recorded.event.is_reserved() {
                    self.hears(recorded)?;
                }
            }
            self.heard.send_modify(|heard| heard.upto = page.upto);
            if !page.more {
                return Ok(());
            }
        }
    }

    fn hears(&mut self, recorded: &RecordedEvent) -> Result<(), BoxError> {
        let Some(event) = recorded.event.decode::<AuctionEvent>()? else { return Ok(()) };
        let mut noted = Ok(());
        self.heard.send_modify(|heard| noted = heard.note(&event, recorded));
        noted?;
        if !self.aloud {
            return Ok(());
        }
        match &event {
            AuctionEvent::Listing(event) => self.says(event, recorded)?,
            AuctionEvent::Bidder(BidderEvent::Suspended(event)) => {
                let (who, text) = (Who::Office, event.bidder.to_string());
                self.line(recorded, who, ("suspends", &text), "")?;
            }
            // The evening says once that they are all there.
            AuctionEvent::Bidder(_) => {}
        }
        Ok(())
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
                self.line(recorded, Who::Person(terms.seller.as_str()), ("offers", &text), "")
            }
            ListingEvent::Placed(bid) => {
                let text = format!("{} for the {lot}", price(bid.amount));
                self.line(recorded, Who::Person(bid.bidder.as_str()), ("bids", &text), &leads)
            }
            ListingEvent::Retracted(bid) => {
                let by_policy = recorded.event.metadata.extra().delivery.is_some();
                let who = if by_policy { Who::Policy } else { Who::Person(bid.bidder.as_str()) };
                let text = format!("{}'s bid for the {lot}", bid.bidder);
                self.line(recorded, who, ("takes out", &text), &leads)
            }
            ListingEvent::ListingCancelled => {
                self.line(recorded, Who::Office, ("cancels", &format!("the {lot}")), "")
            }
            ListingEvent::ListingClosed { winner: Some(bid) } => {
                let text = format!("the {lot}, to {} for {}", bid.bidder, price(bid.amount));
                self.line(recorded, Who::Time, ("sold", &text), "")
            }
            ListingEvent::ListingClosed { winner: None } => {
                self.line(recorded, Who::Time, ("unsold", &format!("the {lot}")), "")
            }
        }
    }

    fn line(
        &self,
        recorded: &RecordedEvent,
        who: Who<'_>,
        (verb, text): (&str, &str),
        leads: &str,
    ) -> Result<(), BoxError> {
        let (at, position) = (recorded.event.recorded_at, Some(recorded.position));
        Ok(self.page.line(&Line { at, who, verb, text, position, leads })?)
    }
}
