//! A customer pays a price that was shown at most ten minutes ago, and no other.

use std::time::Duration;

use bailiwick::Runtime;
use bailiwick_examples::classics::product_price::{
    GRACE, Item, OrderProducts, OrderRefused, PriceEvent, ProductsOrdered,
};

use super::races;
use super::setup::{Setting, Setup, ruled};

races!(
    orders_of_the_same_product_all_succeed,
    the_wrong_item_is_named,
    the_old_price_can_be_paid_for_ten_minutes,
    a_change_of_price_meanwhile_does_not_pass_unnoticed,
    a_change_of_price_meanwhile_leaves_time_to_pay,
);

const MILLISECOND: Duration = Duration::from_millis(1);

fn order(
    _: usize,
    runtime: &Runtime,
) -> impl Future<Output = Result<(), OrderRefused>> + Send + use<> {
    order_for(runtime, 123, 321)
}

fn order_for(
    runtime: &Runtime,
    p1: u64,
    p2: u64,
) -> impl Future<Output = Result<(), OrderRefused>> + Send + use<> {
    let item = |(product, price): (&'static str, _)| Item { product: product.into(), price };
    let items = [("p1", p1), ("p2", p2)].map(item).into();
    ruled(runtime.decide(OrderProducts { items }))
}

fn invalid(product: &'static str) -> OrderRefused {
    OrderRefused::InvalidPrice(product.into())
}

/// Two products, whose prices have been the same for long.
async fn priced(setting: Setting) -> Setup {
    let setup = Setup::open(setting).await;
    let defined = |(product, price): (&'static str, _)| PriceEvent::ProductDefined {
        product: product.into(),
        price,
    };
    setup.happened([("p1", 123), ("p2", 321)].map(defined)).await;
    setup.clock.advance(2 * GRACE);
    setup
}

async fn change_p2(setup: &Setup) {
    setup.happened([PriceEvent::ProductPriceChanged { product: "p2".into(), price: 322 }]).await;
}

async fn ordered(setup: &Setup) -> usize {
    setup.events::<ProductsOrdered>().await.len()
}

async fn orders_of_the_same_product_all_succeed(setting: Setting) {
    let setup = priced(setting).await;
    setup.at_once(order).await.won_by_all();
    assert_eq!(ordered(&setup).await, setting.callers);
}

async fn the_wrong_item_is_named(setting: Setting) {
    let setup = priced(setting).await;
    let second = setup.at_once(|_, runtime| order_for(runtime, 123, 1)).await;
    second.won_by(0, &invalid("p2"));
    let both = setup.at_once(|_, runtime| order_for(runtime, 1, 1)).await;
    both.won_by(0, &invalid("p1"));
    assert_eq!(ordered(&setup).await, 0);
}

async fn the_old_price_can_be_paid_for_ten_minutes(setting: Setting) {
    let setup = priced(setting).await;
    change_p2(&setup).await;
    setup.clock.advance(GRACE);
    setup.at_once(order).await.won_by_all();
    setup.clock.advance(MILLISECOND);
    setup.at_once(order).await.won_by(0, &invalid("p2"));
    setup.at_once(|_, runtime| order_for(runtime, 123, 322)).await.won_by_all();
}

/// The first have decided on the old prices when one of them changes; by the time that they are
/// decided again, its grace is over.
async fn a_change_of_price_meanwhile_does_not_pass_unnoticed(setting: Setting) {
    let setup = priced(setting).await;
    let changed = async {
        change_p2(&setup).await;
        setup.clock.advance(GRACE + MILLISECOND);
    };
    let outcome = setup.race_while(changed, order).await;
    assert!(outcome.conflicts >= setting.runtimes as u64, "nobody noticed");
    outcome.won_by(0, &invalid("p2"));
    assert_eq!(ordered(&setup).await, 0);
}

async fn a_change_of_price_meanwhile_leaves_time_to_pay(setting: Setting) {
    let setup = priced(setting).await;
    let changed = async {
        change_p2(&setup).await;
        setup.clock.advance(GRACE);
    };
    let outcome = setup.race_while(changed, order).await;
    assert!(outcome.conflicts >= setting.runtimes as u64, "nobody noticed");
    outcome.won_by_all();
    assert_eq!(ordered(&setup).await, setting.callers);
}
