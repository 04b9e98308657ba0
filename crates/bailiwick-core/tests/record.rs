//! The record of an event: all of it comes back, and what is no record is refused, never a panic.

use bailiwick_core::codec::{encode_value, show};
use bailiwick_core::journal::{
    DeadlineOf, Delivery, DeliveryTarget, EncodedEvent, EventType, Extra, Idempotency, Metadata,
    Origin, RecordedCommand, RecordedDeadline,
    record::{self, RecordError},
};
use bailiwick_core::{BoxError, ErrorReport, Event, Fields, Position, Tag, Tags, Text, Timestamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum SeatEvent {
    #[event(version = 2, upcast = numbered)]
    Reserved {
        number: u32,
        name: Option<String>,
        price: f64,
    },
    Freed,
}

fn numbered(fields: &mut Fields) -> Result<(), BoxError> {
    let row: u32 = fields.take("row")?;
    fields.set("number", &row.saturating_mul(100))?;
    Ok(())
}

fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

fn tags() -> Tags {
    [tag("seat:s 1"), tag("show:ü")].into_iter().collect()
}

fn plain() -> EncodedEvent {
    EncodedEvent {
        event_type: "Freed".into(),
        version: 1,
        tags: tags(),
        payload: Bytes::from_static(b"\x80"),
        recorded_at: Timestamp::from_millis(1_767_225_600_123),
        metadata: Metadata::default(),
    }
}

fn everything() -> EncodedEvent {
    let mut payload = Vec::new();
    let event = SeatEvent::Reserved { number: 7, name: Some("Ü".into()), price: 12.5 };
    event.encode(&mut payload).unwrap();
    let mut metadata = Metadata::default();
    metadata.command = Some(Text::literal("Reserve"));
    let deadline = RecordedDeadline::new(Some(Timestamp::MAX), 7);
    metadata.origin = Some(Origin { aggregate: "Seat".into(), tag: tag("seat:s 1"), deadline });
    *metadata.extra_mut() = extra();
    EncodedEvent {
        event_type: "Reserved".into(),
        version: 2,
        payload: payload.into(),
        metadata,
        ..plain()
    }
}

fn extra() -> Extra {
    let mut extra = Extra::default();
    extra.correlation = Some(Text::literal("c"));
    extra.causation = Some(Position::new(41));
    extra.principal = Some(Text::literal(""));
    extra.idempotency = Some(Idempotency {
        key: Text::literal("k"),
        fingerprint: u64::MAX,
        reply: Bytes::from_static(&[0xff, 0]),
    });
    extra.delivery = Some(Delivery {
        policy: Text::literal("Notify"),
        source: Position::new(40),
        run: 1,
        target: Some(DeliveryTarget { name: Text::literal("Seat"), tag: Some(tag("seat:s 1")) }),
        ordinal: 3,
    });
    let deadline = RecordedDeadline::new(Some(Timestamp::MAX), 1);
    let never = RecordedDeadline::new(None, u32::MAX);
    extra.deadlines = [deadline, never]
        .map(|deadline| DeadlineOf { aggregate: "Show".into(), tag: tag("show:ü"), deadline })
        .to_vec();
    extra.hops = 2;
    let mut recorded = RecordedCommand::new(Some(Bytes::from_static(&[0x91, 7])), 3);
    (recorded.as_of, recorded.read_upto) = (Some(Position::new(39)), Some(Position::new(38)));
    extra.recorded = Some(recorded);
    extra
}

fn encoded(event: &EncodedEvent) -> Vec<u8> {
    let mut out = b"before".to_vec();
    record::encode(event, &mut out);
    out.split_off(6)
}

fn decoded(bytes: &[u8]) -> Result<EncodedEvent, RecordError> {
    record::decode(EventType::literal("Freed"), tags(), bytes)
}

fn of_entries(entries: &[(&str, Bytes)]) -> Vec<u8> {
    let mut bytes = vec![1, 0xde];
    bytes.extend(u16::try_from(entries.len()).unwrap().to_be_bytes());
    for (key, value) in entries {
        bytes.extend(encode_value(key).unwrap());
        bytes.extend(value);
    }
    bytes
}

fn value(value: impl Serialize) -> Bytes {
    encode_value(&value).unwrap().into()
}

/// The entries that every record has, with more before them.
fn record_with(more: &[(&str, Bytes)]) -> Vec<u8> {
    let must = [("at", value(5)), ("event", Bytes::from_static(b"\x80"))];
    of_entries(&[more, &must].concat())
}

#[test]
fn a_record_comes_back_whole() {
    let event = everything();
    let bytes = encoded(&event);
    let back = record::decode(event.event_type.clone(), event.tags.clone(), &bytes).unwrap();
    assert_eq!(back, event);
    assert_eq!(encoded(&back), bytes);
    assert_eq!(decoded(&encoded(&plain())).unwrap(), plain());
}

#[test]
fn a_record_says_by_itself_what_it_is() {
    assert_eq!(encoded(&plain())[0], 1);
    let text = show(&encoded(&plain())[1..]);
    assert_eq!(text, r#"{"at": 1767225600123, "event": {}}"#);
    assert_eq!(
        show(&encoded(&everything())[1..]),
        "{\"at\": 1767225600123, \"v\": 2, \"command\": \"Reserve\", \"by\": \"Seat\", \
         \"id\": \"seat:s 1\", \"due\": 18446744073709551615, \"due_v\": 7, \"correlation\": \"c\", \
         \"causation\": 41, \"principal\": \"\", \"key\": \"k\", \
         \"fingerprint\": 18446744073709551615, \"reply\": h'ff00', \"policy\": \"Notify\", \
         \"run\": 1, \"source\": 40, \"to\": \"Seat\", \"to_id\": \"seat:s 1\", \"ordinal\": 3, \
         \"deadlines\": [\"Show\", \"show:ü\", 1, 18446744073709551615, \"Show\", \"show:ü\", \
         4294967295, null], \"hops\": 2, \"form\": h'9107', \"form_events\": 3, \"as_of\": 39, \
         \"read_upto\": 38, \
         \"event\": {\"number\": 7, \"name\": \"Ü\", \"price\": 12.5}}"
    );
}

#[test]
fn each_part_comes_back_alone() {
    let all = extra();
    let parts: [&dyn Fn(&mut Extra); 9] = [
        &|extra| extra.correlation = all.correlation.clone(),
        &|extra| extra.deadlines = all.deadlines.clone(),
        &|extra| extra.causation = all.causation,
        &|extra| extra.principal = all.principal.clone(),
        &|extra| extra.idempotency = all.idempotency.clone(),
        &|extra| extra.delivery = all.delivery.clone(),
        &|extra| extra.hops = all.hops,
        &|extra| extra.recorded = all.recorded.clone(),
        &|extra| extra.recorded = Some(RecordedCommand::new(None, 1)),
    ];
    for part in parts {
        let mut event = plain();
        part(event.metadata.extra_mut());
        assert_eq!(decoded(&encoded(&event)).unwrap(), event);
    }
}

#[test]
fn a_payload_may_be_any_bytes() {
    let map = vec![0x81, 0xa1, b'a', 0x92, 1, 0xc0];
    let payloads = [
        map.clone(),
        [&map[..], &[0]].concat(),
        map[..4].to_vec(),
        vec![],
        vec![0],
        vec![0xc1],
        vec![0xdf, 0xff, 0xff, 0xff, 0xff],
        b"{\"json\": true}".to_vec(),
        vec![7; 70_000],
    ];
    for payload in payloads {
        let event = EncodedEvent { payload: payload.into(), ..plain() };
        assert_eq!(decoded(&encoded(&event)).unwrap(), event);
    }
}

#[test]
fn what_a_later_version_added_is_kept() {
    let added = [
        ("region", value("eu-1")),
        ("trace", value((1, [None::<u8>], "x"))),
        ("signature", Bytes::from_static(&[0xc7, 1, 5, 9])),
    ];
    let bytes = record_with(&added);
    let event = decoded(&bytes).unwrap();
    let unknown = &event.metadata.extra().unknown;
    assert!(!unknown.is_empty());
    assert_eq!(
        format!("{unknown:?}"),
        r#""region" "eu-1" "trace" [1, [null], "x"] "signature" h'0509'"#
    );
    let again = encoded(&event);
    assert_eq!(decoded(&again).unwrap(), event);
    assert_eq!(
        show(&again[1..]),
        r#"{"at": 5, "region": "eu-1", "trace": [1, [null], "x"], "signature": h'0509', "event": {}}"#
    );
    // It is kept by what is known being changed, too.
    let mut changed = event.clone();
    changed.metadata.extra_mut().hops = 1;
    assert_eq!(decoded(&encoded(&changed)).unwrap().metadata.extra().unknown, *unknown);
}

#[test]
fn many_entries_need_a_longer_head() {
    let names: Vec<String> = (0..70_000).map(|n| format!("x{n}")).collect();
    let all: Vec<_> = names.iter().map(|name| (name.as_str(), value(()))).collect();
    for count in [12, 13, 14, 15, 200] {
        let event = decoded(&record_with(&all[..count])).unwrap();
        assert_eq!(decoded(&encoded(&event)).unwrap(), event);
    }
    let entries = u32::try_from(all.len() + 2).unwrap().to_be_bytes();
    let mut long = [&[1, 0xdf], &entries[..]].concat();
    for (key, value) in
        [&all[..], &[("at", value(5)), ("bytes", Bytes::from_static(&[0xc4, 0]))]].concat()
    {
        long.extend(encode_value(key).unwrap());
        long.extend(value);
    }
    let event = decoded(&long).unwrap();
    assert_eq!(decoded(&encoded(&event)).unwrap(), event);
}

#[test]
fn a_newer_layout_is_refused_as_such() {
    for found in [2, 3, 0x7b, 0xff] {
        let error = decoded(&[found, 0x80]).unwrap_err();
        assert_eq!(error, RecordError::NewerLayout { found });
        let text =
            format!("the record has layout {found}, but this version of Bailiwick reads up to 1");
        assert!(error.to_string().starts_with(&text), "{error}");
    }
    assert_eq!(decoded(&[]), Err(RecordError::Empty));
    assert!(matches!(decoded(&[0, 0x80]), Err(RecordError::Malformed(_))));
}

#[test]
fn a_record_that_lacks_something_says_what() {
    let missing = |entries: &[(&str, Bytes)]| match decoded(&of_entries(entries)) {
        Err(RecordError::Missing(name)) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(missing(&[]), "event");
    assert_eq!(missing(&[("event", value(1))]), "at");
    let lacks = |more: &[(&str, Bytes)]| match decoded(&record_with(more)) {
        Err(RecordError::Missing(name)) => name,
        other => panic!("{other:?}"),
    };
    let bytes = || Bytes::from_static(&[0xc4, 0]);
    assert_eq!(lacks(&[("id", value("a:b"))]), "by");
    assert_eq!(lacks(&[("due", value(1))]), "by");
    assert_eq!(lacks(&[("due_v", value(2))]), "by");
    assert_eq!(lacks(&[("by", value("A"))]), "id");
    assert_eq!(lacks(&[("fingerprint", value(1))]), "key");
    assert_eq!(lacks(&[("reply", bytes())]), "key");
    assert_eq!(lacks(&[("key", value("k"))]), "fingerprint");
    assert_eq!(lacks(&[("key", value("k")), ("fingerprint", value(1))]), "reply");
    assert_eq!(lacks(&[("to", value("A"))]), "policy");
    assert_eq!(lacks(&[("ordinal", value(1))]), "policy");
    assert_eq!(lacks(&[("policy", value("P"))]), "source");
    for of_a_form in ["form_events", "as_of", "read_upto"] {
        assert_eq!(lacks(&[(of_a_form, value(1))]), "form");
    }
}

#[test]
fn a_record_that_is_damaged_says_where() {
    let refused = |more: &[(&str, Bytes)]| {
        ErrorReport::of(&decoded(&record_with(more)).unwrap_err()).to_string()
    };
    assert_eq!(
        refused(&[("v", value(1_u64 << 32))]),
        "the record is damaged: \"v\" cannot be 4294967296"
    );
    assert_eq!(
        refused(&[("hops", value(u64::MAX))]),
        "the record is damaged: \"hops\" cannot be 18446744073709551615"
    );
    assert_eq!(
        refused(&[("by", value("A")), ("id", value("no tag"))]),
        "the record is damaged: \"id\" is no tag: \"no tag\" has no colon; a tag is written key:value"
    );
    let refuses = |deadlines, what| {
        let said = refused(&[("deadlines", deadlines)]);
        assert!(said.contains(what), "{said}");
    };
    refuses(value(1), "an array was expected");
    refuses(
        value(("Seat", "seat:1", 1)),
        "an array of four values for each aggregate was expected",
    );
    refuses(value(("Seat", "seat:1", 1, "never")), "a number from 0");
    refuses(value(("Seat", "no tag", 1, ())), "\"deadlines\" is no tag");
    refuses(value(("Seat", "seat:1", u64::MAX, ())), "cannot be 18446744073709551615");
    assert_eq!(
        refused(&[("command", value(1))]),
        "the record is damaged: a text was expected at byte 12, but is not there"
    );
    assert_eq!(
        refused(&[("due", value(-1))]),
        "the record is damaged: a number from 0 to 2^64 - 1 was expected at byte 8, but is not there"
    );
}

#[test]
fn a_record_that_is_cut_off_or_too_long_is_refused() {
    for event in [plain(), everything()] {
        let bytes = encoded(&event);
        for len in 0..bytes.len() {
            assert!(decoded(&bytes[..len]).is_err(), "{len} bytes");
        }
        assert!(decoded(&[&bytes[..], &[0xc0]].concat()).is_err());
    }
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }

    /// Random bytes, or `good` ones of which a few were changed, taken out or put in.
    fn bytes(&mut self, good: &[u8]) -> Vec<u8> {
        if self.below(4) == 0 {
            return (0..self.below(60)).map(|_| self.byte()).collect();
        }
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len().max(1));
            match self.below(3) {
                0 if at < bytes.len() => bytes[at] = self.byte(),
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at.min(bytes.len()), self.byte()),
            }
        }
        bytes
    }
}

/// Whatever the bytes are, they are an event or a typed error: never a panic, and what was read can
/// be written and read again.
#[test]
fn random_bytes_never_panic() {
    let good = encoded(&everything());
    let payload = everything().payload;
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut read = 0;
    for _ in 0..300_000 {
        let mut bytes = random.bytes(&good);
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        if let Ok(event) = decoded(&bytes) {
            read += 1;
            assert_eq!(decoded(&encoded(&event)).as_ref(), Ok(&event), "{}", show(&bytes[1..]));
        }
        show(&bytes);
        let bytes = random.bytes(&payload);
        for version in 1..=3 {
            let _ = SeatEvent::decode("Reserved", version, &bytes);
        }
        let _ = SeatEvent::decode("Freed", 1, &bytes);
    }
    assert!(read > 5_000, "the good ones are read: {read}");
}

/// It is moved and cloned for every event of the hot path.
#[test]
fn an_encoded_event_is_small() {
    assert!(size_of::<EncodedEvent>() <= 176, "{} bytes", size_of::<EncodedEvent>());
}
