//! What the stories are made of.

use bailiwick_core::quiesce::Quiesce;
use bailiwick_core::{By, Given, by, given, quiesce};

use crate::money::{Amount, Currency, Money};
use crate::orders::*;

/// So many euros.
pub fn eur(euros: u64) -> Money {
    Money::cents(100 * euros)
}

pub fn dollars() -> Currency {
    "USD".parse().unwrap()
}

pub fn open() -> OpenOrder {
    OpenOrder { customer: "ann".into() }
}

/// A position: from where, how many, and what one costs, in cents.
pub fn add(warehouse: &'static str, quantity: u32, cents: i64) -> AddPosition {
    let unit_price = Amount { minor: cents, currency: Currency::EUR };
    AddPosition { product: "p".into(), warehouse: warehouse.into(), unit_price, quantity }
}

pub fn remove(number: u32) -> RemovePosition {
    RemovePosition { number }
}

pub fn receive(transfer: &'static str, amount: Money) -> Receive {
    Receive { transfer: transfer.into(), amount }
}

pub fn note_received(received: Money) -> NoteReceived {
    NoteReceived { received }
}

pub fn plan<const N: usize>(revision: u64, from: [&'static str; N], last: bool) -> Plan {
    Plan { revision, warehouses: from.map(WarehouseId::from).into(), last }
}

pub fn opened() -> OrderEvent {
    OrderEvent::OrderOpened { customer: "ann".into() }
}

/// As [`add`], and the number of the position.
pub fn added(number: u32, warehouse: &'static str, quantity: u32, cents: u64) -> OrderEvent {
    let unit_price = Money::cents(cents);
    let (product, warehouse) = ("p".into(), warehouse.into());
    let position = Position { product, warehouse, unit_price, quantity };
    OrderEvent::PositionAdded { number, position }
}

pub fn removed(number: u32) -> OrderEvent {
    OrderEvent::PositionRemoved { number }
}

pub fn receipt(received: Money) -> OrderEvent {
    OrderEvent::ReceiptNoted { received }
}

/// Of the order `o`.
pub fn parcel(number: u32) -> ParcelId {
    ParcelId::of(&"o".into(), number)
}

pub fn requested(number: u32, warehouse: &'static str) -> FulfilmentEvent {
    let (parcel, warehouse) = (parcel(number), warehouse.into());
    FulfilmentEvent::ParcelRequested { parcel, warehouse }
}

pub fn called_off(number: u32) -> FulfilmentEvent {
    FulfilmentEvent::ParcelCalledOff { parcel: parcel(number) }
}

pub fn planned(revision: u64, last: bool) -> FulfilmentEvent {
    FulfilmentEvent::DeliveryPlanned { revision, last }
}

/// An order of 100 EUR from the north and 20 EUR from the south.
pub fn two_positions() -> [OrderEvent; 3] {
    [opened(), added(1, "north", 1, 100_00), added(2, "south", 2, 10_00)]
}

pub fn order() -> Given<Order> {
    given::<Order>("o").events(two_positions())
}

pub fn by_order(event: OrderEvent) -> By<Order> {
    by("o", event)
}

pub fn by_payment(event: PaymentEvent) -> By<Payment> {
    by("o", event)
}

pub fn by_fulfilment(event: FulfilmentEvent) -> By<Fulfilment> {
    by("o", event)
}

pub fn by_parcel(number: u32, event: ParcelEvent) -> By<Parcel> {
    by(parcel(number), event)
}

/// All aggregates and policies.
pub fn shop() -> Quiesce {
    quiesce()
        .aggregate::<Order>()
        .aggregate::<Payment>()
        .aggregate::<Parcel>()
        .aggregate::<Fulfilment>()
        .policy(Accounting)
        .policy(Planning)
        .policy(Dispatch)
        .policy(Tracking)
}

/// With the order `o`, of [`two_positions`].
pub fn shop_with_order() -> Quiesce {
    shop().events(two_positions().map(by_order))
}

/// That order, paid.
pub fn paid() -> Quiesce {
    let (verdict, story) =
        shop_with_order().get::<Payment>("o").ask(receive("t", eur(120))).result();
    assert!(matches!(verdict, bailiwick_core::Verdict::Accepted { .. }));
    story
}
