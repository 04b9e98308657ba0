//! The second remedy: decided with the bidder, a bid of somebody who may not bid never gets in.

use std::collections::BTreeSet;

use bailiwick::AskError;
use bailiwick_examples::auction::{
    AuctionEvent, BidderEvent, BidderId, EligibleBidRefused, Ineligible, ListingEvent, Suspend,
};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::Kept;

use crate::fixture::{House, bids, eligible_bid};

/// Another process suspends the bidder while the bid, which was decided, is on its way.
async fn overtaken(kept: Kept) {
    let house = House::new(kept).await;
    let eve: BidderId = "eve".into();
    house.offers("vase").await;
    house.approves(&eve).await;
    let elsewhere =
        House::on(FaultyJournal::around(house.journal.inner()), house.clock.clone()).await;
    house.journal.shut();
    let bidding = tokio::spawn(house.runtime.decide(eligible_bid("vase", &eve, 900)));
    house.writes().await;
    elsewhere.bidders.get(&eve).ask(Suspend).await.expect("suspended");
    house.journal.open();
    let refused = bidding.await.expect("no panic").expect_err("Eve may not bid");
    assert_eq!(
        refused.rejection(),
        Some(&EligibleBidRefused::Ineligible(Ineligible::Suspended)),
        "{refused:?}"
    );
    house.corrected().await;
    assert_eq!(bids(&house.events().await), Vec::<String>::new());
    assert!(house.traces().await.is_empty(), "there is nothing to correct");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bid_that_is_overtaken_by_a_suspension_is_refused() {
    overtaken(Kept::InMemory).await;
    overtaken(Kept::Durably).await;
}

const BIDDERS: usize = 64;

/// Everybody bids and is suspended at once: no bid follows the suspension of its bidder.
async fn neck_and_neck(kept: Kept) {
    let house = House::new(kept).await;
    house.offers("vase").await;
    let bidders: Vec<BidderId> = (0..BIDDERS).map(|n| format!("b{n}").parse().unwrap()).collect();
    for bidder in &bidders {
        house.approves(bidder).await;
    }
    let mut racing = Vec::new();
    for (n, bidder) in bidders.into_iter().enumerate() {
        let amount = 500 + 50 * u64::try_from(n).unwrap();
        racing.push(tokio::spawn({
            let bid = house.runtime.decide(eligible_bid("vase", &bidder, amount));
            async move {
                match bid.await {
                    Ok(()) | Err(AskError::Rejected(_)) => {}
                    Err(error) => panic!("{error:?}"),
                }
            }
        }));
        racing.push(tokio::spawn({
            let bidder = house.bidders.get(&bidder);
            async move { bidder.ask(Suspend).await.expect("suspended") }
        }));
    }
    for one in racing {
        one.await.expect("no panic");
    }
    house.corrected().await;
    let (mut suspended, mut standing) = (BTreeSet::new(), BTreeSet::new());
    for event in house.events().await {
        match event {
            AuctionEvent::Bidder(BidderEvent::Suspended(event)) => {
                assert!(suspended.insert(event.bidder));
            }
            AuctionEvent::Listing(ListingEvent::Placed(bid)) => {
                assert!(!suspended.contains(&bid.bidder), "{bid:?} after its suspension");
                standing.insert(bid.bidder);
            }
            AuctionEvent::Listing(ListingEvent::Retracted(bid)) => {
                assert!(standing.remove(&bid.bidder), "{bid:?} twice");
            }
            _ => {}
        }
    }
    assert_eq!((suspended.len(), standing.len()), (BIDDERS, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_bid_follows_the_suspension_of_its_bidder() {
    neck_and_neck(Kept::InMemory).await;
    neck_and_neck(Kept::Durably).await;
}
