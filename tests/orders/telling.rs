//! The customer is told when an order is complete, whatever the mail does, and not once the money went back.

use std::time::Duration;

use bailiwick::journal::{Query, RecordedEvent};
use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick::{Effect, ManualClock, MockAnswer, MockService};
use bailiwick_examples::notifier::Message;
use bailiwick_examples::orders::{DeliverParcel, Refund, TellCustomer};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::journals::place::{Kept, Place, matching};
use tokio::task::yield_now;

use crate::fixture::{BEGIN, Shop, parcel};

type Mail = MockService<Vec<Message>>;

/// Nothing is parked, however much time is let pass.
const TIME_LIMIT: Duration = Duration::from_secs(1_000_000_000);

/// A shop that tells its customers.
async fn telling(journal: FaultyJournal, clock: ManualClock, mail: &Mail) -> Shop {
    let effect = TellCustomer(mail.clone());
    let change = |builder: bailiwick::Builder| {
        builder.effect(effect).config(|config| config.effect_retry_for(TIME_LIMIT))
    };
    Shop::on(journal, clock, change).await
}

async fn complete(place: &Place, mail: &Mail) -> Shop {
    let journal = FaultyJournal::around(place.open());
    let shop = telling(journal, ManualClock::at(BEGIN), mail).await;
    shop.orders_from("o", &["north"]).await;
    shop.pays("o", 100_00).await;
    shop.parcels.get(parcel("o", 1)).ask(DeliverParcel).await.expect("it arrives");
    shop.settled().await;
    shop
}

/// The process has ended; another one goes on.
async fn again(shop: Shop, mail: &Mail) -> Shop {
    let (journal, clock) = (shop.journal.clone(), shop.clock.clone());
    drop(shop);
    telling(journal, clock, mail).await
}

/// Lets time pass until this is so.
async fn until(shop: &Shop, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let passes = async {
        while !is_so().await {
            shop.clock.advance(Duration::from_millis(500));
            // Others have their turn for as long as a reading of the journal takes.
            shop.own().await;
            yield_now().await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), passes).await;
    in_time.unwrap_or_else(|_| panic!("{what} did not come"));
}

/// How the telling ended, each time that it did.
async fn ended(shop: &Shop) -> Vec<Ending> {
    let all = matching(&shop.journal.inner(), Query::all()).await.into_iter();
    let told = all.filter(|recorded| {
        let delivery = &recorded.event.metadata.extra().delivery;
        delivery.as_ref().is_some_and(|of| of.policy.as_str() == TellCustomer::<Mail>::NAME)
    });
    told.map(|recorded| recorded.event.decode::<DeliveryEnded>().unwrap().unwrap().how).collect()
}

/// Waits until the effect knows what was done.
async fn has_dealt_with_all(shop: &Shop) {
    let own = shop.own().await;
    let completed =
        |recorded: &&RecordedEvent| recorded.event.event_type.as_str() == "OrderCompleted";
    let news = own.iter().find(completed).expect("it is complete").position;
    let effect = shop.runtime.effects().get(TellCustomer::<Mail>::NAME).expect("it has it");
    until(shop, "the effect", async || effect.status().reached >= news).await;
}

async fn whatever(kept: Kept, first: MockAnswer) {
    let place = Place::fresh(kept);
    let mail = Mail::answering([first]);
    let shop = complete(&place, &mail).await;
    until(&shop, "the end", async || !ended(&shop).await.is_empty()).await;
    let gives_up = first == MockAnswer::GiveUp;
    let expected = if gives_up { Ending::GaveUp } else { Ending::Performed };
    assert_eq!(ended(&shop).await, [expected], "{first:?}");
    let calls = if gives_up || first == MockAnswer::Done { 1 } else { 2 };
    let text = "order o is complete: its one item has arrived".to_owned();
    let message = Message { to: "ann".to_owned(), text };
    assert_eq!(mail.inputs(), vec![vec![message]; calls], "{first:?}");
    assert_eq!(mail.keys().len(), 1, "{first:?}");
    // What has its trace is not done again.
    let shop = again(shop, &mail).await;
    has_dealt_with_all(&shop).await;
    assert_eq!((mail.calls().len(), ended(&shop).await.len()), (calls, 1), "{first:?}");
}

#[tokio::test]
async fn the_customer_is_told_whatever_the_mail_does() {
    let after = MockAnswer::RetryAfter(Duration::from_secs(40));
    use MockAnswer::{Done, GiveUp, Hang, Panic, Retry};
    for first in [Done, Retry, after, GiveUp, Panic, Hang] {
        whatever(Kept::InMemory, first).await;
        whatever(Kept::Durably, first).await;
    }
}

/// The order was complete, the mail was down, and the money went back: before a restart or after it.
async fn gone(kept: Kept, before: bool) {
    let place = Place::fresh(kept);
    let mail = Mail::new();
    mail.always(MockAnswer::Retry);
    let shop = complete(&place, &mail).await;
    until(&shop, "a call", async || !mail.calls().is_empty()).await;
    let shop = if before { shop } else { again(shop, &mail).await };
    shop.payments.get("o").ask(Refund).await.expect("it is refunded");
    let shop = if before { again(shop, &mail).await } else { shop };
    mail.always(MockAnswer::Done);
    until(&shop, "the end", async || !ended(&shop).await.is_empty()).await;
    assert_eq!(ended(&shop).await, [Ending::GaveUp]);
    assert!(mail.done().is_empty(), "{:?}", mail.calls());
}

#[tokio::test]
async fn nobody_is_told_once_the_money_went_back_whenever_it_is_tried_again() {
    for before in [true, false] {
        gone(Kept::InMemory, before).await;
        gone(Kept::Durably, before).await;
    }
}
