//! Journals that contradict the rules: the event that does is named.

use bailiwick::MemoryJournal;
use bailiwick::journal::EncodedEvent;
use bailiwick_examples::money::Money;
use bailiwick_examples::orders::{
    OrderEvent, OrderId, ParcelEvent, ParcelId, PaymentEvent, Position as Item,
};

use super::*;
use crate::encoded::event;

fn order(what: &OrderEvent) -> EncodedEvent {
    event(&OrderId::from("A"), what, 0)
}

fn added(number: u32, quantity: u32, cents: u64) -> EncodedEvent {
    let unit_price = Money::cents(cents);
    let position = Item { product: "p".into(), warehouse: "north".into(), unit_price, quantity };
    order(&OrderEvent::PositionAdded { number, position })
}

fn received(transfer: &'static str, cents: u64, total: u64) -> EncodedEvent {
    let (transfer, amount, total) = (transfer.into(), Money::cents(cents), Money::cents(total));
    event(&OrderId::from("A"), &PaymentEvent::PaymentReceived { transfer, amount, total }, 1)
}

fn refunded() -> EncodedEvent {
    let amount = Money::cents(1);
    event(&OrderId::from("A"), &PaymentEvent::PaymentRefunded { amount }, 2)
}

fn parcel(what: fn(OrderId) -> ParcelEvent) -> EncodedEvent {
    event(&ParcelId::of(&"A".into(), 1), &what("A".into()), 3)
}

fn opened() -> EncodedEvent {
    parcel(|order| ParcelEvent::ParcelOpened { order, warehouse: "north".into() })
}

fn sent_off() -> EncodedEvent {
    parcel(|order| ParcelEvent::ParcelSent { order })
}

fn arrived() -> EncodedEvent {
    parcel(|order| ParcelEvent::ParcelArrived { order })
}

fn cancelled() -> EncodedEvent {
    parcel(|order| ParcelEvent::ParcelCancelled { order })
}

/// What the audit says of these events.
async fn says(events: &[EncodedEvent]) -> String {
    let journal = MemoryJournal::new();
    journal.append(events.to_vec(), None).await.unwrap();
    match audit(&journal, Sent::new()).await {
        Ok(findings) => format!("fine, {} events", findings.events),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_journal_that_keeps_the_rules_is_fine() {
    let [paid, moving, complete] =
        [OrderEvent::OrderPaid, OrderEvent::OrderInDelivery, OrderEvent::OrderCompleted];
    let whole = [
        added(1, 100, 50_00),
        received("t", 4_950_00, 4_950_00),
        order(&paid),
        opened(),
        order(&moving),
        arrived(),
        order(&complete),
    ];
    assert_eq!(says(&whole).await, "fine, 7 events");
    assert_eq!(says(&[opened(), refunded(), cancelled()]).await, "fine, 3 events");
}

#[tokio::test]
async fn what_contradicts_the_rules_is_named() {
    let (paid, complete) = (order(&OrderEvent::OrderPaid), order(&OrderEvent::OrderCompleted));
    let moving = || order(&OrderEvent::OrderInDelivery);
    let cases: [(&[EncodedEvent], &str); 8] = [
        (&[added(1, 101, 1)], "1: it is beyond its limits"),
        (&[added(1, 1, 1), added(2, 1, 5_000_00)], "2: it is beyond its limits"),
        (
            &[added(1, 1, 100), received("t", 98, 98), paid.clone()],
            "3: less than 99 % were received",
        ),
        (&[moving()], "1: its status does not go one step forward"),
        (
            &[received("t", 1, 1), received("t", 1, 2)],
            "2: a transfer counts twice, or does not add up",
        ),
        (
            &[added(1, 1, 1), received("t", 1, 1), paid, moving(), opened(), sent_off(), complete],
            "7: not all of its parcels have arrived",
        ),
        (&[opened(), refunded()], "2: the parcel A-1 was never cancelled"),
        (&[opened(), sent_off(), refunded(), cancelled()], "4: it was sent before"),
    ];
    for (events, expected) in cases {
        let said = says(events).await;
        assert!(said.ends_with(expected), "{said}, not {expected}");
    }
}

#[tokio::test]
async fn the_mail_has_one_message_under_a_key() {
    let journal = MemoryJournal::new();
    let sent = |messages: [&str; 2]| Sent::from([("k/1".into(), messages.map(Into::into).into())]);
    assert!(audit(&journal, sent(["a", "a"])).await.is_ok());
    let error = audit(&journal, sent(["a", "b"])).await.unwrap_err();
    assert!(error.to_string().ends_with("two messages under the key k/1"), "{error}");
}
