//! An order that is sent many times is placed once.

use bailiwick_examples::classics::place_order::{OrderId, OrderPlaced, PlaceOrder, Resubmission};

use super::races;
use super::setup::{Setting, Setup, ruled};

races!(a_token_places_one_order, tokens_do_not_disturb_each_other);

fn place(order: usize, token: usize) -> PlaceOrder {
    PlaceOrder {
        order: format!("o{order}").parse().unwrap(),
        token: token.to_string().parse().unwrap(),
    }
}

async fn a_token_places_one_order(setting: Setting) {
    let setup = Setup::open(setting).await;
    let outcome = setup.race(|n, runtime| ruled(runtime.decide(place(n, 1)))).await;
    let placed = setup.events::<OrderPlaced>().await;
    let [OrderPlaced { order, .. }] = placed.as_slice() else { panic!("{placed:?}") };
    let resubmission = |order: &OrderId| Resubmission { order: order.clone() };
    outcome.won_by(1, &resubmission(order));
    let setup = setup.restart().await;
    let again = setup.at_once(|n, runtime| ruled(runtime.decide(place(n, 1)))).await;
    again.won_by(0, &resubmission(order));
}

async fn tokens_do_not_disturb_each_other(setting: Setting) {
    let setup = Setup::open(setting).await;
    // The same order: that is another rule's business.
    setup.at_once(|n, runtime| ruled(runtime.decide(place(1, n)))).await.won_by_all();
    assert_eq!(setup.events::<OrderPlaced>().await.len(), setting.callers);
}
