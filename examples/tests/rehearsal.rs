//! A gate before a release: what was decided yesterday is decided again by the code of today.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::rehearsal::{Report, Verdict};
use bailiwick::{FileJournal, ManualClock, Rehearsal, Runtime};
use bailiwick_examples::auction::{
    Approve, Bidder, Corrective, Increment, Listing, Money, Open, PlaceBid, PlaceEligibleBid,
    Register, RetractBid, Suspend, Terms,
};

/// The gate, as it stands in the tests of a program: today's code, and a copy of its journal.
async fn gate(journal: &dyn Journal) -> Result<Report, Box<dyn Error>> {
    let report = Rehearsal::of(journal)
        .command::<Listing, PlaceBid>()
        .command::<Listing, RetractBid>()
        .decision::<PlaceEligibleBid>()
        .policy(Corrective)
        .run(|progress| println!("{progress}"))
        .await?;
    Ok(report)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_of_yesterday_passes() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    yesterday(folder.path()).await?;
    let journal = FileJournal::open(folder.path())?;
    gate(&journal).await?.assert_same().assert_covered();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_has_changed_is_found() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    yesterday(folder.path()).await?;
    let journal = FileJournal::open(folder.path())?;
    let report = Rehearsal::of(&journal)
        .decision::<changed::PlaceEligibleBid>()
        .aggregate::<Listing>()
        .policy(changed::Corrective)
        .run(|_| {})
        .await?;
    assert_eq!(report.verdict(), Verdict::Differs);
    let [bid, suspended] = &report.differences[..] else { panic!("{report}") };
    assert_eq!((bid.of.as_str(), bid.position.get()), ("decision PlaceEligibleBid", 9), "{report}");
    assert!(
        bid.was.starts_with(r#"emits BidPlaced {"listing": "l1", "bidder": "bob""#),
        "{report}"
    );
    assert_eq!(bid.now, "refuses: a bid is a whole number of euros");
    assert_eq!((suspended.of.as_str(), suspended.position.get()), ("policy corrective", 10));
    assert_eq!(suspended.was, r#"sends RetractBid {"bidder": "bob"} to listing l1"#);
    assert_eq!(suspended.now, "sends nothing");
    Ok(())
}

/// What happened yesterday, and was written into this folder.
async fn yesterday(folder: &Path) -> Result<(), Box<dyn Error>> {
    let clock = ManualClock::at(1_000);
    let runtime = Runtime::builder(FileJournal::open(folder)?)
        .aggregate::<Bidder>()
        .aggregate::<Listing>()
        .decision::<PlaceEligibleBid>()
        .policy(Corrective)
        .clock(clock.clone())
        .start()
        .await?;
    let (bidders, listings) = (runtime.aggregates::<Bidder>(), runtime.aggregates::<Listing>());
    for bidder in ["ann", "bob"] {
        bidders.get(bidder).ask(Register).await?;
        bidders.get(bidder).ask(Approve).await?;
    }
    let eur = |minor| Money { minor, currency: "EUR".parse().expect("a currency") };
    let (ask, increment) = (eur(500), Increment::Amount(eur(50)));
    let (starts_at, ends_at) = (1_000.into(), 60_000.into());
    let listing = listings.get("l1");
    let terms = Terms { seller: "seller".into(), ask, increment, starts_at, ends_at };
    listing.ask(Open(terms)).await?;
    let bid = |bidder: &'static str, minor| PlaceBid { bidder: bidder.into(), amount: eur(minor) };
    listing.ask(bid("ann", 500)).await?;
    listing.ask(bid("ann", 600)).await.expect_err("she leads already");
    let eligible = PlaceEligibleBid { listing: "l1".into(), bid: bid("bob", 650) };
    runtime.decide(eligible).await?;
    bidders.get("bob").ask(Suspend).await?;
    // The policy takes his bid out.
    while listing.read(|listing, _| listing.bid(&"bob".into()).is_some()).await?.value {
        tokio::task::yield_now().await;
    }
    let late = PlaceEligibleBid { listing: "l1".into(), bid: bid("bob", 700) };
    runtime.decide(late).await.expect_err("he is suspended");
    clock.advance(Duration::from_secs(60));
    listing.ask(bid("ann", 900)).await.expect_err("it has ended");
    runtime.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

/// The code of today, if somebody had changed two rules.
mod changed {
    use bailiwick::{
        Commands, Context, Decision, GiveUp, Lane, News, Policy, Recording, Start, require,
    };
    use bailiwick_examples::auction::{
        self, BidPlaced, Bidder, BidderId, BidderSuspended, Listing, ListingId, PlaceBid,
    };
    use serde::{Deserialize, Serialize};

    /// Bids for an item: in whole euros.
    #[derive(Debug, Serialize, Deserialize)]
    pub struct PlaceEligibleBid {
        listing: ListingId,
        bid: PlaceBid,
    }

    #[derive(Debug, thiserror::Error)]
    pub enum Refused {
        #[error("a bid is a whole number of euros")]
        Broken,
        #[error(transparent)]
        Ineligible(#[from] auction::Ineligible),
        #[error(transparent)]
        Bid(#[from] auction::BidRefused),
    }

    impl Decision for PlaceEligibleBid {
        const RECORDED: Option<Recording<Self>> = Some(Recording::new());
        type Views = (Listing, Bidder);
        type Event = BidPlaced;
        type Reply = ();
        type Rejection = Refused;

        fn keys(&self) -> (ListingId, BidderId) {
            (self.listing.clone(), self.bid.bidder.clone())
        }

        fn decide(
            &self,
            (listing, bidder): (&Listing, &Bidder),
            ctx: &mut Context<BidPlaced>,
        ) -> Result<(), Refused> {
            bidder.eligible()?;
            require(self.bid.amount.minor.is_multiple_of(100), Refused::Broken)?;
            ctx.emit(listing.place(&self.bid, ctx.now())?);
            Ok(())
        }
    }

    /// Lets the bids of suspended bidders stand.
    pub struct Corrective;

    impl Policy for Corrective {
        const NAME: &'static str = "corrective";
        const LANE: Lane = Lane::of::<BidderId>();
        const START: Start = Start::Beginning;
        type Event = BidderSuspended;
        type Views = ();

        fn keys(&self, _: &News<BidderSuspended>) {}

        fn react(&self, _: &News<BidderSuspended>, _: (), _: &mut Commands) -> Result<(), GiveUp> {
            Ok(())
        }
    }
}
