//! What indexes cost: in time of the processor on Linux, since a machine may have other work.
//!
//! `FIGURES_SEGMENTS=64 cargo test --release -p bailiwick-journal --test index figures -- --ignored --nocapture`

use std::hint::black_box;
use std::time::{Duration, Instant};

use bailiwick_core::Position;
use bailiwick_journal::files::{Disk, Folder};
use bailiwick_journal::index::{
    Active, Index, Offsets, Run, SegmentId, Term, install, merge, next_merge,
};
use bailiwick_journal::stored::Names;

use crate::LOG;

const EVENTS: u64 = 300_000;
const ACCOUNTS: u32 = 10_000;
/// Of each order there are 100 events or so, in segments that are near each other.
const ORDERS: u32 = 75_000;
const TYPES: [&str; 4] = ["Opened", "Deposited", "Withdrawn", "Closed"];

/// The names of an event of a segment, as they are stored: one of 10 000 accounts, and one of 75 000 orders or, for
/// each fourth, the busy tag. Every 10 millionth is of a rare type.
fn names(random: &mut fastrand::Rng, position: u64) -> Vec<u8> {
    let account = format!("account:{:08}", random.u32(0..ACCOUNTS));
    let other = match random.u8(0..4) {
        0 => "region:all".to_owned(),
        _ => format!("order:{:08}", random.u32(0..ORDERS)),
    };
    let name = if position == 10 { "Rare" } else { TYPES[random.usize(0..4)] };
    let other = if position == 10 { "region:all".to_owned() } else { other };
    let short = |length: usize| u16::try_from(length).expect("short").to_le_bytes();
    let lengths = [name.len(), 2, account.len(), other.len()].map(short);
    [&lengths.concat()[..], name.as_bytes(), account.as_bytes(), other.as_bytes()].concat()
}

/// From a moment on.
struct Clock(Option<u64>, Instant);

impl Clock {
    fn processor() -> Option<u64> {
        let times = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        times.split(' ').next()?.parse().ok()
    }

    fn now() -> Clock {
        Clock(Clock::processor(), Instant::now())
    }

    fn elapsed(&self) -> Duration {
        let processor = Clock::processor().zip(self.0).map(|(now, then)| now - then);
        processor.map_or_else(|| self.1.elapsed(), Duration::from_nanos)
    }
}

fn each(what: &str, took: Duration, count: u64) {
    println!("{what}: {:.0} ns", took.as_nanos() as f64 / count as f64);
}

fn run_of(first: u64, segments: u64) -> Run {
    Run::of(LOG, first, 0..segments)
}

/// Seals a segment; returns its index.
fn seal(disk: &Disk, random: &mut fastrand::Rng, number: u64) -> (Index, Duration, Duration) {
    let first = 1 + (number - 1) * EVENTS;
    // One behind the other, as they would be while they are written.
    let (mut events, mut ends) = (Vec::new(), Vec::new());
    for position in first..first + EVENTS {
        events.extend(names(random, position));
        ends.push((position, events.len()));
    }
    let mut active = Active::from(Position::new(first));
    let began = Clock::now();
    let mut begin = 0;
    for (position, end) in &ends {
        let names = Names::of(&events[begin..*end]).expect("an event");
        begin = *end;
        active.push(Position::new(*position), 4_096 + (position - first) * 280, &names);
    }
    let pushed = began.elapsed();
    if number == 1 {
        println!("bytes of memory an event: {}", active.bytes() as u64 / EVENTS);
    }
    let segment = SegmentId { log: LOG, number, seed: 0 };
    let run = run_of(number, 1);
    let began = Clock::now();
    let write = |file: &dyn bailiwick_journal::files::File| active.write_offsets(segment, file);
    let file = install(disk, &segment.file_name(), write).expect("it is written");
    Offsets::open(file, segment).expect("it is whole");
    let file = install(disk, &run.file_name(), |file| active.write_index(&run, file));
    let index = Index::open(file.expect("it is written"), &run).expect("it is whole");
    (index, pushed, began.elapsed())
}

fn merge_all(disk: &Disk, indexes: &mut Vec<Index>) -> (Duration, u64) {
    let (mut took, mut merged) = (Duration::ZERO, 0);
    loop {
        let segments: Vec<_> = indexes.iter().map(|index| index.run().segments()).collect();
        let Some(range) = next_merge(&segments) else { return (took, merged) };
        let inputs: Vec<_> = indexes[range.clone()].iter().collect();
        let count = inputs.iter().map(|index| index.run().segments()).sum();
        let run = run_of(inputs[0].run().first(), count);
        let began = Clock::now();
        let file = install(disk, &run.file_name(), |file| merge(&inputs, &run, file));
        took += began.elapsed();
        merged += count * EVENTS;
        let index = Index::open(file.expect("it is written"), &run).expect("it is whole");
        for old in indexes.splice(range, [index]) {
            disk.remove(&old.run().file_name()).expect("it was there");
        }
    }
}

#[test]
#[ignore = "figures"]
fn figures() {
    let segments = std::env::var("FIGURES_SEGMENTS").map_or(8, |some| some.parse().expect("some"));
    let folder = tempfile::tempdir().expect("a folder");
    let disk = Disk::at(folder.path());
    let mut random = fastrand::Rng::with_seed(1);
    let (mut indexes, mut pushed, mut sealed) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    let (mut merging, mut merged) = (Duration::ZERO, 0);
    for number in 1..=segments {
        let (index, push, seal) = seal(&disk, &mut random, number);
        if number == 1 {
            let bytes = disk.open(&index.run().file_name()).and_then(|file| file.size());
            println!(
                "bytes of an index an event, 1 segment: {}",
                bytes.expect("it is there") / EVENTS
            );
        }
        (pushed, sealed) = (pushed + push, sealed + seal);
        indexes.push(index);
        let (took, count) = merge_all(&disk, &mut indexes);
        (merging, merged) = (merging + took, merged + count);
    }
    let events = segments * EVENTS;
    each("push an event", pushed, events);
    each("write both files, an event", sealed, events);
    each("merge an event, once", merging, merged.max(1));
    each("merge an event, all in all", merging, events);
    let bytes: u64 = disk
        .names()
        .expect("names")
        .iter()
        .map(|name| disk.open(name).and_then(|file| file.size()).expect("it is there"))
        .sum();
    println!("bytes of all files an event: {:.1}", bytes as f64 / events as f64);
    let filters: usize = indexes.iter().map(Index::filter_bytes).sum();
    println!("bytes of filters an event: {:.2}", filters as f64 / events as f64);
    println!("indexes: {}", indexes.len());
    let segment = SegmentId { log: LOG, number: 1, seed: 0 };
    let offsets = disk.open(&segment.file_name()).expect("it is there");
    let offsets = Offsets::open(offsets, segment).expect("it is whole");
    time("where an event stands", &mut random, |random| {
        black_box(offsets.offset(random.u32(0..300_000)).expect("whole"));
    });
    asked(&indexes, &mut random);
}

fn asked(indexes: &[Index], random: &mut fastrand::Rng) {
    for is_loaded in [true, false] {
        for index in indexes {
            if is_loaded { index.load_filter().expect("whole") } else { index.drop_filter() }
        }
        println!("filters in memory: {is_loaded}");
        time("last of a tag and a type", random, |random| {
            last(indexes, &format!("account:{:08}", random.u32(0..ACCOUNTS)), "Opened");
        });
        time("last of a rare type under the busy tag", random, |_| {
            assert_eq!(last(indexes, "region:all", "Rare"), Some(10));
        });
        time("a tag that never was", random, |random| {
            assert_eq!(last(indexes, &format!("account:x{}", random.u32(..)), "Opened"), None);
        });
        time("100 events of a tag forward", random, |random| {
            let tag = format!("order:{:08}", random.u32(0..ORDERS));
            black_box(first_100(indexes, Term::Tag(&tag)));
        });
        time("100 events of the busy tag forward", random, |_| {
            black_box(first_100(indexes, Term::Tag("region:all")));
        });
    }
    let began = Clock::now();
    let values: usize =
        indexes.iter().map(|index| index.values("order", None).expect("whole").count()).sum();
    each("a value of a key", began.elapsed(), values as u64);
}

fn time(what: &str, random: &mut fastrand::Rng, mut ask: impl FnMut(&mut fastrand::Rng)) {
    (0..200).for_each(|_| ask(random));
    let began = Clock::now();
    (0..50_000).for_each(|_| ask(random));
    each(what, began.elapsed(), 50_000);
}

fn last(indexes: &[Index], tag: &str, event_type: &str) -> Option<u64> {
    indexes.iter().rev().find_map(|index| {
        if !index.may_have(Term::Tag(tag), &[event_type]).expect("whole") {
            return None;
        }
        let number = index.type_number(event_type)?;
        let found = index.find(Term::Tag(tag)).expect("whole")?;
        found.newest(&[number]).map(|posting| index.first().get() + u64::from(posting.nth))
    })
}

fn first_100(indexes: &[Index], term: Term<'_>) -> Vec<u64> {
    let mut all = Vec::new();
    for index in indexes {
        if !index.may_have(term, &[]).expect("whole") {
            continue;
        }
        let Some(found) = index.find(term).expect("whole") else { continue };
        let nths = found.forward(&[], 0).take(100 - all.len());
        all.extend(
            nths.map(|posting| index.first().get() + u64::from(posting.expect("whole").nth)),
        );
        if all.len() == 100 {
            break;
        }
    }
    all
}
