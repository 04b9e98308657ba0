//! The first remedy: a check before the mailbox, and a policy that takes out what got in meanwhile.

use bailiwick::{Aggregates, Position};
use bailiwick_examples::auction::{
    Approve, Bidder, BidderId, Eligibility, NotChecked, PlaceBid, Suspend, checked,
};
use bailiwick_tests::journals::place::Kept;
use tokio::sync::{Mutex, oneshot};

use crate::fixture::{House, bid, bids};

/// Knows who may bid; its answer takes until it is let go.
struct Office {
    bidders: Aggregates<Bidder>,
    looked: Mutex<Option<oneshot::Sender<()>>>,
    answer: Mutex<Option<oneshot::Receiver<()>>>,
}

impl Eligibility for Office {
    async fn check(&self, bidder: &BidderId) -> Result<(), NotChecked> {
        let looked = self.bidders.get(bidder).read(|bidder, _| bidder.eligible()).await;
        let eligible = looked.map_err(|error| NotChecked::Unavailable(error.into()))?.value;
        if let Some(looked) = self.looked.lock().await.take() {
            let _ = looked.send(());
        }
        if let Some(answer) = self.answer.lock().await.take() {
            let _ = answer.await;
        }
        Ok(eligible?)
    }
}

/// A bid whose check has looked, and whose answer has not come.
async fn under_way(
    house: &House,
    bid: PlaceBid,
) -> (tokio::task::JoinHandle<Position>, oneshot::Sender<()>) {
    let (looked, has_looked) = oneshot::channel();
    let (go_on, answer) = oneshot::channel();
    let office = Office {
        bidders: house.bidders.clone(),
        looked: Mutex::new(Some(looked)),
        answer: Mutex::new(Some(answer)),
    };
    let listing = house.listings.get("vase");
    let bidding = tokio::spawn(async move {
        let bid = checked(&office, bid).await.expect("eligible when it was looked");
        listing.ask_with_receipt(bid).await.expect("the listing takes it").position
    });
    has_looked.await.expect("it looks");
    (bidding, go_on)
}

async fn race(kept: Kept) {
    let house = House::new(kept).await;
    let (ann, eve): (BidderId, BidderId) = ("ann".into(), "eve".into());
    house.offers("vase").await;
    house.approves(&ann).await;
    house.approves(&eve).await;
    let (bidding, go_on) = under_way(&house, bid(&eve, 900)).await;
    // A slow check keeps nobody else from bidding.
    house.listings.get("vase").ask(bid(&ann, 500)).await.expect("the listing is free");
    house.bidders.get(&eve).ask(Suspend).await.expect("suspended");
    go_on.send(()).expect("the office waits");
    let placed = bidding.await.expect("no panic");
    house.corrected().await;
    assert_eq!(bids(&house.events().await), ["ann 500", "eve 900", "-eve"]);
    assert_eq!(house.leads("vase").await, Some((ann, 500)));
    let traces = house.traces().await;
    let [(delivery, event_type)] = &traces[..] else { panic!("{traces:?}") };
    assert_eq!((delivery.policy.as_str(), delivery.source), ("corrective", placed));
    assert_eq!(event_type, "BidRetracted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bid_gets_in_and_the_policy_takes_it_out() {
    race(Kept::InMemory).await;
    race(Kept::Durably).await;
}

/// What stood before goes with the suspension, on every listing.
async fn all_of_them(kept: Kept) {
    let house = House::new(kept).await;
    let (ann, eve): (BidderId, BidderId) = ("ann".into(), "eve".into());
    for listing in ["vase", "lamp", "clock"] {
        house.offers(listing).await;
    }
    house.approves(&ann).await;
    house.approves(&eve).await;
    house.listings.get("vase").ask(bid(&eve, 500)).await.expect("bid");
    house.listings.get("lamp").ask(bid(&eve, 500)).await.expect("bid");
    house.listings.get("clock").ask(bid(&ann, 500)).await.expect("bid");
    house.bidders.get(&eve).ask(Suspend).await.expect("suspended");
    house.corrected().await;
    assert_eq!(house.leads("vase").await, None);
    assert_eq!(house.leads("lamp").await, None);
    assert_eq!(house.leads("clock").await, Some((ann, 500)));
    // Approved again, bids are taken again, and stay.
    house.bidders.get(&eve).ask(Approve).await.expect("approved");
    house.listings.get("vase").ask(bid(&eve, 600)).await.expect("bid");
    house.corrected().await;
    assert_eq!(house.leads("vase").await, Some((eve, 600)));
    assert_eq!(house.traces().await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_takes_out_every_standing_bid() {
    all_of_them(Kept::InMemory).await;
    all_of_them(Kept::Durably).await;
}

/// The process ends when the retraction is on its way: it may be on the disk or not.
async fn crashes(kept: Kept, written: usize) {
    let house = House::new(kept).await;
    let eve: BidderId = "eve".into();
    house.offers("vase").await;
    house.approves(&eve).await;
    house.bidders.get(&eve).ask(Suspend).await.expect("suspended");
    house.journal.shut();
    let bidding = tokio::spawn({
        let (listing, bid) = (house.listings.get("vase"), bid(&eve, 900));
        async move { listing.ask(bid).await }
    });
    house.writes().await;
    house.journal.let_pass(1);
    bidding.await.expect("no panic").expect("it gets in");
    house.writes().await; // The retraction.
    let found = house.journal.crash(written).await;
    let House { runtime, clock, _place, .. } = house;
    drop(runtime);
    let house = House::on(found, clock).await;
    house.corrected().await;
    assert_eq!(bids(&house.events().await), ["eve 900", "-eve"], "written: {written}");
    assert_eq!(house.traces().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_in_between_changes_nothing() {
    for written in [0, 1] {
        crashes(Kept::InMemory, written).await;
        crashes(Kept::Durably, written).await;
    }
}
