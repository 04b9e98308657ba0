//! Who pays for being read back, and who does not.
#![allow(
    unreachable_patterns,
    reason = "two fields by one name: serde writes it, and the compiler sees it"
)]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::marker::PhantomData;
use std::net::IpAddr;
use std::num::{NonZero, Wrapping};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bailiwick::{Event, MemoryJournal, Position, RoundTrip, Timestamp, id};
use bailiwick_examples::classics::invoice_number::InvoiceCreated;
use bailiwick_examples::classics::product_price::{PriceEvent, ProductsOrdered};
use bailiwick_examples::registration::{CourseEvent, StudentEvent};
use bailiwick_examples::streaming::SessionEvent;
use bailiwick_tests::fixtures::counter::CounterEvent;
use serde::{Deserialize, Deserializer, Serialize};

use crate::fixture::{Emit, Log, emit_and_tell, start};

id!(pub RoomId: "room");

static READ: AtomicUsize = AtomicUsize::new(0);

/// Counts how often one was decoded.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Counted(u32);

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        READ.fetch_add(1, Ordering::Relaxed);
        u32::deserialize(deserializer).map(Counted)
    }
}

impl RoundTrip for Counted {}

/// The same, and nobody vouches for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stranger(Counted);

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Both {
    Vouched { value: Counted },
    Foreign { value: Stranger },
}

#[tokio::test]
async fn who_is_vouched_for_is_not_read_back() {
    let both = |value| {
        [Both::Vouched { value: Counted(value) }, Both::Foreign { value: Stranger(Counted(value)) }]
    };
    let runtime = start::<Both>(&Arc::new(MemoryJournal::new())).await;
    let log = runtime.aggregates::<Log<Both>>().get("a");
    log.ask(Emit(both(1).into())).await.unwrap();
    // Only the one of the two. Whatever a start or a rebuild decodes comes later.
    assert_eq!(READ.load(Ordering::Relaxed), 1);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoundTrip)]
struct Money {
    minor: i128,
    currency: [char; 3],
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, RoundTrip)]
#[serde(transparent)]
struct Page<T> {
    items: Vec<T>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, RoundTrip)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Colour {
    DarkRed,
    #[serde(alias = "verdant")]
    Green,
    Mixed(u8, u8),
    Other {
        name: String,
    },
    Nothing(),
    Inner(Unit),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, RoundTrip)]
struct Unit;

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all_fields = "camelCase")]
enum Everything {
    Numbers {
        a: (u8, i64, usize),
        b: [f32; 2],
        c: f64,
        d: u128,
        e: bool,
        f: Option<char>,
    },
    Texts {
        a: String,
        b: Box<str>,
        c: std::sync::Arc<str>,
        d: std::borrow::Cow<'static, str>,
    },
    Many {
        a: Vec<Money>,
        b: BTreeMap<(u8, String), BTreeSet<Colour>>,
        c: HashMap<Colour, VecDeque<u8>>,
        d: HashSet<u128>,
        e: Page<Option<Colour>>,
        f: Box<[Unit]>,
        g: BTreeMap<Option<u8>, ()>,
    },
    Rare {
        a: Range<u8>,
        b: LinkedList<Wrapping<i8>>,
        c: PhantomData<RoomId>,
        d: NonZero<i128>,
        e: ((),),
        f: [u8; 0],
        g: std::sync::Arc<[bool]>,
    },
    Ours {
        room: RoomId,
        at: Timestamp,
        position: Position,
    },
    Std {
        wait: Duration,
        ip: IpAddr,
        result: Result<u8, String>,
        none: std::num::NonZeroU8,
    },
    #[serde(rename_all = "kebab-case")]
    Named {
        #[serde(default)]
        some_thing: u8,
        #[serde(rename = "type", alias = "sort")]
        kind: u8,
    },
    Nothing,
}

#[tokio::test]
async fn what_is_vouched_for_comes_back() {
    assert!(Everything::TYPES.iter().all(|known| known.round_trips), "{:?}", Everything::TYPES);
    let colours = || {
        [
            Colour::DarkRed,
            Colour::Green,
            Colour::Mixed(1, 2),
            Colour::Other { name: "x".into() },
            Colour::Nothing(),
            Colour::Inner(Unit),
        ]
    };
    let everything = [
        Everything::Numbers {
            a: (255, i64::MIN, usize::MAX),
            b: [f32::from_bits(0x7f80_0001), -0.0],
            c: f64::from_bits(0x7ff0_0000_0000_0001),
            d: u128::MAX,
            e: true,
            f: Some('\0'),
        },
        Everything::Texts { a: "ü".into(), b: "".into(), c: "c".into(), d: "d".into() },
        Everything::Many {
            a: vec![Money { minor: i128::MIN, currency: ['E', 'U', 'R'] }],
            b: [((1, "x".into()), colours().into())].into(),
            // One, because a second would have no order.
            c: [(Colour::Other { name: String::new() }, [1, 2].into())].into(),
            d: [u128::MAX].into(),
            e: Page { items: colours().map(Some).into_iter().chain([None]).collect() },
            f: [Unit, Unit].into(),
            g: [(None, ()), (Some(1), ())].into(),
        },
        Everything::Rare {
            a: 3..7,
            b: [Wrapping(-1)].into(),
            c: PhantomData,
            d: NonZero::<i128>::MIN,
            e: ((),),
            f: [],
            g: [true, false].into(),
        },
        Everything::Ours { room: "r".into(), at: Timestamp::MAX, position: Position::new(7) },
        Everything::Std {
            wait: Duration::new(u64::MAX, 999_999_999),
            ip: IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 1]),
            result: Err("no".into()),
            none: std::num::NonZeroU8::MIN,
        },
        Everything::Named { some_thing: 1, kind: 2 },
        Everything::Nothing,
    ];
    let shown = everything.each_ref().map(|event| format!("{event:?}"));
    assert_eq!(emit_and_tell(everything).await.unwrap(), shown);
}

#[test]
fn what_the_examples_do_costs_nothing() {
    let sets = [
        SessionEvent::TYPES,
        StudentEvent::TYPES,
        CourseEvent::TYPES,
        InvoiceCreated::TYPES,
        PriceEvent::TYPES,
        ProductsOrdered::TYPES,
        CounterEvent::TYPES,
    ];
    for known in sets.into_iter().flatten() {
        assert!(known.round_trips, "{}", known.name);
    }
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[event(read_back)]
struct ByHand {
    value: u8,
}

/// A promise that does not hold: serde would lose it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "()", into = "()")]
struct Faithless(u8);

impl RoundTrip for Faithless {}

impl From<()> for Faithless {
    fn from((): ()) -> Self {
        Faithless(0)
    }
}

impl From<Faithless> for () {
    fn from(_: Faithless) {}
}

#[derive(Event, Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Promised {
    value: Faithless,
}

#[test]
#[should_panic = "Promised cannot be stored, because it would be read as another value"]
fn a_promise_that_does_not_hold_fails_a_story() {
    assert!(Promised::TYPES[0].round_trips);
    drop(bailiwick::given::<Log<Promised>>("a").events([Promised { value: Faithless(1) }]));
}

#[derive(Event, Clone, Debug, Serialize, Deserialize)]
enum Doubtful {
    Flattened {
        #[serde(flatten)]
        more: BTreeMap<String, u8>,
    },
    With {
        #[serde(with = "as_is")]
        value: u8,
    },
    Conditional {
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<u8>,
    },
    Skipped {
        #[serde(skip)]
        value: u8,
    },
    OneWay {
        #[serde(rename(serialize = "a"))]
        value: u8,
    },
    Twice {
        value: u8,
        #[serde(rename = "value")]
        other: u8,
    },
    Aliased {
        value: u8,
        #[serde(alias = "value")]
        other: u8,
    },
    Foreign {
        value: serde_json::Value,
    },
    Deep {
        value: Vec<Option<Box<[serde_json::Value; 2]>>>,
    },
    Hashed {
        value: HashMap<u8, u8, std::hash::BuildHasherDefault<std::hash::DefaultHasher>>,
    },
    Heaped {
        value: std::collections::BinaryHeap<u8>,
    },
    Included(ByHand),
}

mod as_is {
    use super::*;
    pub fn serialize<S: serde::Serializer>(value: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        value.serialize(serializer)
    }
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        u8::deserialize(deserializer)
    }
}

#[test]
fn what_may_lose_something_is_not_vouched_for() {
    for known in Doubtful::TYPES {
        assert!(!known.round_trips, "{}", known.name);
    }
}
