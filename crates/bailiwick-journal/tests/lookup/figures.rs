//! What indexes cost. `cargo test --release -p bailiwick-journal --test lookup figures -- --ignored --nocapture`

use std::hint::black_box;
use std::time::{Duration, Instant};

use bailiwick_core::Position;
use bailiwick_journal::lookup::Active;
use bailiwick_journal::stored::Names;

const EVENTS: u64 = 300_000;
const TYPES: [&str; 4] = ["Opened", "Deposited", "Withdrawn", "Closed"];

/// The names of an event of a segment, as they are stored: one of 10 000 accounts, and one of 75 000 orders or, for
/// each fourth, the busy tag.
fn names(random: &mut fastrand::Rng) -> Vec<u8> {
    let account = format!("account:{:08}", random.u32(0..10_000));
    let other = match random.u8(0..4) {
        0 => "region:all".to_owned(),
        _ => format!("order:{:08}", random.u32(0..75_000)),
    };
    let name = TYPES[random.usize(0..4)];
    let short = |length: usize| u16::try_from(length).expect("short").to_le_bytes();
    let mut bytes =
        [short(name.len()), short(2), short(account.len()), short(other.len())].concat();
    [name, &account, &other].iter().for_each(|text| bytes.extend_from_slice(text.as_bytes()));
    bytes
}

fn each(what: &str, took: Duration, count: u64) {
    println!("{what}: {:.0} ns", took.as_nanos() as f64 / count as f64);
}

#[test]
#[ignore = "figures"]
fn figures() {
    let mut random = fastrand::Rng::with_seed(1);
    let events: Vec<_> = (0..EVENTS).map(|_| names(&mut random)).collect();
    for _ in 0..3 {
        let mut active = Active::from(Position::new(1));
        let began = Instant::now();
        for (nth, bytes) in events.iter().enumerate() {
            let names = Names::of(bytes).expect("an event");
            active.push(Position::new(1 + nth as u64), 4_096 + nth as u64 * 64, &names);
        }
        each("push an event", began.elapsed(), EVENTS);
        println!("bytes of memory an event: {}", active.bytes() as u64 / EVENTS);
        black_box(&active);
    }
}
