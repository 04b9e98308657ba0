//! Indexes against a look at every event: in memory, in a file, and merged.

mod asked;
mod figures;
mod harm;
mod merging;
mod model;

use std::sync::Arc;

use asked::ask;
use bailiwick_core::Position;
use bailiwick_journal::files::{File, Folder, Simulated};
use bailiwick_journal::index::{Active, Index, IndexError, Offsets, Posting, Run, SegmentId, Term};
use bailiwick_journal::stored::Names;
use model::Model;

const LOG: u128 = 7 << 90 | 3;

/// A file with these bytes, and its disk, where it has the name `file`.
fn file_of(bytes: &[u8]) -> (Simulated, Arc<dyn File>) {
    let disk = Simulated::new(1);
    let file = disk.create("file").expect("a file");
    file.write_at(bytes, 0).expect("it is written");
    (disk, file)
}

fn index_of(active: &Active, run: &Run) -> Vec<u8> {
    let (disk, file) = file_of(&[]);
    active.write_index(run, &*file).expect("it is written");
    disk.contents("file")
}

fn offsets_of(active: &Active, segment: SegmentId) -> Vec<u8> {
    let (disk, file) = file_of(&[]);
    active.write_offsets(segment, &*file).expect("it is written");
    disk.contents("file")
}

/// More of them if `INDEX_SEEDS` says so.
fn seeds(few: u64) -> std::ops::Range<u64> {
    let seeds = std::env::var("INDEX_SEEDS");
    0..seeds.map_or(few, |seeds| seeds.parse().expect("how many seeds"))
}

/// Small segments mostly, and some in which a list has many chunks.
fn some(random: &mut fastrand::Rng, seed: u64) -> (usize, usize) {
    match seed % 10 {
        0 => (4_000, random.usize(1..3_000)),
        1 => (random.usize(0..3), 2),
        _ => (random.usize(1..400), random.usize(1..200)),
    }
}

#[test]
fn in_memory_what_is_found_is_what_a_look_at_every_event_finds() {
    for seed in seeds(60) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (count, values) = some(&mut random, seed);
        let first = random.u64(1..1 << 40);
        let model = Model::segment(&mut random, first, count, values);
        let index = model.index();
        assert_eq!(index.is_empty(), count == 0);
        ask(&model, &index, &mut random, values).expect("it is in memory");
        for (nth, expected) in model.offsets() {
            assert_eq!(index.offset(nth), expected, "seed {seed}");
        }
    }
}

#[test]
fn in_a_file_what_is_found_is_what_a_look_at_every_event_finds() {
    for seed in seeds(60) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (count, values) = some(&mut random, seed);
        let first = random.u64(1..1 << 40);
        let model = Model::segment(&mut random, first, count, values);
        let run = Run::of(LOG, 3, [seed]);
        let (_disk, file) = file_of(&index_of(&model.index(), &run));
        let index = Index::open(file, &run).expect("it is whole");
        ask(&model, &index, &mut random, values).expect("it is whole");
        index.load_filter().expect("it is whole");
        ask(&model, &index, &mut random, values).expect("it is whole");
        index.drop_filter();
        for name in model::TYPES {
            // Of a type nothing is found that is of another.
            let others: Vec<_> = model::TYPES.into_iter().filter(|other| *other != name).collect();
            assert!(!index.may_have(Term::Type(name), &others).expect("it is whole"));
        }
    }
}

#[test]
fn in_a_file_each_event_is_where_it_stands() {
    for seed in seeds(60) {
        let mut random = fastrand::Rng::with_seed(seed);
        let (count, values) = some(&mut random, seed);
        let first = random.u64(1..1 << 40);
        let model = Model::segment(&mut random, first, count, values);
        let segment = SegmentId { log: LOG, number: 3, seed };
        let (_disk, file) = file_of(&offsets_of(&model.index(), segment));
        let offsets = Offsets::open(file, segment).expect("it is whole");
        assert_eq!((offsets.first().get(), offsets.last().get()), (first, model.end() - 1));
        for (nth, expected) in model.offsets() {
            let found = offsets.offset(nth).expect("it is whole");
            assert_eq!(found, expected, "seed {seed}");
        }
    }
}

/// Adds an event with one tag.
fn push(active: &mut Active, nth: u64, name: &str, tag: &str) {
    let short = |length: usize| u16::try_from(length).expect("short").to_le_bytes();
    let lengths = [name.len(), 1, tag.len()].map(short).concat();
    let bytes = [&lengths, name.as_bytes(), tag.as_bytes()].concat();
    let names = Names::of(&bytes).expect("an event");
    active.push(active.first().plus(nth), 4_096 + nth * 8, &names);
}

/// So that its directory has pages.
#[test]
fn a_list_may_be_long() {
    const COUNT: u32 = 300_000;
    let mut active = Active::from(Position::new(1));
    for nth in 0..u64::from(COUNT) {
        let name = if nth % 50_000 == 9 { "Rare" } else { "Moved" };
        push(&mut active, nth * 3, name, "busy:all");
    }
    let run = Run::of(LOG, 3, [1]);
    let (_disk, file) = file_of(&index_of(&active, &run));
    let index = Index::open(file, &run).expect("it is whole");
    let found = index.find(Term::Tag("busy:all")).expect("it is whole").expect("it is there");
    assert_eq!(found.count(), u64::from(COUNT));
    let mut random = fastrand::Rng::with_seed(1);
    let nth_of = |posting: Option<Result<Posting, _>>| posting.map(|p| p.expect("whole").nth);
    for _ in 0..100 {
        let (from, step) = (random.u32(0..COUNT * 3), random.u32(0..400_000));
        let mut forward = found.forward(&[], from);
        let last = (COUNT - 1) * 3;
        let expected = |nth: u32| Some(nth.next_multiple_of(3)).filter(|nth| *nth <= last);
        assert_eq!(nth_of(forward.next()), expected(from));
        forward.seek(from + step);
        let expected = if step == 0 { expected(from + 1) } else { expected(from + step) };
        assert_eq!(nth_of(forward.next()), expected, "{from} {step}");
        let mut backward = found.backward(&[], from);
        assert_eq!(nth_of(backward.next()), Some(from.min(last) / 3 * 3));
        backward.seek(from.saturating_sub(step + 3));
        assert_eq!(
            nth_of(backward.next()),
            Some(from.saturating_sub(step + 3) / 3 * 3).filter(|nth| *nth < from.min(last) / 3 * 3)
        );
    }
    let rare = index.type_number("Rare").expect("it is there");
    let nths: Vec<_> = found.forward(&[rare], 0).map(|rare| rare.expect("whole").nth).collect();
    assert_eq!(nths, [9, 50_009, 100_009, 150_009, 200_009, 250_009].map(|nth| nth * 3));
}

/// A chunk has 1 024 events.
#[test]
fn the_last_event_may_be_alone_in_its_chunk() {
    for count in [1_023, 1_024, 1_025, 2_048, 2_049] {
        let mut active = Active::from(Position::new(1));
        (0..count).for_each(|nth| push(&mut active, nth, "Moved", "busy:all"));
        let run = Run::of(LOG, 3, [1]);
        let (_disk, file) = file_of(&index_of(&active, &run));
        let index = Index::open(file, &run).expect("it is whole");
        let found = index.find(Term::Tag("busy:all")).expect("it is whole").expect("it is there");
        assert_eq!(found.forward(&[], 0).count() as u64, count);
        assert_eq!(found.backward(&[], u32::MAX).count() as u64, count);
        let last = u32::try_from(count).expect("a few") - 1;
        assert_eq!(found.forward(&[], last).count(), 1);
        assert_eq!(found.forward(&[], last + 1).count(), 0);
    }
}

#[test]
fn an_event_with_a_tag_twice_is_found_once() {
    let mut active = Active::from(Position::new(1));
    let bytes = [&[1, 0, 2, 0, 3, 0, 3, 0][..], b"Aa:1a:1"].concat();
    let names = Names::of(&bytes).expect("an event");
    active.push(Position::new(1), 4_096, &names);
    active.push(Position::new(2), 4_104, &names);
    let found = active.find(Term::Tag("a:1")).expect("it is there");
    let nths = found.forward(&[], 0).map(|posting| posting.nth);
    assert_eq!((found.count(), nths.collect::<Vec<_>>()), (2, vec![0, 1]));
}

/// With lists that have chunks, and a tree that has levels.
#[test]
fn names_and_tags_may_be_as_long_as_they_may_be() {
    let mut active = Active::from(Position::new(1));
    let name = |nth: u64| format!("{}{}", "n".repeat(65_500), nth % 40);
    let tag = |nth: u64| format!("{}:{:0200}", "k".repeat(50), nth % 700);
    for nth in 0..2_100 {
        push(&mut active, nth, &name(nth), &tag(nth));
    }
    let run = Run::of(LOG, 3, [1]);
    let (_disk, file) = file_of(&index_of(&active, &run));
    let index = Index::open(file, &run).expect("it is whole");
    for nth in 0..700 {
        let found = index.find(Term::Tag(&tag(nth))).expect("it is whole").expect("it is there");
        let nths =
            found.forward(&[], 0).map(|posting| posting.map(|posting| u64::from(posting.nth)));
        let nths: Vec<_> = nths.collect::<Result<_, _>>().expect("it is whole");
        assert_eq!(nths, [nth, nth + 700, nth + 1_400]);
    }
    for nth in 0..40 {
        let found = index.find(Term::Type(&name(nth))).expect("it is whole").expect("it is there");
        assert_eq!(found.count(), (2_100 - nth).div_ceil(40));
    }
    let values = index.values(&"k".repeat(50), None).expect("it is whole");
    assert_eq!(values.collect::<Result<Vec<_>, _>>().expect("it is whole").len(), 700);
}

#[test]
fn a_file_of_other_segments_is_none() {
    let model = Model::segment(&mut fastrand::Rng::with_seed(1), 5, 300, 100);
    let active = model.index();
    let run = Run::of(LOG, 3, [9]);
    let bytes = index_of(&active, &run);
    let others = [Run::of(LOG + 1, 3, [9]), Run::of(LOG, 4, [9]), Run::of(LOG, 3, [8])];
    for other in others.into_iter().chain([Run::of(LOG, 3, [9, 9]), Run::of(LOG, 2, [9, 9])]) {
        let opened = Index::open(file_of(&bytes).1, &other);
        assert!(matches!(opened, Err(IndexError::Damaged)), "{other:?}");
    }
    for end in [0, 50, 128, bytes.len() - 1] {
        let opened = Index::open(file_of(&bytes[..end]).1, &run);
        assert!(matches!(opened, Err(IndexError::Damaged)));
    }
    let segment = SegmentId { log: LOG, number: 3, seed: 9 };
    let bytes = offsets_of(&active, segment);
    for other in [
        SegmentId { log: LOG + 1, ..segment },
        SegmentId { number: 4, ..segment },
        SegmentId { seed: 8, ..segment },
    ] {
        let opened = Offsets::open(file_of(&bytes).1, other);
        assert!(matches!(opened, Err(IndexError::Damaged)), "{other:?}");
    }
    for end in [0, 50, 512, bytes.len() - 1] {
        let opened = Offsets::open(file_of(&bytes[..end]).1, segment);
        assert!(matches!(opened, Err(IndexError::Damaged)));
    }
}
