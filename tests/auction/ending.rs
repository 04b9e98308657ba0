//! Bids at the end of a listing, with a journal that is slow just then; and what comes after it.

use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick_examples::auction::{
    AuctionEvent, BidRefused, BidderId, EligibleBidRefused, ListingEvent, Suspend,
};
use bailiwick_tests::journals::faulty::Fault;
use bailiwick_tests::journals::place::Kept;
use tokio::task::JoinHandle;

use crate::fixture::{ENDS, House, bid, bids, eligible_bid, id, winner};

/// Who bids through the listing, and who through a decision.
type Answer = Result<(), BidRefused>;

fn bids_now(house: &House, bidder: &BidderId, amount: u64, decided: bool) -> JoinHandle<Answer> {
    if decided {
        let decision = house.runtime.decide(eligible_bid("vase", bidder, amount));
        return tokio::spawn(async move {
            match decision.await {
                Ok(()) => Ok(()),
                Err(error) => match error.rejection() {
                    Some(EligibleBidRefused::Bid(refused)) => Err(refused.clone()),
                    _ => panic!("{error:?}"),
                },
            }
        });
    }
    let (listing, bid) = (house.listings.get("vase"), bid(bidder, amount));
    tokio::spawn(async move {
        match listing.ask(bid).await {
            Ok(()) => Ok(()),
            Err(error) => Err(error.rejection().unwrap_or_else(|| panic!("{error:?}")).clone()),
        }
    })
}

async fn house(kept: Kept) -> (House, BidderId, BidderId) {
    let house = House::new(kept).await;
    let (ann, bob): (BidderId, BidderId) = ("ann".into(), "bob".into());
    house.offers("vase").await;
    house.approves(&ann).await;
    house.approves(&bob).await;
    (house, ann, bob)
}

/// The bid is judged in the last millisecond, and is durable only when the listing is over.
async fn in_time(kept: Kept, decided: bool) {
    let (house, ann, bob) = house(kept).await;
    house.clock.advance_to(ENDS - 1);
    house.journal.shut();
    let last = bids_now(&house, &ann, 500, decided);
    house.writes().await;
    house.clock.advance_to(ENDS);
    let late = bids_now(&house, &bob, 1_000, decided);
    house.journal.open();
    assert_eq!(last.await.expect("no panic"), Ok(()));
    assert_eq!(late.await.expect("no panic"), Err(BidRefused::Ended));
    let mut watch = house.listings.get("vase").watch(bailiwick::Position::START).await.unwrap();
    loop {
        let change = watch.next().await.expect("it goes on").expect("it is read");
        let closed_at = change.at();
        if let ListingEvent::ListingClosed { winner } = change.event {
            assert_eq!(winner.map(|bid| (bid.bidder, bid.amount.minor)), Some((ann, 500)));
            assert!(closed_at.as_millis() >= ENDS);
            break;
        }
    }
    assert_eq!(bids(&house.events().await), ["ann 500"]);
}

/// The bid is judged in the last millisecond, but is not written then; and judged again when it is over.
async fn too_late(kept: Kept, decided: bool) {
    let (house, ann, _) = house(kept).await;
    house.clock.advance_to(ENDS - 1);
    house.journal.shut();
    house.journal.plan([Fault::Conflict]);
    let last = bids_now(&house, &ann, 500, decided);
    house.writes().await;
    house.clock.advance_to(ENDS);
    house.journal.open();
    assert_eq!(last.await.expect("no panic"), Err(BidRefused::Ended));
    let events = house.events().await;
    assert_eq!(bids(&events), Vec::<String>::new());
    assert_eq!(winner(&events).flatten(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bid_in_the_last_millisecond_counts_however_slow_the_journal_is() {
    for decided in [false, true] {
        in_time(Kept::InMemory, decided).await;
        in_time(Kept::Durably, decided).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bid_that_is_judged_again_after_the_end_is_refused() {
    for decided in [false, true] {
        too_late(Kept::InMemory, decided).await;
        too_late(Kept::Durably, decided).await;
    }
}

/// The policy asks, the listing says no, and that is its recorded answer.
async fn stands(kept: Kept) {
    let (house, ann, _) = house(kept).await;
    house.listings.get("vase").ask(bid(&ann, 500)).await.expect("bid");
    house.clock.advance_to(ENDS);
    let suspended = house.bidders.get(&ann).ask_with_receipt(Suspend).await.expect("suspended");
    house.corrected().await;
    let events = house.events().await;
    assert_eq!(bids(&events), ["ann 500"]);
    assert_eq!(winner(&events), Some(Some((ann, 500))));
    let traces = house.traces().await;
    let [(delivery, _)] = &traces[..] else { panic!("{traces:?}") };
    assert_eq!(delivery.source, suspended.position);
    let target = delivery.target.as_ref().and_then(|target| target.tag.clone());
    assert_eq!(target, Some(bailiwick::Id::tag(&id("vase")).unwrap()));
    let ended = house.recorded().await.into_iter().find_map(|recorded| {
        recorded.event.metadata.extra().delivery.as_ref()?;
        recorded.event.decode::<DeliveryEnded>().expect("it is one")
    });
    let ended = ended.expect("it ended without an event of its own");
    assert_eq!(ended.how, Ending::Rejected);
    assert_eq!(ended.reason.as_deref(), Some("the listing has ended"));
    let closings = events
        .iter()
        .filter(|event| matches!(event, AuctionEvent::Listing(ListingEvent::ListingClosed { .. })));
    assert_eq!(closings.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_stands_when_its_winner_is_suspended() {
    stands(Kept::InMemory).await;
    stands(Kept::Durably).await;
}
