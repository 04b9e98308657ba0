//! 64 callers add to one order, through two runtimes: the limits hold at every instant.

use std::sync::Arc;

use bailiwick::AskError;
use bailiwick_examples::money::Money;
use bailiwick_examples::orders::{AddPosition, AddRefused, OrderEvent, RemovePosition};
use bailiwick_tests::journals::place::Kept;

use crate::fixture::{Shop, add};

const CALLERS: usize = 64;

/// The numbers of the positions that were accepted, and why the others were not.
async fn crowd(shop: &Arc<Shop>, position: &AddPosition) -> (Vec<u32>, Vec<AddRefused>) {
    let elsewhere = Arc::new(shop.second().await);
    let mut adding = Vec::new();
    for caller in 0..CALLERS {
        let shop = if caller % 2 == 0 { shop.clone() } else { elsewhere.clone() };
        let position = position.clone();
        adding.push(tokio::spawn(async move { shop.orders.get("o").ask(position).await }));
    }
    let (mut accepted, mut refused) = (Vec::new(), Vec::new());
    for one in adding {
        match one.await.expect("no panic") {
            Ok(number) => accepted.push(number),
            Err(AskError::Rejected(refusal)) => refused.push(refusal),
            Err(error) => panic!("{error:?}"),
        }
    }
    (accepted, refused)
}

/// What the journal says that there ever was at once, at most: items and cents.
async fn most(shop: &Shop) -> (u64, u64) {
    let mut positions = std::collections::BTreeMap::new();
    let mut most = (0, 0);
    for event in shop.order_events().await {
        match event {
            OrderEvent::PositionAdded { number, position } => {
                let quantity = u64::from(position.quantity);
                let there = positions.insert(number, (quantity, position.unit_price.minor));
                assert_eq!(there, None, "a number is used twice");
            }
            OrderEvent::PositionRemoved { number } => drop(positions.remove(&number)),
            _ => {}
        }
        let items: u64 = positions.values().map(|(quantity, _)| quantity).sum();
        let cents: u64 = positions.values().map(|(quantity, cents)| quantity * cents).sum();
        most = (items.max(most.0), cents.max(most.1));
    }
    most
}

async fn items(kept: Kept) {
    let shop = Arc::new(Shop::new(kept).await);
    shop.orders_from("o", &[]).await;
    let (accepted, refused) = crowd(&shop, &add("north", 3, 1)).await;
    assert_eq!((accepted.len(), refused.len()), (33, 31));
    let too_many = AddRefused::TooManyItems { limit: 100, total: 102 };
    assert!(refused.iter().all(|refusal| *refusal == too_many), "{refused:?}");
    assert_eq!(most(&shop).await, (99, 99));
}

async fn value(kept: Kept) {
    let shop = Arc::new(Shop::new(kept).await);
    shop.orders_from("o", &[]).await;
    let (accepted, refused) = crowd(&shop, &add("north", 1, 150_00)).await;
    assert_eq!((accepted.len(), refused.len()), (33, 31));
    let (limit, total) = (Money::cents(5_000_00), Money::cents(5_100_00));
    let too_much = AddRefused::TooMuchValue { limit, total };
    assert!(refused.iter().all(|refusal| *refusal == too_much), "{refused:?}");
    assert_eq!(most(&shop).await, (33, 4_950_00));
}

/// Some remove what they have added, and others find the room.
async fn coming_and_going(kept: Kept) {
    let shop = Arc::new(Shop::new(kept).await);
    shop.orders_from("o", &[]).await;
    let mut coming = Vec::new();
    for caller in 0..CALLERS {
        let shop = shop.clone();
        coming.push(tokio::spawn(async move {
            let order = shop.orders.get("o");
            let mut accepted = 0;
            for _ in 0..4 {
                match order.ask(add("north", 7, 40_00)).await {
                    Ok(number) if caller % 2 == 0 => {
                        order.ask(RemovePosition { number }).await.expect("it is there");
                        accepted += 1;
                    }
                    Ok(_) => accepted += 1,
                    Err(error) => assert!(error.rejection().is_some(), "{error:?}"),
                }
            }
            accepted
        }));
    }
    let mut accepted = 0;
    for one in coming {
        accepted += one.await.expect("no panic");
    }
    let (items, cents) = most(&shop).await;
    assert!(items <= 100 && cents <= 5_000_00, "{items} items, {cents} cents");
    let added = |event: &OrderEvent| matches!(event, OrderEvent::PositionAdded { .. });
    assert_eq!(shop.order_events().await.iter().filter(|event| added(event)).count(), accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_items_whoever_adds_them() {
    items(Kept::InMemory).await;
    items(Kept::Durably).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_thousand_euros_whoever_adds_them() {
    value(Kept::InMemory).await;
    value(Kept::Durably).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_limits_hold_while_positions_come_and_go() {
    coming_and_going(Kept::InMemory).await;
    coming_and_going(Kept::Durably).await;
}
