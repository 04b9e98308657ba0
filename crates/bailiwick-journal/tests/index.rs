//! Indexes against a look at every event, in memory and in a file; and whatever is flipped in the file.

use std::sync::Arc;

use bailiwick_core::journal::{EncodedEvent, Metadata};
use bailiwick_core::{Position, Tag, Timestamp};
use bailiwick_journal::files::{File, Folder, Simulated};
use bailiwick_journal::index::{Active, IndexError, Key, Of, Posting, Sealed};
use bailiwick_journal::stored::{Names, encode};

const OF: Of = Of { log: 7, segment: 3, seed: 9 };
const FIRST: Position = Position::new(1_000);
const TYPES: [&str; 4] = ["Opened", "Moved", "Closed", "Rare"];

struct Events(Vec<(usize, Vec<String>)>);

impl Events {
    fn some(random: &mut fastrand::Rng, count: usize) -> Events {
        let event = |random: &mut fastrand::Rng| {
            let event_type = if random.u8(..) == 0 { 3 } else { random.usize(0..3) };
            let tags = (0..random.usize(0..3)).map(|_| match random.bool() {
                true => "busy:all".to_owned(),
                false => format!("account:{}", random.usize(0..count)),
            });
            let mut tags: Vec<_> = tags.collect();
            tags.sort_unstable();
            tags.dedup();
            (event_type, tags)
        };
        Events((0..count).map(|_| event(random)).collect())
    }

    fn index(&self) -> Active {
        let mut index = Active::from(FIRST);
        for nth in 0..self.0.len() {
            let mut bytes = Vec::new();
            encode(&self.event(nth), &mut bytes);
            index.push(FIRST.plus(nth as u64), offset(nth), &Names::of(&bytes).expect("an event"));
        }
        index
    }

    fn event(&self, nth: usize) -> EncodedEvent {
        let (event_type, tags) = &self.0[nth];
        EncodedEvent {
            event_type: TYPES[*event_type].to_owned().into(),
            version: 1,
            tags: tags.iter().map(|tag| tag.parse::<Tag>().expect("a tag")).collect(),
            payload: b"x".to_vec().into(),
            recorded_at: Timestamp::from_millis(7),
            metadata: Metadata::default(),
        }
    }

    /// The events that a look at each of them finds.
    fn with(&self, tag: &str) -> Vec<(usize, usize)> {
        let events = self.0.iter().enumerate();
        let with = events.filter(|(_, (_, tags))| tags.iter().any(|known| known == tag));
        with.map(|(nth, (event_type, _))| (nth, *event_type)).collect()
    }
}

fn offset(nth: usize) -> u64 {
    4_096 + nth as u64 * 320
}

fn file(bytes: &[u8]) -> (Simulated, Arc<dyn File>) {
    let disk = Simulated::new(1);
    let file = disk.create("index").expect("a file");
    file.write_at(bytes, 0).expect("it is written");
    file.sync().expect("it is durable");
    (disk, file)
}

fn plain(postings: &[Posting], number: impl Fn(usize) -> Option<u32>) -> Vec<(usize, usize)> {
    let of = |wanted: u32| (0..TYPES.len()).find(|nth| number(*nth) == Some(wanted)).expect("one");
    postings.iter().map(|posting| (posting.nth as usize, of(posting.event_type))).collect()
}

#[test]
fn what_is_found_is_what_a_look_at_every_event_finds() {
    for seed in 0..60 {
        let mut random = fastrand::Rng::with_seed(seed);
        let count = if seed % 10 == 0 { 5_000 } else { random.usize(1..300) };
        let events = Events::some(&mut random, count);
        let active = events.index();
        let (_disk, file) = file(&active.seal(OF));
        let sealed = Sealed::open(file, OF).expect("it is whole");
        let last = FIRST.plus(count as u64 - 1);
        assert_eq!((active.first(), active.last()), (FIRST, last));
        assert_eq!((sealed.first(), sealed.last()), (FIRST, last));
        let filter = sealed.filter().expect("it is whole");
        let tags = (0..200).map(|_| format!("account:{}", random.usize(0..2 * count)));
        for tag in tags.chain(["busy:all".to_owned()]) {
            let (key, expected) = (Key::of_tag(&tag), events.with(&tag));
            let found = plain(active.postings(key), |nth| active.type_number(TYPES[nth]));
            assert_eq!(found, expected, "seed {seed}: {tag}");
            let postings = sealed.postings(key).expect("it is whole");
            let found = plain(&postings, |nth| sealed.type_number(TYPES[nth]));
            assert_eq!(found, expected, "seed {seed}: {tag}");
            assert!(expected.is_empty() || filter.may_have(key));
            for (nth, name) in TYPES.iter().enumerate() {
                let expected = expected.iter().rev().find(|(_, event_type)| *event_type == nth);
                let expected = expected.map(|(nth, _)| *nth);
                let newest = |found: Option<Posting>| found.map(|found| found.nth as usize);
                if let Some(number) = active.type_number(name) {
                    assert_eq!(newest(active.newest(key, &[number])), expected);
                }
                if let Some(number) = sealed.type_number(name) {
                    let found = sealed.newest(key, &[number]).expect("it is whole");
                    assert_eq!(newest(found), expected);
                }
            }
        }
        let by_type: usize =
            TYPES.iter().map(|name| active.postings(Key::of_type(name)).len()).sum();
        assert_eq!(by_type, count, "each event has one type");
        for nth in 0..=count {
            let expected = (nth < count).then(|| offset(nth));
            let nth = u32::try_from(nth).expect("a few");
            assert_eq!(active.offset(nth), expected);
            assert_eq!(sealed.offset(nth).expect("it is whole"), expected);
        }
    }
}

#[test]
fn a_flipped_bit_is_never_believed() {
    let mut random = fastrand::Rng::with_seed(1);
    let events = Events::some(&mut random, 400);
    let bytes = events.index().seal(OF);
    let tags: Vec<_> = (0..400).map(|nth| format!("account:{nth}")).collect();
    for _ in 0..600 {
        let bit = random.usize(0..bytes.len() * 8);
        let (disk, file) = file(&bytes);
        disk.flip("index", bit);
        let Ok(sealed) = Sealed::open(file, OF) else { continue };
        for tag in tags.iter().map(String::as_str).chain(["busy:all"]) {
            if let Ok(postings) = sealed.postings(Key::of_tag(tag)) {
                let found = plain(&postings, |nth| sealed.type_number(TYPES[nth]));
                assert_eq!(found, events.with(tag), "bit {bit}: {tag}");
            }
        }
        for nth in 0..400 {
            if let Ok(found) = sealed.offset(nth) {
                assert_eq!(found, Some(offset(nth as usize)), "bit {bit}");
            }
        }
    }
}

#[test]
fn an_index_of_another_segment_is_none() {
    let bytes = Events::some(&mut fastrand::Rng::with_seed(1), 10).index().seal(OF);
    for of in [Of { log: 8, ..OF }, Of { segment: 4, ..OF }, Of { seed: 1, ..OF }] {
        assert!(matches!(Sealed::open(file(&bytes).1, of), Err(IndexError::Damaged)), "{of:?}");
    }
    for end in [0, 50, 128, bytes.len() - 1] {
        assert!(matches!(Sealed::open(file(&bytes[..end]).1, OF), Err(IndexError::Damaged)));
    }
}

/// As of a segment of which some events were taken out.
#[test]
fn positions_may_have_holes() {
    let events = Events(vec![(0, vec!["a:1".to_owned()]); 4]);
    let mut index = Active::from(FIRST);
    let mut bytes = Vec::new();
    encode(&events.event(0), &mut bytes);
    let names = Names::of(&bytes).expect("an event");
    for nth in [0, 3, 2_000] {
        index.push(FIRST.plus(nth), 4_096 + nth, &names);
    }
    let sealed = Sealed::open(file(&index.seal(OF)).1, OF).expect("it is whole");
    let postings = sealed.postings(Key::of_tag("a:1")).expect("it is whole");
    assert_eq!(postings.iter().map(|posting| posting.nth).collect::<Vec<_>>(), [0, 3, 2_000]);
    for (nth, expected) in [(0, Some(4_096)), (1, None), (3, Some(4_099)), (2_000, Some(6_096))] {
        assert_eq!((index.offset(nth), sealed.offset(nth).expect("whole")), (expected, expected));
    }
    assert_eq!(sealed.last(), FIRST.plus(2_000));
}

/// Sectors of zeros, and pages that stand elsewhere: each answer is right, or there is none.
#[test]
fn what_is_lost_or_misplaced_in_a_file_is_not_believed() {
    let events = Events::some(&mut fastrand::Rng::with_seed(1), 3_000);
    let bytes = events.index().seal(OF);
    let mut harmed: Vec<Vec<u8>> = Vec::new();
    for size in [8, 64, 512, 4_096] {
        for begin in (0..bytes.len()).step_by(size * if size < 512 { 97 } else { 3 }) {
            let mut zeros = bytes.clone();
            zeros[begin..bytes.len().min(begin + size)].fill(0);
            harmed.push(zeros);
        }
    }
    for (one, other) in [(1, 2), (2, 3), (3, 4), (1, 5)] {
        let mut swapped = bytes.clone();
        let (one, other) = (one * 4_096, other * 4_096);
        swapped[one..one + 4_096].copy_from_slice(&bytes[other..other + 4_096]);
        swapped[other..other + 4_096].copy_from_slice(&bytes[one..one + 4_096]);
        harmed.push(swapped);
    }
    let tags = (0..60).map(|nth| format!("account:{}", nth * 50)).chain(["busy:all".to_owned()]);
    let tags: Vec<_> = tags.map(|tag| (Key::of_tag(&tag), events.with(&tag))).collect();
    for bytes in harmed {
        let Ok(sealed) = Sealed::open(file(&bytes).1, OF) else { continue };
        for (key, expected) in &tags {
            if let Ok(postings) = sealed.postings(*key) {
                assert_eq!(&plain(&postings, |nth| sealed.type_number(TYPES[nth])), expected);
            }
        }
    }
}
