//! Fixture: an auction house on a journal and a clock that the test controls.

use std::time::Duration;

use bailiwick::journal::{Delivery, Query, QueryItem, RecordedEvent};
use bailiwick::{Aggregates, Builder, Event, ManualClock, Position, Runtime};
use bailiwick_examples::auction::{
    Approve, AuctionEvent, Bid, Bidder, BidderId, Corrective, CorrectiveNews, Increment, Listing,
    ListingEvent, ListingId, Money, Open, PlaceBid, PlaceEligibleBid, Register, Terms,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::{Kept, Place, matching};
use tokio::task::yield_now;

/// From when on bids are taken.
pub const STARTS: u64 = 1_000;
/// From when on they are not.
pub const ENDS: u64 = 61_000;

/// A house with its policy.
pub struct House {
    pub runtime: Runtime,
    pub listings: Aggregates<Listing>,
    pub bidders: Aggregates<Bidder>,
    pub journal: FaultyJournal,
    pub clock: ManualClock,
    /// The journal is there as long as this.
    pub _place: Option<Place>,
}

impl House {
    /// On a fresh journal, when bids begin to be taken.
    pub async fn new(kept: Kept) -> House {
        let place = Place::fresh(kept);
        let journal = FaultyJournal::around(place.open());
        let house = House::on(journal, ManualClock::at(STARTS)).await;
        House { _place: Some(place), ..house }
    }

    /// On this journal.
    pub async fn on(journal: FaultyJournal, clock: ManualClock) -> House {
        House::with(journal, clock, |builder| builder).await
    }

    /// On this journal, with changes to the runtime.
    pub async fn with(
        journal: FaultyJournal,
        clock: ManualClock,
        change: impl FnOnce(Builder) -> Builder,
    ) -> House {
        let builder = Runtime::builder(journal.clone())
            .aggregate::<Listing>()
            .aggregate::<Bidder>()
            .decision::<PlaceEligibleBid>()
            .policy(Corrective)
            .clock(clock.clone())
            .entropy(7)
            .config(|config| config.timeout(Duration::from_secs(60)));
        let runtime = change(builder).start().await.expect("it starts");
        let (listings, bidders) = (runtime.aggregates(), runtime.aggregates());
        House { runtime, listings, bidders, journal, clock, _place: None }
    }

    /// Offers an item, by the seller.
    pub async fn offers(&self, listing: &'static str) {
        let terms = Terms {
            seller: "seller".into(),
            ask: eur(500),
            increment: Increment::Amount(eur(50)),
            starts_at: STARTS.into(),
            ends_at: ENDS.into(),
        };
        self.listings.get(listing).ask(Open(terms)).await.expect("it is opened");
    }

    /// Registers and approves a bidder.
    pub async fn approves(&self, bidder: &BidderId) {
        self.bidders.get(bidder).ask(Register).await.expect("registered");
        self.bidders.get(bidder).ask(Approve).await.expect("approved");
    }

    /// Who leads, with how much.
    pub async fn leads(&self, listing: &'static str) -> Option<(BidderId, u64)> {
        let leading = |listing: &Listing, _| listing.leading().cloned();
        let leading = self.listings.get(listing).read(leading).await.expect("it is read");
        leading.value.map(|Bid { bidder, amount, .. }| (bidder, amount.minor))
    }

    /// Waits until the policy has dealt with everything that has happened so far.
    pub async fn corrected(&self) {
        let types = CorrectiveNews::TYPES.iter().map(|known| known.name);
        let news = QueryItem::new(types, []).expect("types");
        let last = matching(&self.journal.inner(), news.into()).await.pop();
        let upto = last.map_or(Position::START, |news| news.position);
        let policy = self.runtime.policies().get("corrective").expect("it has a policy");
        let done = async {
            loop {
                let status = policy.status();
                assert_eq!((status.stalled_lanes, status.parked_lanes), (0, 0), "{status:?}");
                if status.read >= upto && status.pending == 0 {
                    break;
                }
                yield_now().await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(60), done).await;
        in_time.unwrap_or_else(|_| panic!("not done with {upto}: {:?}", policy.status()));
    }

    /// Waits until an append stands at the gate.
    pub async fn writes(&self) {
        let writes = tokio::time::timeout(Duration::from_secs(60), self.journal.waiting(1));
        writes.await.expect("somebody writes");
    }

    /// Everything that happened at the auction, in order.
    pub async fn events(&self) -> Vec<AuctionEvent> {
        let recorded = self.recorded().await;
        let own = recorded.iter().filter(|recorded| !recorded.event.is_reserved());
        own.filter_map(|recorded| recorded.event.decode().expect("of the auction")).collect()
    }

    /// Everything that is in the journal.
    pub async fn recorded(&self) -> Vec<RecordedEvent> {
        matching(&self.journal.inner(), Query::all()).await
    }

    /// The deliveries that left a trace in the journal, with the type of event that it is on.
    pub async fn traces(&self) -> Vec<(Delivery, String)> {
        let trace = |recorded: RecordedEvent| {
            let delivery = recorded.event.metadata.extra().delivery.clone()?;
            Some((delivery, recorded.event.event_type.to_string()))
        };
        self.recorded().await.into_iter().filter_map(trace).collect()
    }
}

pub fn eur(minor: u64) -> Money {
    Money { minor, currency: "EUR".parse().expect("a currency") }
}

pub fn bid(bidder: &BidderId, amount: u64) -> PlaceBid {
    PlaceBid { bidder: bidder.clone(), amount: eur(amount) }
}

/// The same, decided with the bidder.
pub fn eligible_bid(listing: &'static str, bidder: &BidderId, amount: u64) -> PlaceEligibleBid {
    PlaceEligibleBid { listing: listing.into(), bid: bid(bidder, amount) }
}

/// The bids and retractions among the events, shortly: `ann 500` and `-ann`.
pub fn bids(events: &[AuctionEvent]) -> Vec<String> {
    let short = |event: &AuctionEvent| match event {
        AuctionEvent::Listing(ListingEvent::Placed(bid)) => {
            Some(format!("{} {}", bid.bidder, bid.amount.minor))
        }
        AuctionEvent::Listing(ListingEvent::Retracted(bid)) => Some(format!("-{}", bid.bidder)),
        _ => None,
    };
    events.iter().filter_map(short).collect()
}

/// Who has won, if it has ended.
pub fn winner(events: &[AuctionEvent]) -> Option<Option<(BidderId, u64)>> {
    events.iter().find_map(|event| match event {
        AuctionEvent::Listing(ListingEvent::ListingClosed { winner }) => {
            Some(winner.clone().map(|bid| (bid.bidder, bid.amount.minor)))
        }
        _ => None,
    })
}

/// A listing's ID.
pub fn id(listing: &'static str) -> ListingId {
    listing.into()
}
