//! The limits of an order, and what is no position.

use bailiwick_core::given;

use super::sample::*;
use crate::money::{Amount, Currency, Money, OtherCurrency};
use crate::orders::AddRefused::*;
use crate::orders::*;

fn empty() -> bailiwick_core::Given<Order> {
    given::<Order>("o").events([opened()])
}

#[test]
fn a_hundred_items_and_no_more() {
    empty().when(add("north", 100, 1)).emits([added(1, "north", 100, 1)]);
    empty().when(add("north", 101, 1)).rejected(TooManyItems { limit: 100, total: 101 });
    empty()
        .events([added(1, "north", 60, 1)])
        .events([added(2, "south", 39, 1)])
        .when(add("north", 2, 1))
        .rejected(TooManyItems { limit: 100, total: 101 })
        .when(add("north", 1, 1))
        .accepted()
        .when(add("north", 1, 0))
        .rejected(TooManyItems { limit: 100, total: 101 });
    let all = u32::MAX;
    order()
        .when(add("north", all, 1))
        .rejected(TooManyItems { limit: 100, total: u64::from(all) + 3 });
}

#[test]
fn five_thousand_euros_and_no_more() {
    let limit = Money::cents(5_000_00);
    empty().when(add("north", 1, 5_000_00)).accepted().state(|order, _| {
        assert_eq!(order.value(), MAX_VALUE);
    });
    let total = Money::cents(5_000_01);
    empty().when(add("north", 1, 5_000_01)).rejected(TooMuchValue { limit, total });
    let total = Money::cents(5_000_02);
    empty()
        .events([added(1, "north", 2, 2_000_00)])
        .when(add("north", 3, 333_34))
        .rejected(TooMuchValue { limit, total })
        .when(add("north", 3, 333_33))
        .accepted()
        .when(add("north", 1, 1))
        .accepted()
        .when(add("north", 1, 1))
        .rejected(TooMuchValue { limit, total: Money::cents(5_000_01) });
}

#[test]
fn what_is_removed_makes_room() {
    empty()
        .events([added(1, "north", 100, 50_00)])
        .events([removed(1)])
        .when(add("north", 100, 50_00))
        .accepted();
}

/// The limits are judged first, in their order.
#[test]
fn both_limits_at_once_are_told_as_the_first() {
    empty()
        .when(add("north", 101, 5_000_00))
        .rejected(TooManyItems { limit: 100, total: 101 })
        .when(add("north", 101, -1))
        .rejected(TooManyItems { limit: 100, total: 101 });
}

#[test]
fn a_position_is_of_something_and_costs_no_less_than_nothing() {
    empty().when(add("north", 0, 1)).rejected(NoQuantity);
    empty().when(add("north", 0, -1)).rejected(NoQuantity);
    for cents in [-1, i64::MIN] {
        empty().when(add("north", 1, cents)).rejected(NegativePrice);
        empty().when(add("north", 100, cents)).rejected(NegativePrice);
    }
    empty().when(add("north", 1, 0)).emits([added(1, "north", 1, 0)]);
}

#[test]
fn what_cannot_be_expressed_is_refused() {
    empty().when(add("north", 3, i64::MAX)).rejected(Overflow);
    let (limit, total) = (MAX_VALUE, Money::cents(2 * i64::MAX as u64));
    empty().when(add("north", 2, i64::MAX)).rejected(TooMuchValue { limit, total });
}

#[test]
fn prices_are_in_euros() {
    let unit_price = Amount { minor: 1, currency: dollars() };
    let (expected, given) = (Currency::EUR, dollars());
    empty()
        .when(AddPosition { unit_price, ..add("north", 1, 1) })
        .rejected(OtherCurrency { expected, given });
}

#[test]
fn whoever_is_refused_is_told_what_would_have_been() {
    let refused = TooManyItems { limit: 100, total: 101 };
    assert_eq!(refused.to_string(), "an order has 100 items at most, and would have 101");
    let refused = TooMuchValue { limit: MAX_VALUE, total: Money::cents(5_000_01) };
    let told = "an order is worth 500000 EUR at most, and would be worth 500001 EUR";
    assert_eq!(refused.to_string(), told);
}

/// It is paid, and stays so: what comes in addition is paid before it is added.
#[test]
fn a_paid_order_takes_what_is_covered() {
    let paid = || order().events([receipt(eur(150)), OrderEvent::OrderPaid]);
    let (received, total) = (eur(150), Money::cents(151_52));
    paid()
        .when(add("north", 1, 31_52))
        .rejected(NotCovered { received, total })
        .when(add("north", 1, 31_51))
        .emits([added(3, "north", 1, 31_51)])
        .when(add("north", 1, 0))
        .accepted()
        .when(note_received(eur(160)))
        .accepted()
        .when(add("north", 1, 5_00))
        .accepted();
}
