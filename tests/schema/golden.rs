//! Bytes that were written once are read for ever: `tests/golden/` holds records as each version of
//! the layout wrote them. Nothing in there is ever changed; new cases are added at the end.
//!
//! What would be written today: `cargo test -p bailiwick-tests --test schema golden -- --ignored
//! --nocapture`. It only prints.

use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};

use bailiwick::journal::{
    ANSWERED, DeadlineOf, Delivery, DeliveryTarget, EncodedEvent, EventType, Extra, Idempotency,
    Metadata, Origin, RecordedCommand, RecordedDeadline, record,
};
use bailiwick::recording::RefusalRecorded;
use bailiwick::{Event, Position, Tag, Tags, Text, Timestamp, codec, id, tags_of};
use bailiwick_examples::streaming::SessionEvent;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// As the first version of the layout wrote them.
const VERSION_1: &str = include_str!("../golden/records-1.txt");

/// An event that is in the golden file, and a look at whether its type still reads it.
struct Case {
    name: &'static str,
    event: EncodedEvent,
    reads: Box<dyn Fn(&EncodedEvent)>,
}

/// One line of a golden file.
struct Line<'a> {
    event_type: &'a str,
    tags: Tags,
    record: Vec<u8>,
}

fn lines(file: &str) -> BTreeMap<&str, Line<'_>> {
    let lines = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let lines = lines.map(|line| {
        let [name, event_type, tags, record] =
            line.split('\t').collect::<Vec<_>>().try_into().expect("four columns");
        let tags = tags.split(' ').filter(|tag| !tag.is_empty());
        let tags = tags.map(|tag| tag.parse().expect("a tag")).collect();
        let digits = record.as_bytes().chunks(2);
        let record = digits.map(|byte| str::from_utf8(byte).expect("digits"));
        let record = record.map(|byte| u8::from_str_radix(byte, 16).expect("digits")).collect();
        (name, Line { event_type, tags, record })
    });
    lines.collect()
}

fn cases() -> Vec<Case> {
    let session = || "s1".into();
    let started = SessionEvent::SessionStarted {
        session: session(),
        expires_at: Timestamp::from_millis(1_767_225_610_123),
    };
    let renewed = SessionEvent::LeaseRenewed {
        session: session(),
        expires_at: Timestamp::from_millis(1_767_225_620_123),
    };
    vec![
        domain("streaming: session started", started),
        domain("streaming: lease renewed", renewed),
        domain("streaming: session ended", SessionEvent::SessionEnded { session: session() }),
        domain("streaming: lease expired", SessionEvent::LeaseExpired { session: session() }),
        domain("streaming: limit changed", SessionEvent::LimitChanged { limit: 300 }),
        plain("no metadata", |_| {}),
        plain("command", |metadata| metadata.command = Some(Text::literal("Acquire"))),
        plain("origin", |metadata| metadata.origin = origin(None)),
        plain("origin with a deadline", |metadata| metadata.origin = origin(Some(Timestamp::MAX))),
        extra("correlation", |extra| extra.correlation = Some(Text::literal("ü 🦀"))),
        extra("causation", |extra| extra.causation = Some(Position::new(70_000))),
        extra("principal", |extra| extra.principal = Some(Text::literal(""))),
        extra("idempotency", |extra| extra.idempotency = Some(idempotency())),
        extra("delivery", |extra| extra.delivery = Some(delivery())),
        extra("delivery to a decision", |extra| extra.delivery = Some(delivery_to_a_decision())),
        extra("delivery of nothing", |extra| {
            extra.delivery = Some(Delivery { target: None, ..delivery() });
        }),
        extra("hops", |extra| extra.hops = 3),
        unknown("unknown metadata"),
        version("a later version of the fields"),
        payload("a payload that is no map", b"\x00\xff{}"),
        payload("no payload", b""),
        answered("an answer that is remembered"),
        everything("everything"),
        plain("a deadline by a later version of its rule", |metadata| {
            metadata.origin = origin(Some(Timestamp::MAX)).map(by_version(70_000));
        }),
        plain("no deadline by a later version of its rule", |metadata| {
            metadata.origin = origin(None).map(by_version(2));
        }),
        extra("deadlines of others", |extra| extra.deadlines = deadlines()),
        made_of("ids of a number and a UUID"),
        extra("a command", |extra| extra.recorded = Some(command(1))),
        extra("a command of three events", |extra| extra.recorded = Some(command(3))),
        extra("a command that was too large", |extra| {
            extra.recorded = Some(RecordedCommand::new(None, 1));
        }),
        extra("a decision", |extra| {
            let mut decision = command(1);
            decision.read_upto = Some(Position::new(70_000));
            extra.recorded = Some(decision);
        }),
        refused("a refusal"),
    ]
}

fn command(events: u32) -> RecordedCommand {
    let form = codec::encode_value(&("s1", 10_000)).expect("it can be encoded");
    RecordedCommand::new(Some(form.into()), events)
}

fn refused(name: &'static str) -> Case {
    let refused = RefusalRecorded::by(Some("AccountSessions"), "all streams are in use".into());
    let case = domain(name, refused);
    let mut event = case.event;
    event.metadata.command = Some(Text::literal("Acquire"));
    let mut recorded = command(0);
    recorded.as_of = Some(Position::new(7));
    event.metadata.extra_mut().recorded = Some(recorded);
    Case { event, ..case }
}

id!(OrderNo(u64): "order", CartId(Uuid): "cart", ShelfNo(i128): "shelf");

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum OrderEvent {
    OrderPlaced {
        #[tag]
        order: OrderNo,
        #[tag]
        cart: CartId,
        #[tag]
        shelf: ShelfNo,
    },
}

/// With the tags that it has by itself.
fn made_of(name: &'static str) -> Case {
    let event = OrderEvent::OrderPlaced {
        order: 12_345_678_901.into(),
        cart: Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8).into(),
        shelf: (-3).into(),
    };
    let tags = tags_of(&Tags::none(), &event).expect("tags");
    let case = domain(name, event);
    Case { event: EncodedEvent { tags, ..case.event }, ..case }
}

fn bare(event_type: &'static str) -> EncodedEvent {
    EncodedEvent {
        event_type: EventType::literal(event_type),
        version: 1,
        tags: "account:acc-1".parse::<Tag>().expect("a tag").into(),
        payload: vec![0x80].into(),
        recorded_at: Timestamp::from_millis(1_767_225_600_123),
        metadata: Metadata::default(),
    }
}

fn domain<E: Event + Clone + PartialEq + Debug>(name: &'static str, event: E) -> Case {
    let mut payload = Vec::new();
    event.encode(&mut payload).expect("it can be encoded");
    let encoded = EncodedEvent { payload: payload.into(), ..bare(event.event_type()) };
    let reads = move |encoded: &EncodedEvent| {
        assert_eq!(encoded.decode::<E>().expect("it is read").as_ref(), Some(&event), "{name}");
    };
    Case { name, event: encoded, reads: Box::new(reads) }
}

fn case(name: &'static str, event: EncodedEvent) -> Case {
    Case { name, event, reads: Box::new(|_| {}) }
}

fn plain(name: &'static str, change: impl FnOnce(&mut Metadata)) -> Case {
    let mut event = bare("LeasesCleared");
    change(&mut event.metadata);
    case(name, event)
}

fn extra(name: &'static str, change: impl FnOnce(&mut Extra)) -> Case {
    plain(name, |metadata| change(metadata.extra_mut()))
}

fn unknown(name: &'static str) -> Case {
    // `{"at": 5, "region": "eu-1", "trace": [1, null], "event": {}}`
    let record = b"\x01\x84\xa2at\x05\xa6region\xa4eu-1\xa5trace\x92\x01\xc0\xa5event\x80";
    let event = bare("LeasesCleared");
    case(name, record::decode(event.event_type, event.tags, record).expect("a record"))
}

fn version(name: &'static str) -> Case {
    case(name, EncodedEvent { version: 300, ..bare("LeasesCleared") })
}

fn payload(name: &'static str, payload: &'static [u8]) -> Case {
    case(name, EncodedEvent { payload: payload.into(), ..bare("LeasesCleared") })
}

fn answered(name: &'static str) -> Case {
    let mut event = bare(ANSWERED);
    event.metadata.command = Some(Text::literal("KeepAlive"));
    event.metadata.origin = origin(None);
    event.metadata.extra_mut().idempotency = Some(idempotency());
    case(name, event)
}

fn everything(name: &'static str) -> Case {
    let mut event = unknown(name).event;
    event.version = 2;
    event.tags = ["account:acc-1", "session:s1"]
        .map(|tag| tag.parse().expect("a tag"))
        .into_iter()
        .collect();
    event.payload = b"\x81\xa7session\xa2s1".as_slice().into();
    event.metadata.command = Some(Text::literal("Acquire"));
    event.metadata.origin = origin(Some(Timestamp::from_millis(1_767_225_610_123)));
    let extra = event.metadata.extra_mut();
    extra.correlation = Some(Text::literal("c"));
    extra.causation = Some(Position::new(6));
    extra.principal = Some(Text::literal("p"));
    extra.idempotency = Some(idempotency());
    extra.delivery = Some(delivery());
    extra.hops = 1;
    case(name, event)
}

fn origin(deadline: Option<Timestamp>) -> Option<Origin> {
    let tag = "account:acc-1".parse().expect("a tag");
    let deadline = RecordedDeadline::new(deadline, 1);
    Some(Origin { aggregate: Text::literal("AccountSessions"), tag, deadline })
}

fn by_version(version: u32) -> impl Fn(Origin) -> Origin {
    move |origin| Origin {
        deadline: RecordedDeadline::new(origin.deadline.at(), version),
        ..origin
    }
}

fn deadlines() -> Vec<DeadlineOf> {
    let of = |tag: &str, deadline| DeadlineOf {
        aggregate: Text::literal("Course"),
        tag: tag.parse().expect("a tag"),
        deadline,
    };
    let at = Timestamp::from_millis(1_767_225_610_123);
    vec![
        of("course:c 1", RecordedDeadline::new(Some(at), 1)),
        of("course:c 2", RecordedDeadline::new(None, 300)),
    ]
}

fn idempotency() -> Idempotency {
    let reply = codec::encode_value(&(Some(1.5), "ok")).expect("it can be encoded");
    Idempotency {
        key: Text::literal("key-1"),
        // Whatever it was made by: to the record it is a number.
        fingerprint: 11_062_510_842_338_127_400,
        reply: reply.into(),
    }
}

fn delivery() -> Delivery {
    Delivery {
        policy: Text::literal("RetractIneligible"),
        run: 0,
        source: Position::new(7),
        target: Some(DeliveryTarget {
            name: Text::literal("Listing"),
            tag: Some("listing:l 1".parse().expect("a tag")),
        }),
        ordinal: 0,
    }
}

/// To a decision, and after the policy was rewound.
fn delivery_to_a_decision() -> Delivery {
    let target = DeliveryTarget { name: Text::literal("PlaceBid"), tag: None };
    Delivery { run: 3, target: Some(target), ordinal: 2, ..delivery() }
}

fn written(event: &EncodedEvent) -> Vec<u8> {
    let mut out = Vec::new();
    record::encode(event, &mut out);
    out
}

#[test]
fn what_the_first_version_wrote_is_read() {
    let mut lines = lines(VERSION_1);
    for Case { name, event, reads } in cases() {
        let line = lines.remove(name).unwrap_or_else(|| panic!("{name} is not in the file"));
        let event_type = EventType::from(line.event_type.to_owned());
        let read = record::decode(event_type, line.tags, &line.record).expect(name);
        assert_eq!(read, event, "{name}");
        reads(&read);
    }
    let forgotten: Vec<_> = lines.keys().collect();
    assert!(forgotten.is_empty(), "nothing looks at {forgotten:?}");
}

/// Another writing is another version: it gets a golden file of its own.
#[test]
fn what_is_written_is_what_the_golden_bytes_say() {
    let lines = lines(VERSION_1);
    for Case { name, event, .. } in cases() {
        assert_eq!(written(&event), lines[name].record, "{name}");
    }
}

#[test]
#[ignore = "prints what the golden file would be today"]
fn print_what_would_be_written() {
    let mut out = String::new();
    for Case { name, event, .. } in cases() {
        let record = written(&event);
        let _ = writeln!(out, "\n# {}", codec::show(&record[1..]));
        let tags: Vec<_> = event.tags.iter().map(ToString::to_string).collect();
        let _ = write!(out, "{name}\t{}\t{}\t", event.event_type, tags.join(" "));
        record.iter().for_each(|byte| {
            let _ = write!(out, "{byte:02x}");
        });
        out.push('\n');
    }
    println!("{out}");
}
