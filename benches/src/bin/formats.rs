//! Which format the events are stored in, and what it costs to read one back when it is emitted, by
//! measurement: `cargo run --release -p benches --bin formats`. docs/decisions/stored-format.md says what
//! was made of it.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::hint::black_box;
use std::marker::PhantomData;
use std::net::IpAddr;
use std::time::Instant;

use bailiwick_core::{Event, RoundTrip, stored};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// How often a value is encoded and decoded per round; the best of the rounds counts.
const TIMES: u32 = 100_000;
const ROUNDS: usize = 7;

/// A value that every format is tried on.
trait Tried: Event + Serialize + DeserializeOwned + PartialEq + Debug {}
impl<T: Event + Serialize + DeserializeOwned + PartialEq + Debug> Tried for T {}

/// A format: writes into a buffer that is used again, reads from a slice.
trait Format {
    const NAME: &'static str;
    fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Option<()>;
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T>;
}

struct Json;
struct MessagePack;
struct Ciborium;
struct Cbor4ii;

impl Format for Json {
    const NAME: &'static str = "JSON (serde_json)";
    fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Option<()> {
        value.serialize(&mut serde_json::Serializer::new(out)).ok()
    }
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
        serde_json::from_slice(bytes).ok()
    }
}

impl Format for MessagePack {
    const NAME: &'static str = "MessagePack (rmp-serde)";
    fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Option<()> {
        let named = rmp_serde::Serializer::new(out).with_struct_map();
        value.serialize(&mut named.with_human_readable()).ok()
    }
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
        T::deserialize(&mut rmp_serde::Deserializer::from_read_ref(bytes).with_human_readable())
            .ok()
    }
}

impl Format for Ciborium {
    const NAME: &'static str = "CBOR (ciborium)";
    fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Option<()> {
        ciborium::into_writer(value, out).ok()
    }
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
        ciborium::from_reader(bytes).ok()
    }
}

/// A buffer as `cbor4ii` wants it.
struct Buffer<'a>(&'a mut Vec<u8>);

impl cbor4ii::core::enc::Write for Buffer<'_> {
    type Error = std::convert::Infallible;
    fn push(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

impl Format for Cbor4ii {
    const NAME: &'static str = "CBOR (cbor4ii)";
    fn encode<T: Serialize>(value: &T, out: &mut Vec<u8>) -> Option<()> {
        value.serialize(&mut cbor4ii::serde::Serializer::new(Buffer(out))).ok()
    }
    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
        cbor4ii::serde::from_slice(bytes).ok()
    }
}

/// What the events of the domains are like.
#[derive(Serialize, Deserialize, RoundTrip, PartialEq, Debug, Clone)]
struct Money {
    minor: u64,
    currency: String,
}

#[derive(Serialize, Deserialize, RoundTrip, PartialEq, Debug)]
enum Increment {
    Fixed { minor: u64 },
    BasisPoints(u32),
}

#[derive(Event, Serialize, Deserialize, PartialEq, Debug)]
struct SessionStarted {
    session: String,
    expires_at: u64,
}

#[derive(Event, Serialize, Deserialize, PartialEq, Debug)]
struct ListingOpened {
    seller: String,
    ask: Money,
    increments: [Increment; 2],
    starts_at: u64,
    ends_at: u64,
}

#[derive(Event, RoundTrip, Serialize, Deserialize, PartialEq, Debug)]
struct BidPlaced {
    bidder: String,
    amount: Money,
    at: u64,
}

#[derive(Event, Serialize, Deserialize, PartialEq, Debug)]
struct ListingClosed {
    winner: Option<BidPlaced>,
}

#[derive(Event, Serialize, Deserialize, PartialEq, Debug)]
struct PositionAdded {
    product: String,
    unit_price: Money,
    quantity: u32,
}

#[derive(Event, Serialize, Deserialize, PartialEq, Debug)]
struct Subscribed {
    student: String,
    course: String,
}

#[derive(Default)]
struct Sums {
    bytes: usize,
    encode: f64,
    decode: f64,
}

impl Sums {
    fn measure<F: Format, T: Tried>(&mut self, value: &T) {
        let mut out = Vec::with_capacity(1_024);
        F::encode(value, &mut out).expect("an event of a domain");
        assert_eq!(F::decode::<T>(&out).as_ref(), Some(value));
        self.bytes += out.len();
        self.decode += best(|| drop(black_box(F::decode::<T>(black_box(&out)))));
        self.encode += best(|| {
            out.clear();
            F::encode(black_box(value), &mut out);
            black_box(&out);
        });
    }
}

/// The nanoseconds that it takes.
fn best(mut run: impl FnMut()) -> f64 {
    let round = |_| {
        let begun = Instant::now();
        (0..TIMES).for_each(|_| run());
        begun.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
    };
    (0..ROUNDS).map(round).fold(f64::INFINITY, f64::min)
}

/// What is measured with the events of the domains.
trait Measure {
    fn event<T: Tried>(&mut self, event: &T);
}

fn each_event(measure: &mut impl Measure) {
    let money = |minor| Money { minor, currency: "EUR".into() };
    let bid = || BidPlaced { bidder: "bidder-4711".into(), amount: money(1_234_500), at: 1 << 40 };
    measure.event(&SessionStarted { session: "living-room".into(), expires_at: 1 << 40 });
    measure.event(&ListingOpened {
        seller: "seller-12".into(),
        ask: money(10_000),
        increments: [Increment::Fixed { minor: 500 }, Increment::BasisPoints(250)],
        starts_at: 1 << 40,
        ends_at: 1 << 41,
    });
    measure.event(&bid());
    measure.event(&ListingClosed { winner: Some(bid()) });
    let unit_price = money(1_999);
    measure.event(&PositionAdded { product: "sku-0815".into(), unit_price, quantity: 3 });
    measure.event(&Subscribed { student: "s-10023".into(), course: "c-7".into() });
}

struct In<'a, F>(&'a mut Sums, PhantomData<F>);

impl<F: Format> Measure for In<'_, F> {
    fn event<T: Tried>(&mut self, event: &T) {
        self.0.measure::<F, _>(event);
    }
}

fn speed<F: Format>() {
    let mut sums = Sums::default();
    each_event(&mut In(&mut sums, PhantomData::<F>));
    let Sums { bytes, encode, decode } = sums;
    println!("{:<24}{bytes:>6}{encode:>11.0}{decode:>11.0}", F::NAME);
}

/// An event that is emitted: as one of a type that is vouched for, and as one of a type that is not.
struct Emitted;

impl Measure for Emitted {
    fn event<T: Tried>(&mut self, event: &T) {
        assert!(event.descriptor().round_trips);
        let mut out = Vec::with_capacity(1_024);
        let vouched = best(|| {
            out.clear();
            drop(black_box(stored::event(black_box(event), &mut out)));
        });
        let bytes = out.len();
        let read_back = best(|| {
            out.clear();
            drop(black_box(stored::event(black_box(event), &mut out)));
            drop(black_box(stored::read_back(event, black_box(&out))));
        });
        println!("{:<24}{bytes:>6}{vouched:>11.0}{read_back:>11.0}", event.event_type());
    }
}

/// Types that hold what is hard to keep.
#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Flattened {
    #[serde(flatten)]
    from: Address,
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
struct Address {
    ip: IpAddr,
}

fn keeps<F: Format>() {
    fn kept<F: Format, T: Serialize + DeserializeOwned>(
        value: &T,
        same: impl Fn(&T, &T) -> bool,
    ) -> &'static str {
        let mut out = Vec::new();
        let back = F::encode(value, &mut out).and_then(|()| F::decode::<T>(&out));
        if back.is_some_and(|back| same(&back, value)) { "yes" } else { "NO" }
    }
    let bits = |a: &f64, b: &f64| a.to_bits() == b.to_bits();
    let nan = f64::from_bits(0x7ff8_0000_0000_0007);
    let address = Flattened { from: Address { ip: IpAddr::from([10, 0, 0, 1]) } };
    let keyed = BTreeMap::from([((1, 2), 3)]);
    println!(
        "{:<24}{:>6}{:>10}{:>8}{:>12}{:>11}",
        F::NAME,
        kept::<F, _>(&nan, bits),
        kept::<F, _>(&f64::INFINITY, bits),
        kept::<F, _>(&i128::MIN, PartialEq::eq),
        kept::<F, _>(&keyed, PartialEq::eq),
        kept::<F, _>(&address, PartialEq::eq),
    );
}

fn main() {
    println!("{:<24}{:>6}{:>11}{:>11}", "six events", "bytes", "encode ns", "decode ns");
    speed::<Json>();
    speed::<MessagePack>();
    speed::<Cbor4ii>();
    speed::<Ciborium>();
    println!();
    println!("{:<24}{:>6}{:>11}{:>11}", "an event, stored", "bytes", "vouched ns", "read b. ns");
    each_event(&mut Emitted);
    println!();
    println!(
        "{:<24}{:>6}{:>10}{:>8}{:>12}{:>11}",
        "comes back", "NaN", "infinity", "i128", "tuple keys", "flatten ip"
    );
    keeps::<Json>();
    keeps::<MessagePack>();
    keeps::<Cbor4ii>();
    keeps::<Ciborium>();
}
