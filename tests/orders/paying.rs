//! One order that is paid by 500 transfers at once, each of which the bank reports twice.

use std::sync::Arc;

use bailiwick_examples::money::Money;
use bailiwick_examples::orders::{
    OrderEvent, ParcelStatus, PaymentEvent, Receive, Received, RemovePosition, Status, TransferId,
};
use bailiwick_tests::journals::place::{Kept, events};

use crate::fixture::{Shop, add};

const TRANSFERS: u64 = 500;
const EACH: u64 = 10_00;

async fn reported(shop: Arc<Shop>, transfer: u64) -> Money {
    let transfer: TransferId = format!("t{transfer}").parse().expect("an ID");
    let receive = Receive { transfer, amount: Money::cents(EACH) };
    match shop.payments.get("o").ask(receive).await.expect("it is received") {
        Received::Counts { total } => total,
        Received::GoesBack => panic!("nothing was refunded"),
    }
}

async fn in_parts(kept: Kept) {
    let shop = Arc::new(Shop::new(kept).await);
    shop.orders_from("o", &[]).await;
    for warehouse in ["north", "south"] {
        shop.orders.get("o").ask(add(warehouse, 25, 100_00)).await.expect("it is added");
    }
    let mut reporting = Vec::new();
    for transfer in (0..TRANSFERS).chain(0..TRANSFERS) {
        reporting.push(tokio::spawn(reported(shop.clone(), transfer)));
    }
    for one in reporting {
        let total = one.await.expect("no panic").minor;
        assert!(total.is_multiple_of(EACH) && total <= TRANSFERS * EACH, "{total}");
    }
    shop.settled().await;
    let received: Vec<PaymentEvent> = events(&shop.journal.inner()).await;
    assert_eq!(received.len() as u64, TRANSFERS);
    // Paid once, with the first that made it 99 %.
    let noted: Vec<OrderEvent> = shop.order_events().await;
    let paid = noted.iter().position(|event| *event == OrderEvent::OrderPaid).expect("paid");
    assert_eq!(noted.iter().filter(|event| **event == OrderEvent::OrderPaid).count(), 1);
    let received = Money::cents(4_950_00);
    assert_eq!(noted[paid - 1], OrderEvent::ReceiptNoted { received });
    let order = shop.orders.get("o").read(|order, _| order.clone()).await.unwrap().value;
    assert_eq!((order.received().minor, order.overpaid().minor), (TRANSFERS * EACH, 0));
    shop.are("o", [ParcelStatus::Opened, ParcelStatus::Opened, ParcelStatus::NotOpened]).await;
    shop.traces().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_transfers_pay_one_order_in_memory() {
    in_parts(Kept::InMemory).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_transfers_pay_one_order_on_a_folder() {
    in_parts(Kept::Durably).await;
}

/// Whichever is first, the order knows of both in the end: what is left is paid, exactly once.
async fn neck_and_neck(kept: Kept) {
    let shop = Arc::new(Shop::new(kept).await);
    for order in ["o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8"] {
        shop.orders_from(order, &["north", "south"]).await;
        let receive = Receive { transfer: "t".into(), amount: Money::cents(99_00) };
        let (payment, going) = (shop.payments.get(order), shop.orders.get(order));
        let paying = tokio::spawn(async move { payment.ask(receive).await });
        let going = tokio::spawn(async move { going.ask(RemovePosition { number: 1 }).await });
        paying.await.expect("no panic").expect("received");
        going.await.expect("no panic").expect("removed");
        shop.settled().await;
        assert_eq!(shop.status(order).await, Status::Paid);
        shop.are(order, [ParcelStatus::Opened, ParcelStatus::NotOpened]).await;
    }
    let paid = |event: &OrderEvent| *event == OrderEvent::OrderPaid;
    assert_eq!(shop.order_events().await.iter().filter(|event| paid(event)).count(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn money_that_comes_while_a_position_goes_is_counted() {
    neck_and_neck(Kept::InMemory).await;
    neck_and_neck(Kept::Durably).await;
}
