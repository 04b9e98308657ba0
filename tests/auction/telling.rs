//! Bidder and seller are told what became of a bid, whatever the mail does.

use std::time::Duration;

use bailiwick::{ManualClock, MockAnswer, MockService};
use bailiwick_examples::auction::{BidderId, Suspend, TellBidders};
use bailiwick_examples::notifier::Message;
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::{Kept, Place};
use tokio::task::yield_now;

use crate::fixture::{ENDS, House, STARTS, bid};

type Mail = MockService<Vec<Message>>;

async fn house(place: &Place, mail: &Mail) -> House {
    let (journal, clock) = (FaultyJournal::around(place.open()), ManualClock::at(STARTS));
    let effect = TellBidders(mail.clone());
    House::with(journal, clock, |builder| builder.effect(effect)).await
}

/// Lets time pass until so many calls were answered for good.
async fn answered(house: &House, mail: &Mail, calls: usize) {
    let passes = async {
        while mail.done().len() < calls {
            house.clock.advance(Duration::from_millis(100));
            // Others have their turn for as long as a reading of the journal takes.
            house.recorded().await;
            yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), passes).await;
    in_time.unwrap_or_else(|_| panic!("they were not told: {:?}", mail.calls()));
}

fn both(what: &str) -> Vec<Message> {
    let message = |to: &str, whose: &str| Message {
        to: to.to_owned(),
        text: format!("{whose} bid for the vase {what}"),
    };
    vec![message("eve", "your"), message("seller", "eve's")]
}

async fn taken_out(kept: Kept, first: MockAnswer) {
    let (place, mail) = (Place::fresh(kept), Mail::answering([first]));
    let house = house(&place, &mail).await;
    let eve: BidderId = "eve".into();
    house.offers("vase").await;
    house.approves(&eve).await;
    house.bidders.get(&eve).ask(Suspend).await.expect("suspended");
    house.listings.get("vase").ask(bid(&eve, 900)).await.expect("it gets in");
    house.corrected().await;
    answered(&house, &mail, 1).await;
    let calls = if first == MockAnswer::Done { 1 } else { 2 };
    assert_eq!(mail.inputs(), vec![both("was taken out"); calls], "{first:?}");
    assert_eq!(mail.keys().len(), 1, "{first:?}");
}

#[tokio::test]
async fn both_are_told_that_a_bid_was_taken_out_whatever_the_mail_does() {
    let after = MockAnswer::RetryAfter(Duration::from_secs(2));
    for first in [MockAnswer::Done, MockAnswer::Retry, after, MockAnswer::Panic, MockAnswer::Hang] {
        taken_out(Kept::InMemory, first).await;
        taken_out(Kept::Durably, first).await;
    }
}

async fn stands(kept: Kept) {
    let (place, mail) = (Place::fresh(kept), Mail::new());
    let house = house(&place, &mail).await;
    let eve: BidderId = "eve".into();
    house.offers("vase").await;
    house.approves(&eve).await;
    house.listings.get("vase").ask(bid(&eve, 900)).await.expect("it gets in");
    house.clock.advance_to(ENDS);
    house.bidders.get(&eve).ask(Suspend).await.expect("suspended");
    house.corrected().await;
    answered(&house, &mail, 1).await;
    assert_eq!(mail.inputs(), [both("has won, and stands")]);
}

#[tokio::test]
async fn both_are_told_that_a_result_stands() {
    stands(Kept::InMemory).await;
    stands(Kept::Durably).await;
}
