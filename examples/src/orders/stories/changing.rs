//! Paid once at least 99 % of the value was received: judged when money comes and when a position goes.

use bailiwick_core::given;

use super::sample::*;
use crate::money::{Money, OtherCurrency};
use crate::orders::OrderEvent::*;
use crate::orders::*;

fn cents(cents: u64) -> Money {
    Money::cents(cents)
}

#[test]
fn ninety_nine_percent_are_enough() {
    // 118.80 of 120.00.
    order()
        .when(note_received(cents(118_79)))
        .emits([receipt(cents(118_79))])
        .state(|order, _| assert_eq!(order.status(), Status::Unpaid))
        .when(note_received(cents(118_80)))
        .emits([receipt(cents(118_80)), OrderPaid])
        .state(|order, _| assert_eq!(order.status(), Status::Paid));
}

/// No part of a cent is taken for a whole one.
#[test]
fn the_border_is_exact() {
    for value in [1, 2, 99, 100, 101, 199, 200, 9_999, 4_999_99, 5_000_00] {
        let least = (99 * value as u64).div_ceil(100);
        let order = || given::<Order>("o").events([opened(), added(1, "north", 1, value as u64)]);
        order().when(note_received(cents(least))).emits([receipt(cents(least)), OrderPaid]);
        if least > 1 {
            let less = cents(least - 1);
            order().when(note_received(less)).emits([receipt(less)]);
        }
    }
}

#[test]
fn a_position_that_goes_may_make_it_enough() {
    // 20.00 are too little for 120.00, and for 100.00, but all of 20.00.
    order()
        .events([receipt(eur(20))])
        .when(remove(1))
        .emits([removed(1), OrderPaid])
        .when(note_received(eur(25)))
        .emits([receipt(eur(25))])
        .state(|order, _| assert_eq!(order.overpaid(), eur(5)));
    order().events([receipt(eur(20))]).when(remove(2)).emits([removed(2)]);
    order().events([receipt(eur(99))]).when(remove(2)).emits([removed(2), OrderPaid]);
}

#[test]
fn an_emptied_order_is_not_paid() {
    order()
        .when(remove(1))
        .emits([removed(1)])
        .when(remove(2))
        .emits([removed(2)])
        .state(|order, _| assert_eq!((order.status(), order.value()), (Status::Unpaid, eur(0))));
    // Nor is one of which only the free samples are left.
    order()
        .events([added(3, "north", 1, 0)])
        .events([removed(1)])
        .when(remove(2))
        .emits([removed(2)]);
}

/// The money was there first, and is not asked for again.
#[test]
fn what_is_added_to_an_emptied_order_may_be_covered_already() {
    order()
        .events([receipt(eur(50)), removed(2), removed(1)])
        .when(add("north", 1, 51_00))
        .emits([added(3, "north", 1, 51_00)]);
    order()
        .events([receipt(eur(50)), removed(2), removed(1)])
        .when(add("north", 1, 50_00))
        .emits([added(3, "north", 1, 50_00), OrderPaid]);
}

#[test]
fn a_paid_order_that_is_emptied_stays_paid_and_is_overpaid() {
    order()
        .events([receipt(eur(120)), OrderPaid])
        .when(remove(1))
        .emits([removed(1)])
        .when(remove(2))
        .emits([removed(2)])
        .state(|order, _| {
            assert_eq!((order.status(), order.overpaid()), (Status::Paid, eur(120)));
        });
}

#[test]
fn too_much_is_paid_too() {
    order()
        .when(note_received(eur(500)))
        .emits([receipt(eur(500)), OrderPaid])
        .state(|order, _| assert_eq!(order.overpaid(), eur(380)));
}

#[test]
fn old_news_of_money_change_nothing() {
    order()
        .events([receipt(eur(60))])
        .when(note_received(eur(60)))
        .emits_nothing()
        .when(note_received(eur(20)))
        .emits_nothing()
        .state(|order, _| assert_eq!(order.received(), eur(60)));
}

#[test]
fn money_may_be_faster_than_who_orders() {
    given::<Order>("o")
        .when(note_received(eur(10)))
        .emits([receipt(eur(10))])
        .when(open())
        .emits([opened()])
        .when(add("north", 1, 10_00))
        .emits([added(1, "north", 1, 10_00), OrderPaid]);
}

#[test]
fn an_order_hears_of_euros_only() {
    let (expected, given) = (eur(1).currency, dollars());
    order()
        .when(note_received(Money { minor: 1, currency: given }))
        .rejected(OtherCurrency { expected, given });
}
