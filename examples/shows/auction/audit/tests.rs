//! Journals that contradict the rules: the event that does is named.

use bailiwick::journal::{Delivery, EncodedEvent};
use bailiwick::{MemoryJournal, Position};
use bailiwick_examples::auction::{
    Bid, BidPlaced, BidRetracted, BidderEvent, BidderId, BidderSuspended, Increment, ListingEvent,
    ListingId, Money, Terms,
};

use super::*;
use crate::encoded::event;

fn eur(minor: u64) -> Money {
    Money { minor, currency: "EUR".parse().unwrap() }
}

/// Something that happens to the listing, from 10 to 100.
fn happens(what: impl Into<ListingEvent>, at: u64) -> EncodedEvent {
    event(&ListingId::from("l1"), &what.into(), at)
}

fn opened() -> EncodedEvent {
    let (increment, seller) = (Increment::Amount(eur(50)), "seller".into());
    let (starts_at, ends_at) = (10.into(), 100.into());
    let terms = Terms { seller, ask: eur(500), increment, starts_at, ends_at };
    happens(ListingEvent::ListingOpened { terms }, 0)
}

fn approved() -> EncodedEvent {
    event(&BidderId::from("ann"), &BidderEvent::BidderApproved, 0)
}

fn suspended(at: u64) -> EncodedEvent {
    let bidder = BidderId::from("ann");
    event(&bidder, &BidderEvent::Suspended(BidderSuspended { bidder: bidder.clone() }), at)
}

fn bid(bidder: &'static str, amount: u64, at: u64) -> EncodedEvent {
    let (listing, amount) = ("l1".into(), eur(amount));
    happens(BidPlaced { listing, bidder: bidder.into(), amount }, at)
}

fn retracted(at: u64) -> EncodedEvent {
    happens(BidRetracted { listing: "l1".into(), bidder: "ann".into() }, at)
}

fn closed(amount: Option<u64>, at: u64) -> EncodedEvent {
    let bid = |amount| Bid { bidder: "ann".into(), amount: eur(amount), placed_at: 10.into() };
    happens(ListingEvent::ListingClosed { winner: amount.map(bid) }, at)
}

/// What the audit says of these events after the listing was opened, and Ann approved.
async fn says(events: impl IntoIterator<Item = EncodedEvent>) -> String {
    let journal = MemoryJournal::new();
    let events = [opened(), approved()].into_iter().chain(events).collect();
    journal.append(events, None).await.unwrap();
    match audit(&journal).await {
        Ok(findings) => format!("fine, {} events", findings.events),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn a_journal_that_keeps_the_rules_is_fine() {
    assert_eq!(says([bid("ann", 500, 10), closed(Some(500), 100)]).await, "fine, 4 events");
    let taken_out = [bid("ann", 500, 10), suspended(20), retracted(30), closed(None, 100)];
    assert_eq!(says(taken_out).await, "fine, 6 events");
    let stands = [bid("ann", 500, 10), closed(Some(500), 100), suspended(110)];
    assert_eq!(says(stands).await, "fine, 5 events");
}

#[tokio::test]
async fn what_contradicts_the_rules_is_named() {
    let twice = |mut event: EncodedEvent| {
        event.metadata.extra_mut().delivery = Some(Delivery {
            policy: "corrective".into(),
            run: 0,
            source: Position::new(3),
            target: None,
            ordinal: 0,
        });
        event
    };
    let cases: [(&[EncodedEvent], &str); 8] = [
        (&[bid("ann", 499, 10)], "3: it is too low"),
        (&[bid("ann", 500, 10), bid("bob", 549, 11)], "4: it is too low"),
        (&[bid("ann", 500, 100)], "3: it is no time for bids"),
        (&[bid("ann", 500, 10), closed(Some(500), 99)], "4: it is closed early"),
        (&[bid("ann", 500, 10), closed(None, 100)], "4: that bid is not the highest"),
        (&[suspended(101)], "3: the l1 was never closed"),
        (
            &[bid("ann", 500, 10), suspended(20), closed(Some(500), 100)],
            "5: ann's bid for the l1 was never taken out",
        ),
        (
            &[bid("ann", 500, 10), twice(retracted(20)), bid("ann", 500, 30), twice(retracted(40))],
            "6: a delivery of corrective for the second time",
        ),
    ];
    for (events, expected) in cases {
        let said = says(events.to_vec()).await;
        assert!(said.ends_with(expected), "{said}, not {expected}");
    }
}
