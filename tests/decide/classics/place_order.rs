//! An order that is sent many times is placed once.

use bailiwick_examples::classics::place_order::{OrderId, OrderPlaced, PlaceOrder, Resubmission};

use super::arena::{Arena, Setting, ruled};
use super::races;

races!(a_token_places_one_order, tokens_do_not_disturb_each_other);

fn place(order: usize, token: usize) -> PlaceOrder {
    PlaceOrder {
        order: format!("o{order}").parse().unwrap(),
        token: token.to_string().parse().unwrap(),
    }
}

async fn a_token_places_one_order(setting: Setting) {
    let arena = Arena::open(setting).await;
    let outcome = arena.race(|n, runtime| ruled(runtime.decide(place(n, 1)))).await;
    let placed = arena.events::<OrderPlaced>().await;
    let [OrderPlaced { order, .. }] = placed.as_slice() else { panic!("{placed:?}") };
    let resubmission = |order: &OrderId| Resubmission { order: order.clone() };
    outcome.won_by(1, &resubmission(order));
    let arena = arena.restart().await;
    let again = arena.at_once(|n, runtime| ruled(runtime.decide(place(n, 1)))).await;
    again.won_by(0, &resubmission(order));
}

async fn tokens_do_not_disturb_each_other(setting: Setting) {
    let arena = Arena::open(setting).await;
    // The same order: that is another rule's business.
    arena.at_once(|n, runtime| ruled(runtime.decide(place(1, n)))).await.won_by_all();
    assert_eq!(arena.events::<OrderPlaced>().await.len(), setting.callers);
}
