//! Parcels: filled, sent, arrived, or cancelled.

use bailiwick_core::{Given, given};

use super::sample::*;
use crate::orders::ParcelEvent::*;
use crate::orders::*;

fn o() -> OrderId {
    "o".into()
}

fn opened() -> ParcelEvent {
    ParcelOpened { order: o(), warehouse: "north".into() }
}

fn filled() -> ParcelEvent {
    ParcelFilled { order: o() }
}

fn sent() -> ParcelEvent {
    ParcelSent { order: o() }
}

fn arrived() -> ParcelEvent {
    ParcelArrived { order: o() }
}

fn cancelled() -> ParcelEvent {
    ParcelCancelled { order: o() }
}

fn open() -> OpenParcel {
    OpenParcel { warehouse: "north".into() }
}

fn story(events: &[ParcelEvent]) -> Given<Parcel> {
    given::<Parcel>(parcel(1)).events(events.to_vec())
}

#[test]
fn a_parcel_has_the_order_and_a_number() {
    assert_eq!(parcel(2).to_string(), "o-2");
    for text in ["o-2", "o-1-2", "-o-1"] {
        assert_eq!(text.parse::<ParcelId>().unwrap().to_string(), text);
    }
    for text in ["o", "o-", "o-x", "-1", "o-02", "o-4294967296"] {
        assert!(text.parse::<ParcelId>().is_err(), "{text}");
    }
    let json = serde_json::to_string(&parcel(2)).unwrap();
    assert_eq!(json, r#""o-2""#);
    assert_eq!(serde_json::from_str::<ParcelId>(&json).unwrap(), parcel(2));
}

#[test]
fn it_is_filled_sent_and_arrives_once_each() {
    story(&[])
        .when(open())
        .emits([opened()])
        .when(open())
        .emits_nothing()
        .when(FillParcel)
        .emits([filled()])
        .when(FillParcel)
        .emits_nothing()
        .when(SendParcel)
        .emits([sent()])
        .when(SendParcel)
        .emits_nothing()
        .when(DeliverParcel)
        .emits([arrived()])
        .when(DeliverParcel)
        .emits_nothing()
        .no_deadline();
}

#[test]
fn a_scan_says_what_has_to_have_been_before() {
    story(&[opened()]).when(SendParcel).emits([filled(), sent()]);
    story(&[opened(), filled()]).when(DeliverParcel).emits([sent(), arrived()]);
    story(&[opened()])
        .when(DeliverParcel)
        .emits([filled(), sent(), arrived()])
        .when(FillParcel)
        .emits_nothing()
        .when(SendParcel)
        .emits_nothing()
        .state(|parcel, _| assert_eq!(parcel.status(), ParcelStatus::Arrived));
}

#[test]
fn nothing_happens_to_what_nobody_has_asked_for() {
    story(&[])
        .when(FillParcel)
        .rejected(ParcelRefused::NotOpened)
        .when(SendParcel)
        .rejected(ParcelRefused::NotOpened)
        .when(DeliverParcel)
        .rejected(ParcelRefused::NotOpened)
        .when(CancelParcel)
        .rejected(CancelRefused::NotOpened);
}

#[test]
fn it_is_cancelled_until_it_was_sent() {
    for before in [vec![opened()], vec![opened(), filled()]] {
        story(&before)
            .when(CancelParcel)
            .emits([cancelled()])
            .when(CancelParcel)
            .emits_nothing()
            .when(FillParcel)
            .rejected(ParcelRefused::Cancelled)
            .when(SendParcel)
            .rejected(ParcelRefused::Cancelled)
            .when(DeliverParcel)
            .rejected(ParcelRefused::Cancelled)
            .when(open())
            .emits_nothing();
    }
    let way = [opened(), filled(), sent(), arrived()];
    for sent in [3, 4] {
        story(&way[..sent]).when(CancelParcel).rejected(CancelRefused::AlreadySent);
    }
}
