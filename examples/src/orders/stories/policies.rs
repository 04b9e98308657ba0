//! What policies make of news.

use bailiwick_core::{given_events, to};

use super::sample::*;
use crate::orders::*;

fn to_order<C>(command: C) -> bailiwick_core::Sent
where
    C: bailiwick_core::CommandOf<Order> + PartialEq + std::fmt::Debug + 'static,
{
    to::<Order>("o", command)
}

#[test]
fn accounting_tells_the_order_what_was_received_in_all() {
    let received = |transfer: &'static str, total| {
        let (transfer, amount, total) = (transfer.into(), eur(60), eur(total));
        by_payment(PaymentEvent::PaymentReceived { transfer, amount, total })
    };
    given_events()
        .sees(Accounting, received("t1", 60))
        .sends([to_order(note_received(eur(60)))])
        .sees(Accounting, received("t2", 120))
        .sends([to_order(note_received(eur(120)))]);
}

#[test]
fn accounting_tells_order_and_fulfilment_of_a_refund() {
    given_events()
        .sees(Accounting, by_payment(PaymentEvent::PaymentRefunded { amount: eur(60) }))
        .sends([to_order(NoteRefund), to::<Fulfilment>("o", CallOff)]);
}

#[test]
fn accounting_tells_nobody_of_what_goes_straight_back() {
    let (transfer, amount) = ("t1".into(), eur(60));
    given_events()
        .sees(Accounting, by_payment(PaymentEvent::PaymentReturned { transfer, amount }))
        .sends_nothing();
}

#[test]
fn planning_says_where_a_paid_order_comes_from() {
    given_events()
        .events(two_positions().map(by_order))
        .event(by_order(receipt(eur(120))))
        .sees(Planning, by_order(OrderEvent::OrderPaid))
        .sends([to::<Fulfilment>("o", plan(5, ["north", "south"], false))]);
}

#[test]
fn planning_says_so_again_when_positions_change_until_the_order_is_packed() {
    given_events()
        .events(two_positions().map(by_order))
        .events([receipt(eur(120)), OrderEvent::OrderPaid].map(by_order))
        .sees(Planning, by_order(removed(1)))
        .sends([to::<Fulfilment>("o", plan(6, ["south"], false))])
        .sees(Planning, by_order(added(3, "west", 1, 1)))
        .sends([to::<Fulfilment>("o", plan(7, ["south", "west"], false))])
        .event(by_order(OrderEvent::FillingNoted))
        .sees(Planning, by_order(OrderEvent::OrderInDelivery))
        .sends([to::<Fulfilment>("o", plan(9, ["south", "west"], true))]);
}

#[test]
fn planning_has_nothing_to_say_about_what_is_not_paid() {
    given_events()
        .event(by_order(opened()))
        .sees(Planning, by_order(added(1, "north", 1, 1)))
        .sends_nothing()
        .sees(Planning, by_order(removed(1)))
        .sends_nothing();
}

#[test]
fn dispatch_opens_and_cancels_what_is_asked_for() {
    given_events()
        .sees(Dispatch, by_fulfilment(planned(5, false)))
        .sends_nothing()
        .sees(Dispatch, by_fulfilment(requested(1, "north")))
        .sends([to::<Parcel>(parcel(1), OpenParcel { warehouse: "north".into() })])
        .sees(Dispatch, by_fulfilment(called_off(1)))
        .sends([to::<Parcel>(parcel(1), CancelParcel)]);
}

#[test]
fn dispatch_tells_the_order_when_all_have_arrived() {
    given_events()
        .sees(Dispatch, by_fulfilment(FulfilmentEvent::ParcelConfirmed { parcel: parcel(1) }))
        .sends_nothing()
        .sees(Dispatch, by_fulfilment(FulfilmentEvent::DeliveryDone))
        .sends([to_order(NoteArrival)]);
}

#[test]
fn tracking_follows_parcels() {
    let (order, one) = ("o".into(), parcel(1));
    given_events()
        .sees(Tracking, by_parcel(1, ParcelEvent::ParcelFilled { order }))
        .sends([to_order(NoteFilling)])
        .sees(Tracking, by_parcel(1, ParcelEvent::ParcelArrived { order: "o".into() }))
        .sends([to::<Fulfilment>("o", NoteArrived { parcel: one })])
        .sees(Tracking, by_parcel(2, ParcelEvent::ParcelCancelled { order: "o".into() }))
        .sends([to::<Fulfilment>("o", NoteCancelled { parcel: parcel(2) })]);
}
