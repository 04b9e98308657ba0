//! 256 bidders on one listing, all at once.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::{AskError, Position};
use bailiwick_examples::auction::{
    AuctionEvent, BidPlaced, BidRefused, BidderEvent, BidderId, Listing, ListingEvent, Suspend,
};
use bailiwick_tests::journals::place::Kept;

use crate::fixture::{ENDS, House, bid, winner};

const BIDDERS: usize = 256;
/// How often each of them bids.
const BIDS: usize = 4;
/// One in so many is suspended meanwhile.
const SUSPENDED: usize = 8;

/// Bids what it takes, as far as the bidder knows. Where what was accepted is.
async fn bids(house: std::sync::Arc<House>, bidder: BidderId) -> Vec<(Position, u64)> {
    let listing = house.listings.get("vase");
    let mut accepted = Vec::new();
    for _ in 0..BIDS {
        let least = |listing: &Listing, _| {
            listing.terms().and_then(|terms| listing.minimum(terms)).expect("it is open").minor
        };
        let amount = listing.read(least).await.expect("it is read").value;
        match listing.ask_with_receipt(bid(&bidder, amount)).await {
            Ok(receipt) => accepted.push((receipt.position, amount)),
            Err(AskError::Rejected(BidRefused::TooLow { minimum })) => {
                assert!(minimum.minor > amount, "{minimum} is what was bid");
            }
            Err(AskError::Rejected(BidRefused::AlreadyLeads)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    accepted
}

async fn crowd(kept: Kept) {
    let house = std::sync::Arc::new(House::new(kept).await);
    house.offers("vase").await;
    let bidders: Vec<BidderId> = (0..BIDDERS).map(|n| format!("b{n}").parse().unwrap()).collect();
    for bidder in &bidders {
        house.approves(bidder).await;
    }
    let mut bidding = Vec::new();
    let mut suspending = Vec::new();
    for (n, bidder) in bidders.into_iter().enumerate() {
        if n % SUSPENDED == 0 {
            let bidder = house.bidders.get(&bidder);
            suspending.push(tokio::spawn(async move { bidder.ask(Suspend).await }));
        }
        bidding.push(tokio::spawn(bids(house.clone(), bidder)));
    }
    let mut accepted = BTreeMap::new();
    for one in bidding {
        accepted.extend(one.await.expect("no panic"));
    }
    for one in suspending {
        one.await.expect("no panic").expect("suspended");
    }
    house.corrected().await;
    house.clock.advance_to(ENDS);
    // What is due comes before it, and its answer after that is durable.
    let late = house.listings.get("vase").ask(bid(&"late".into(), u64::MAX)).await;
    assert_eq!(late.expect_err("it is over").rejection(), Some(&BidRefused::Ended));
    proves(&house, &accepted).await;
}

/// The rules, from the journal alone, and that what was accepted is what is there.
async fn proves(house: &House, accepted: &BTreeMap<Position, u64>) {
    let (mut placed, mut suspended) = (BTreeMap::new(), BTreeSet::new());
    let mut standing: BTreeMap<BidderId, u64> = BTreeMap::new();
    for recorded in house.recorded().await {
        if recorded.event.is_reserved() {
            continue;
        }
        match recorded.event.decode().expect("of the auction") {
            Some(AuctionEvent::Listing(ListingEvent::Placed(bid))) => {
                let BidPlaced { bidder, amount, .. } = bid;
                let leading = standing.iter().max_by_key(|(_, amount)| **amount);
                let least = leading.map_or(500, |(_, highest)| highest + 50);
                assert!(amount.minor >= least, "{amount} below {least}");
                assert!(leading.is_none_or(|(leader, _)| *leader != bidder), "{bidder} led");
                placed.insert(recorded.position, amount.minor);
                standing.insert(bidder, amount.minor);
            }
            Some(AuctionEvent::Listing(ListingEvent::Retracted(bid))) => {
                assert!(suspended.contains(&bid.bidder), "{} is no reason", bid.bidder);
                assert!(standing.remove(&bid.bidder).is_some(), "there is no such bid");
            }
            Some(AuctionEvent::Bidder(BidderEvent::Suspended(event))) => {
                suspended.insert(event.bidder);
            }
            _ => {}
        }
    }
    assert_eq!(placed, *accepted);
    assert_eq!(suspended.len(), BIDDERS / SUSPENDED);
    assert!(standing.keys().all(|bidder| !suspended.contains(bidder)), "{standing:?}");
    let highest = standing.into_iter().max_by_key(|(_, amount)| *amount);
    assert_eq!(winner(&house.events().await), Some(highest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_and_fifty_six_bidders_in_memory() {
    crowd(Kept::InMemory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_and_fifty_six_bidders_on_a_folder() {
    crowd(Kept::Durably).await;
}
