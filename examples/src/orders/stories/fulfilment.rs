//! Which parcels there have to be, and when all have arrived.

use bailiwick_core::{Given, given};

use super::sample::*;
use crate::orders::FulfilmentEvent::*;
use crate::orders::*;

fn arrived(number: u32) -> NoteArrived {
    NoteArrived { parcel: parcel(number) }
}

fn cancelled(number: u32) -> NoteCancelled {
    NoteCancelled { parcel: parcel(number) }
}

fn confirmed(number: u32) -> FulfilmentEvent {
    ParcelConfirmed { parcel: parcel(number) }
}

fn lost(number: u32) -> FulfilmentEvent {
    ParcelLost { parcel: parcel(number) }
}

/// With a parcel from the north and one from the south.
fn begun() -> Given<Fulfilment> {
    let both = [requested(1, "north"), requested(2, "south")];
    given::<Fulfilment>("o").events([planned(7, false)]).events(both)
}

#[test]
fn each_warehouse_has_one_parcel() {
    given::<Fulfilment>("o")
        .when(plan(7, ["south", "north"], false))
        .emits([planned(7, false), requested(1, "north"), requested(2, "south")])
        .no_deadline()
        .when(plan(9, ["north", "south", "west"], false))
        .emits([planned(9, false), requested(3, "west")])
        .state(|fulfilment, _| assert_eq!(fulfilment.needed().count(), 3));
}

#[test]
fn an_old_plan_changes_nothing() {
    begun().when(plan(7, ["west"], false)).emits_nothing();
    begun().when(plan(6, ["west"], true)).emits_nothing();
    begun()
        .when(plan(9, ["north", "south"], true))
        .emits([planned(9, true)])
        .when(plan(10, ["west"], true))
        .emits_nothing();
}

/// What is needed again later is another parcel.
#[test]
fn what_is_not_needed_any_more_is_called_off() {
    begun()
        .when(plan(8, ["south"], false))
        .emits([planned(8, false), called_off(1)])
        .when(plan(9, ["south", "north"], false))
        .emits([planned(9, false), requested(3, "north")])
        .when(plan(10, [], false))
        .emits([planned(10, false), called_off(2), called_off(3)]);
}

#[test]
fn all_that_are_needed_have_to_arrive() {
    begun()
        .when(plan(8, ["north", "south"], true))
        .emits([planned(8, true)])
        .when(arrived(2))
        .emits([confirmed(2)])
        .when(arrived(2))
        .emits_nothing()
        .when(arrived(1))
        .emits([confirmed(1), DeliveryDone])
        .when(arrived(1))
        .emits_nothing()
        .state(|fulfilment, _| assert!(fulfilment.done()));
}

/// Others may follow.
#[test]
fn arrivals_complete_nothing_before_all_parcels_are_known() {
    begun()
        .when(arrived(1))
        .emits([confirmed(1)])
        .when(arrived(2))
        .emits([confirmed(2)])
        .when(plan(8, ["north", "south", "west"], true))
        .emits([planned(8, true), requested(3, "west")])
        .when(arrived(3))
        .emits([confirmed(3), DeliveryDone]);
    begun()
        .events([confirmed(1), confirmed(2)])
        .when(plan(8, ["north", "south"], true))
        .emits([planned(8, true), DeliveryDone]);
}

#[test]
fn nothing_is_nothing_to_complete() {
    begun().when(plan(8, [], true)).emits([planned(8, true), called_off(1), called_off(2)]);
}

#[test]
fn nobody_waits_for_what_was_called_off() {
    begun()
        .events([called_off(1), planned(8, true)])
        .when(arrived(2))
        .emits([confirmed(2), DeliveryDone])
        .when(arrived(1))
        .emits([confirmed(1)]);
}

#[test]
fn a_parcel_that_a_warehouse_cancels_is_replaced() {
    begun()
        .events([planned(8, true)])
        .when(cancelled(1))
        .emits([lost(1), requested(3, "north")])
        .when(cancelled(1))
        .emits_nothing()
        .when(arrived(2))
        .emits([confirmed(2)])
        .when(arrived(3))
        .emits([confirmed(3), DeliveryDone]);
    begun().events([called_off(1)]).when(cancelled(1)).emits_nothing();
    begun().events([confirmed(1)]).when(cancelled(1)).emits_nothing();
}

#[test]
fn a_refund_calls_off_what_has_not_arrived_for_good() {
    begun()
        .events([confirmed(1), planned(8, true)])
        .when(CallOff)
        .emits([DeliveryCalledOff, called_off(2)])
        .when(CallOff)
        .emits_nothing()
        .when(plan(9, ["west"], true))
        .emits_nothing()
        // It was sent, and could not be called back.
        .when(arrived(2))
        .emits([confirmed(2)])
        .when(cancelled(2))
        .emits_nothing()
        .state(|fulfilment, _| assert!(fulfilment.called_off() && !fulfilment.done()));
}

#[test]
fn a_refund_may_be_told_before_the_first_plan() {
    given::<Fulfilment>("o")
        .when(CallOff)
        .emits([DeliveryCalledOff])
        .when(plan(7, ["north"], false))
        .emits_nothing();
}

#[test]
fn parcels_of_others_are_none_of_its_business() {
    let other = ParcelId::of(&"p".into(), 1);
    for parcel in [parcel(3), other] {
        let refused = NoteRefused::UnknownParcel(parcel.clone());
        begun().when(NoteArrived { parcel: parcel.clone() }).rejected(refused.clone());
        begun().when(NoteCancelled { parcel }).rejected(refused);
    }
}
