//! A refund in the middle of a delivery, with a crash in between.

use bailiwick::policy::{DeliveryEnded, Ending};
use bailiwick_examples::money::Money;
use bailiwick_examples::orders::ParcelStatus::{Arrived, Cancelled, Filled, Opened, Sent};
use bailiwick_examples::orders::{
    DeliverParcel, FillParcel, PaymentEvent, Receive, Received, Refund, SendParcel, Status,
};
use bailiwick_tests::journals::place::{Kept, events};

use crate::fixture::{Shop, parcel};

const WAREHOUSES: [&str; 4] = ["east", "north", "south", "west"];

/// One parcel is with the customer, one on its way, one is being filled, one is empty.
async fn in_delivery(kept: Kept) -> Shop {
    let shop = Shop::new(kept).await;
    shop.orders_from("o", &WAREHOUSES).await;
    shop.pays("o", 400_00).await;
    shop.are("o", [Opened; 4]).await;
    shop.parcels.get(parcel("o", 1)).ask(DeliverParcel).await.expect("it arrives");
    shop.parcels.get(parcel("o", 2)).ask(SendParcel).await.expect("it is sent");
    shop.parcels.get(parcel("o", 3)).ask(FillParcel).await.expect("it is filled");
    shop.settled().await;
    shop.are("o", [Arrived, Sent, Filled, Opened]).await;
    assert_eq!(shop.status("o").await, Status::InDelivery);
    shop
}

/// What cannot be undone goes on, everything else is cancelled, and nothing is completed by it.
async fn is_refunded(shop: &Shop) {
    shop.settled().await;
    shop.are("o", [Arrived, Sent, Cancelled, Cancelled]).await;
    shop.parcels.get(parcel("o", 2)).ask(DeliverParcel).await.expect("it arrives");
    shop.settled().await;
    shop.are("o", [Arrived, Arrived, Cancelled, Cancelled]).await;
    assert_eq!(shop.status("o").await, Status::InDelivery);
    let ended: Vec<DeliveryEnded> = events(&shop.journal.inner()).await;
    let mut refused = ended.iter().filter(|ended| ended.how == Ending::Rejected);
    let (one, others) = (refused.next().expect("one cannot be cancelled"), refused.count());
    assert_eq!((one.reason.as_deref(), others), (Some("the parcel was sent"), 0));
    shop.traces().await;
}

async fn in_the_middle(kept: Kept) {
    let shop = in_delivery(kept).await;
    shop.payments.get("o").ask(Refund).await.expect("it is refunded");
    is_refunded(&shop).await;
    // What comes after that goes back, and wakes nobody.
    let receive = Receive { transfer: "late".into(), amount: Money::cents(400_00) };
    let late = shop.payments.get("o").ask(receive).await.expect("it is received");
    assert_eq!(late, Received::GoesBack);
    let before = shop.own().await.len();
    shop.settled().await;
    assert_eq!(shop.own().await.len(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refund_in_the_middle_cancels_what_was_not_sent() {
    in_the_middle(Kept::InMemory).await;
    in_the_middle(Kept::Durably).await;
}

/// The process ends when so many appends that follow from the refund are done; the next one may be on the disk.
async fn crashes(kept: Kept, after: usize, written: usize) {
    let shop = in_delivery(kept).await;
    shop.journal.shut();
    let refunding = tokio::spawn({
        let payment = shop.payments.get("o");
        async move { payment.ask(Refund).await }
    });
    for _ in 0..=after {
        shop.passes().await;
    }
    refunding.await.expect("no panic").expect("it is refunded");
    shop.writes().await;
    let found = shop.journal.crash(written).await;
    let shop = shop.again(found).await;
    is_refunded(&shop).await;
    let payments: Vec<PaymentEvent> = events(&shop.journal.inner()).await;
    let refunds =
        payments.iter().filter(|event| matches!(event, PaymentEvent::PaymentRefunded { .. }));
    assert_eq!(refunds.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_in_between_changes_nothing() {
    for after in 0..4 {
        for written in [0, 1] {
            crashes(Kept::InMemory, after, written).await;
            crashes(Kept::Durably, after, written).await;
        }
    }
}
