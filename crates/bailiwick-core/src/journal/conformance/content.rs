//! Cases of what an event holds: all of it comes back as it was.

use bytes::Bytes;

use super::build::{at, event, tag};
use super::client::Client;
use crate::journal::{
    DeadlineOf, Delivery, DeliveryTarget, EncodedEvent, Extra, Idempotency, Metadata, Origin,
    Query, RecordedCommand, RecordedDeadline, RecordedEvent,
};
use crate::text::Text;
use crate::time::Timestamp;

#[track_caller]
fn comes_back(client: &Client, events: Vec<EncodedEvent>) {
    let appended = client.append(events.clone());
    let stored = client.matching(Query::all());
    let first = usize::try_from(appended.first.get() - 1).expect("few events");
    let numbers = appended.first.get()..=appended.last.get();
    let expected = numbers.zip(events).map(|(n, event)| RecordedEvent { position: at(n), event });
    for (stored, expected) in stored[first..].iter().zip(expected) {
        assert_eq!(*stored, expected);
    }
    assert_eq!(stored.len() as u64, appended.last.get());
}

pub(super) fn types_and_tags_come_back(client: &Client) {
    let many: Vec<String> = (0..12).map(|n| format!("k{n}:{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let read_type = String::from("A.type, with: \"every\" kind of 'character' \\ % ü 語 🦀");
    comes_back(client, vec![event("A", &[]), event("A", &["x:1", "x:2"])]);
    comes_back(client, vec![event("B", &many), event(read_type, &["x:1"])]);
}

pub(super) fn payloads_come_back(client: &Client) {
    let payloads = [
        Bytes::new(),
        Bytes::from_static(b"\0"),
        Bytes::from_static("{\"text\": \"ü 語 🦀\"}".as_bytes()),
        (0..=255).collect(),
        Bytes::from_static(b"\xff\xfe not UTF-8 \xc3\x28"),
        vec![0x5a; 100_000].into(),
    ];
    let with = |payload| EncodedEvent { payload, ..event("A", &["x:1"]) };
    comes_back(client, payloads.map(with).to_vec());
}

pub(super) fn times_of_recording_come_back(client: &Client) {
    let with = |millis| EncodedEvent {
        recorded_at: Timestamp::from_millis(millis),
        ..event("A", &["x:1"])
    };
    let millis = [0, 1, 999, 1_767_225_600_123, 253_402_300_799_999, 5];
    comes_back(client, millis.map(with).to_vec());
}

fn everything() -> Extra {
    let text = |text: &str| Some(Text::from(text.to_owned()));
    Extra {
        correlation: text("ü 語 🦀 \"quoted\" \\"),
        causation: Some(at(7)),
        principal: text("p"),
        idempotency: idempotency(b"\x81\xa4left\x03"),
        delivery: delivery(),
        deadlines: deadlines(),
        hops: 3,
        recorded: recorded(),
        ..Extra::default()
    }
}

fn recorded() -> Option<RecordedCommand> {
    let recorded = RecordedCommand::new(Some(Bytes::from_static(b"\x90\xff")), 2);
    let (as_of, read_upto) = (Some(at(5)), Some(at(4)));
    Some(RecordedCommand { as_of, read_upto, ..recorded })
}

fn idempotency(reply: &'static [u8]) -> Option<Idempotency> {
    let key = Text::literal("k-1");
    Some(Idempotency { key, fingerprint: u64::MAX, reply: Bytes::from_static(reply) })
}

fn delivery() -> Option<Delivery> {
    Some(Delivery {
        policy: Text::literal("CloseOffer"),
        source: at(6),
        run: 2,
        target: Some(DeliveryTarget {
            name: Text::literal("Course"),
            tag: Some(tag("course:c 1")),
        }),
        ordinal: 1,
    })
}

fn deadlines() -> Vec<DeadlineOf> {
    let of = |name: &'static str, deadline| DeadlineOf {
        aggregate: Text::literal(name),
        tag: tag("course:c 1"),
        deadline,
    };
    let at = Some(Timestamp::from_millis(1_767_225_600_123));
    let never = RecordedDeadline::new(None, u32::MAX);
    vec![of("Course", RecordedDeadline::new(at, 1)), of("Catalogue", never)]
}

fn origin(deadline: Option<Timestamp>) -> Option<Origin> {
    let deadline = RecordedDeadline::new(deadline, 1);
    Some(Origin { aggregate: Text::literal("Course"), tag: tag("course:c 1"), deadline })
}

fn with(change: impl FnOnce(&mut Metadata)) -> EncodedEvent {
    let mut metadata = Metadata::default();
    change(&mut metadata);
    EncodedEvent { metadata, ..event("A", &["x:1"]) }
}

fn with_extra(change: impl FnOnce(&mut Extra)) -> EncodedEvent {
    with(|metadata| change(metadata.extra_mut()))
}

pub(super) fn metadata_comes_back(client: &Client) {
    let all = with(|metadata| {
        metadata.command = Some(Text::literal("Subscribe"));
        metadata.origin = origin(Some(Timestamp::from_millis(1_767_225_600_123)));
        *metadata.extra_mut() = everything();
    });
    let variations = vec![
        with(|_| {}),
        with(|metadata| metadata.command = Some(Text::literal("Subscribe"))),
        with(|metadata| metadata.origin = origin(None)),
        with(|metadata| metadata.origin = origin(Some(Timestamp::MAX))),
        with_extra(|extra| extra.correlation = Some(Text::literal("c"))),
        with_extra(|extra| extra.causation = Some(at(u64::MAX))),
        with_extra(|extra| extra.principal = Some(Text::literal("p"))),
        with_extra(|extra| extra.idempotency = idempotency(b"\0")),
        with_extra(|extra| extra.delivery = delivery()),
        with_extra(|extra| extra.deadlines = deadlines()),
        with_extra(|extra| extra.hops = u32::MAX),
        EncodedEvent { version: u32::MAX, ..event("A", &["x:1"]) },
        all,
        // Empty is not absent.
        with_extra(|extra| extra.principal = Some(Text::literal(""))),
        with_extra(|extra| extra.idempotency = idempotency(b"")),
    ];
    comes_back(client, variations);
}
