//! News that come twice and out of order: from two runtimes at once, and from policies that are rewound.

use std::sync::Arc;

use bailiwick::{Policy, Position, Rewind};
use bailiwick_examples::money::Money;
use bailiwick_examples::orders::ParcelStatus::{Arrived, NotOpened};
use bailiwick_examples::orders::{
    Accounting, DeliverParcel, Dispatch, FillParcel, NoteArrival, NoteFilling, NoteReceived,
    OrderEvent, Planning, SendParcel, Status, Tracking,
};
use bailiwick_tests::journals::place::Kept;

use crate::fixture::{Shop, parcel};

/// Scans come in any order, and through any runtime.
async fn two_runtimes(kept: Kept) {
    let shop = Shop::new(kept).await;
    let elsewhere = shop.second().await;
    shop.orders_from("o", &["north", "south"]).await;
    elsewhere.pays("o", 200_00).await;
    shop.settled().await;
    let (one, two) = (parcel("o", 1), parcel("o", 2));
    shop.parcels.get(&two).ask(DeliverParcel).await.expect("scanned");
    elsewhere.parcels.get(&one).ask(SendParcel).await.expect("scanned");
    elsewhere.parcels.get(&two).ask(FillParcel).await.expect("a late scan");
    shop.parcels.get(&one).ask(DeliverParcel).await.expect("scanned");
    elsewhere.parcels.get(&one).ask(FillParcel).await.expect("a late scan");
    shop.settled().await;
    elsewhere.settled().await;
    is_completed_once(&shop).await;
}

async fn is_completed_once(shop: &Shop) {
    assert_eq!(shop.status("o").await, Status::Completed);
    shop.are("o", [Arrived, Arrived, NotOpened]).await;
    let mut steps = shop.order_events().await;
    let is_step = |event: &OrderEvent| {
        use OrderEvent::{OrderCompleted, OrderInDelivery, OrderPaid};
        matches!(event, OrderPaid | OrderInDelivery | OrderCompleted)
    };
    steps.retain(is_step);
    let expected = [OrderEvent::OrderPaid, OrderEvent::OrderInDelivery, OrderEvent::OrderCompleted];
    assert_eq!(steps, expected);
    shop.traces().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runtimes_complete_an_order_once() {
    two_runtimes(Kept::InMemory).await;
    two_runtimes(Kept::Durably).await;
}

async fn rewinds<P: Policy>(shop: &Shop) {
    let journal = Arc::new(shop.journal.clone());
    let rewind = Rewind::plan::<P>(journal, Position::START).await.expect("it can be rewound");
    assert!(rewind.news() > 0);
    rewind.confirm().await.expect("it is rewound");
}

/// Everything that was ever told is told once more, in the middle and in the end.
async fn told_again(kept: Kept) {
    let mut shop = Shop::new(kept).await;
    shop.orders_from("o", &["north", "south"]).await;
    shop.pays("o", 200_00).await;
    for number in [1, 2] {
        let parcel = shop.parcels.get(parcel("o", number));
        parcel.ask(SendParcel).await.expect("sent");
        parcel.ask(DeliverParcel).await.expect("delivered");
        shop.settled().await;
        let before = shop.own().await;
        rewinds::<Tracking>(&shop).await;
        rewinds::<Dispatch>(&shop).await;
        rewinds::<Planning>(&shop).await;
        rewinds::<Accounting>(&shop).await;
        let journal = shop.journal.clone();
        shop = shop.again(journal).await;
        shop.settled().await;
        assert_eq!(shop.own().await, before);
    }
    is_completed_once(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_told_again_changes_nothing() {
    told_again(Kept::InMemory).await;
    told_again(Kept::Durably).await;
}

/// An order that is told the end first, then the beginning, by whoever tells it.
async fn backwards(kept: Kept) {
    let shop = Shop::new(kept).await;
    shop.orders_from("o", &["north"]).await;
    let order = shop.orders.get("o");
    for _ in 0..2 {
        order.ask(NoteArrival).await.expect("noted");
        order.ask(NoteFilling).await.expect("noted");
        assert_eq!(shop.status("o").await, Status::Unpaid);
    }
    for cents in [100_00, 50_00] {
        let received = Money::cents(cents);
        order.ask(NoteReceived { received }).await.expect("noted");
        order.ask(NoteArrival).await.expect("noted");
        assert_eq!(shop.status("o").await, Status::Completed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_told_everything_backwards_ends_as_the_same() {
    backwards(Kept::InMemory).await;
    backwards(Kept::Durably).await;
}
