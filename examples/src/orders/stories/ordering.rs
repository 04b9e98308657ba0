//! Opening an order, adding and removing positions.

use bailiwick_core::given;

use super::sample::*;
use crate::orders::*;

#[test]
fn an_order_is_opened_once() {
    given::<Order>("o")
        .when(open())
        .emits([opened()])
        .no_deadline()
        .when(open())
        .rejected(OpenRefused::AlreadyOpened);
}

#[test]
fn positions_have_numbers_that_are_never_used_again() {
    given::<Order>("o")
        .events([opened()])
        .when(add("north", 1, 100_00))
        .replies(1)
        .when(add("south", 2, 10_00))
        .emits([added(2, "south", 2, 10_00)])
        .replies(2)
        .when(remove(2))
        .emits([removed(2)])
        .when(add("north", 1, 5_00))
        .emits([added(3, "north", 1, 5_00)])
        .replies(3)
        .state(|order, _| {
            assert_eq!((order.items(), order.value()), (2, eur(105)));
            assert_eq!(order.positions().keys().collect::<Vec<_>>(), [&1, &3]);
            assert_eq!(order.warehouses(), ["north".into()].into());
        });
}

#[test]
fn nothing_is_added_to_what_nobody_has_opened() {
    given::<Order>("o").when(add("north", 1, 1)).rejected(AddRefused::NotOpened);
}

#[test]
fn what_is_not_there_cannot_be_removed() {
    order().when(remove(3)).rejected(RemoveRefused::NoSuchPosition);
    order().events([removed(1)]).when(remove(1)).rejected(RemoveRefused::NoSuchPosition);
}

/// While nobody packs it, also when it is paid.
#[test]
fn positions_change_until_the_order_is_packed() {
    order()
        .events([receipt(eur(200)), OrderEvent::OrderPaid])
        .when(add("west", 1, 30_00))
        .emits([added(3, "west", 1, 30_00)])
        .when(remove(1))
        .emits([removed(1)])
        .when(NoteFilling)
        .emits([OrderEvent::FillingNoted, OrderEvent::OrderInDelivery])
        .when(add("west", 1, 1))
        .rejected(AddRefused::Packed)
        .when(remove(2))
        .rejected(RemoveRefused::Packed)
        .state(|order, _| assert_eq!(order.value(), eur(50)));
}

#[test]
fn nothing_changes_once_the_money_went_back() {
    order()
        .events([receipt(eur(1)), OrderEvent::RefundNoted])
        .when(add("north", 1, 1))
        .rejected(AddRefused::Refunded)
        .when(remove(1))
        .rejected(RemoveRefused::Refunded);
}
