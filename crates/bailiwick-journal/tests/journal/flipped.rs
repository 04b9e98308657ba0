//! Bits that are flipped in the files of a journal, while nobody looks and while it is open: what is read is what was
//! acknowledged, all of it, or an error that names the file.
//!
//! `JOURNAL_BITS=all cargo test --release -p bailiwick-journal --test journal flipped` for all bits of the segments.

use bailiwick_core::ErrorReport;
use bailiwick_core::Position;
use bailiwick_core::journal::{
    AppendError, Journal, JournalReadError, Query, QueryItem, Read, RecordedEvent,
};

use bailiwick_journal::files::Folder as _;

use crate::simulated::{Sim, disk_of, files};
use crate::support::{event, poll, small, tag, unless};

type Files = Vec<(String, Vec<u8>)>;

/// Where the first frame stands, in bits.
const BEGIN: usize = 4_096 * 8;

/// Batches of all kinds over several files, marked at their end.
fn several() -> (Files, Vec<RecordedEvent>) {
    let mut sim = Sim::small();
    let mut random = fastrand::Rng::with_seed(3);
    for batch in 0..60 {
        let events = (0..random.usize(1..4)).map(|nth| {
            let name = format!("n:{}", random.u8(0..6));
            let first = if batch == 0 { "first:1" } else { "later:1" };
            let mut event = event(["A", "B"][nth % 2], &["all:1", first, &name], 0);
            // Zeros are what a file has before anything is written.
            let byte = if batch % 3 == 0 { 0 } else { b'x' };
            event.payload = vec![byte; random.usize(0..900)].into();
            event
        });
        let events = events.collect();
        sim.append(events).unwrap();
        sim.settle();
    }
    let (events, Sim { disk, steps, .. }) = (sim.all(), sim);
    steps.end();
    let files = files(&disk);
    let segments = files.iter().filter(|(name, _)| name.ends_with(".segment")).count();
    assert!(segments >= 4 && files.len() > segments, "{segments} of {}", files.len());
    (files, events)
}

/// The bits of a file to be tried: all of them, or some of everywhere.
fn bits(bytes: &[u8], some: usize) -> Vec<usize> {
    let all = bytes.len() * 8;
    if std::env::var("JOURNAL_BITS").is_ok_and(|bits| bits == "all") {
        return (0..all).collect();
    }
    let mut random = fastrand::Rng::with_seed(bytes.len() as u64);
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| (at + 1) * 8);
    let header = (0..some / 4).map(|_| random.usize(0..52 * 8)).collect::<Vec<_>>();
    let data = (0..some).map(|_| random.usize(BEGIN.min(end / 2)..end));
    let data = data.collect::<Vec<_>>();
    let anywhere = (0..some / 4).map(|_| random.usize(0..all)).collect::<Vec<_>>();
    [header, data, anywhere].concat()
}

/// What is asked of a journal, and what it says if nothing is wrong.
struct Asked {
    read: Read,
    expected: Vec<RecordedEvent>,
}

fn asked(events: &[RecordedEvent]) -> Vec<Asked> {
    let of_type = QueryItem::new(["A"], [tag("n:1")]).unwrap();
    let middle = Position::new(events.len() as u64 / 2);
    [
        Read::new(Query::all()),
        Read::new(QueryItem::tagged(tag("n:2")).into()),
        Read::new(of_type.into()).after(Position::new(7)),
        Read::new(Query::all()).after(middle).upto(middle.plus(9)),
    ]
    .map(|read| {
        let is_asked_for = |found: &&RecordedEvent| {
            let (at, event) = (found.position, &found.event);
            read.after < at
                && read.upto.is_none_or(|upto| at <= upto)
                && read.query.matches(event.event_type.as_str(), &event.tags)
        };
        let expected = events.iter().filter(is_asked_for).cloned().collect();
        Asked { read, expected }
    })
    .into()
}

fn answer(sim: &Sim, mut read: Read) -> Result<Vec<RecordedEvent>, JournalReadError> {
    let mut events = Vec::new();
    loop {
        let page = sim.read(read.clone())?;
        events.extend(page.events);
        if !page.more {
            return Ok(events);
        }
        read.after = page.upto;
    }
}

/// Whether all was as it should be; if not, it was an error that names the file.
#[track_caller]
fn is_exact(sim: &Sim, asked: &[Asked], name: &str, what: &str) -> bool {
    let mut exact = true;
    for Asked { read, expected } in asked {
        match answer(sim, read.clone()) {
            Ok(found) => assert!(found == *expected, "{what}: {} of {read:?}", found.len()),
            Err(error) => {
                names_it(&error, name, what);
                exact = false;
            }
        }
    }
    let mut last = sim.journal.last(Query::all());
    while sim.steps.read() {}
    match poll(&mut last).unwrap() {
        Ok(found) => assert!(found.event.as_ref() == asked[0].expected.last(), "{what}: last"),
        Err(error) => {
            names_it(&error, name, what);
            exact = false;
        }
    }
    exact
}

#[track_caller]
fn names_it(error: &(dyn std::error::Error + 'static), name: &str, what: &str) {
    let told = ErrorReport::of(error).to_string();
    assert!(told.contains(name), "{what}: {told}");
}

fn flipped(files: &Files, name: &str, bit: usize) -> Files {
    let mut files = files.clone();
    let (_, bytes) = files.iter_mut().find(|(other, _)| other == name).unwrap();
    bytes[bit / 8] ^= 1 << (bit % 8);
    files
}

#[test]
fn a_bit_flipped_at_rest_is_never_read() {
    let (files, events) = several();
    let asked = asked(&events);
    let without_indexes: Files =
        files.iter().filter(|(name, _)| name.ends_with(".segment")).cloned().collect();
    let (mut exact, mut refused) = (0, 0);
    for (name, bytes) in &without_indexes {
        for (nth, bit) in bits(bytes, 200).into_iter().enumerate() {
            let files = if nth % 2 == 0 { &files } else { &without_indexes };
            let what = format!("bit {bit} of {name}");
            match Sim::on(&disk_of(&flipped(files, name, bit)), &small()) {
                Ok(sim) if is_exact(&sim, &asked, name, &what) => exact += 1,
                Ok(_) => refused += 1,
                Err(error) => {
                    names_it(&error, name, &what);
                    refused += 1;
                }
            }
        }
    }
    assert!(exact > 20 && refused > 200, "{exact} exact, {refused} refused");
}

/// An index is derived: whatever is wrong with it, nothing is missing.
#[test]
fn a_bit_flipped_in_an_index_is_of_no_account() {
    let (files, events) = several();
    let asked = asked(&events);
    for (name, bytes) in files.iter().filter(|(name, _)| !name.ends_with(".segment")) {
        for bit in bits(bytes, 60) {
            let what = format!("bit {bit} of {name}");
            let sim = Sim::on(&disk_of(&flipped(&files, name, bit)), &small());
            let sim = sim.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert!(is_exact(&sim, &asked, name, &what), "{what}");
        }
    }
}

#[test]
fn a_bit_flipped_under_an_open_journal_is_never_read() {
    let (files, events) = several();
    let asked = asked(&events);
    let disk = disk_of(&files);
    let (mut exact, mut refused) = (0, 0);
    for (name, bytes) in &files {
        // As many as it takes to have it in memory, if that is what it does.
        let mut sim = Sim::on(&disk, &small()).unwrap();
        sim.settle();
        for (nth, bit) in bits(bytes, 300).into_iter().enumerate() {
            disk.flip(name, bit);
            let is_index = !name.ends_with(".segment");
            let is_exact = is_exact(&sim, &asked, name, &format!("bit {bit} of {name}"));
            assert!(is_exact || !is_index, "bit {bit} of {name}");
            *(if is_exact { &mut exact } else { &mut refused }) += 1;
            disk.flip(name, bit);
            if nth % 50 == 0 {
                sim = Sim::on(&disk, &small()).unwrap();
                sim.settle();
            }
        }
    }
    assert!(exact > 100 && refused > 100, "{exact} exact, {refused} refused");
}

/// One that is flipped under an open journal does not go unnoticed by what is appended behind it.
#[test]
fn what_is_appended_behind_a_flipped_bit_is_not_read_without_it() {
    let mut random = fastrand::Rng::with_seed(9);
    for nth in 0..150 {
        let mut sim = Sim::small();
        let mut appended = Vec::new();
        for _ in 0..12 {
            sim.append(vec![event("A", &["all:1"], random.usize(0..1_500))]).unwrap();
        }
        appended.extend(sim.all());
        let name = "0000000001.segment";
        let bytes = sim.disk.contents(name);
        let end = bytes.iter().rposition(|byte| *byte != 0).unwrap() * 8;
        let bit = random.usize(BEGIN..end);
        sim.disk.flip(name, bit);
        for _ in 0..12 {
            let events = vec![event("B", &["all:1"], random.usize(0..1_500))];
            let appended_event = events[0].clone();
            if let Ok(at) = sim.append(events) {
                let (position, event) = (at.first, appended_event);
                appended.push(RecordedEvent { position, event });
            }
        }
        let what = format!("{nth}: bit {bit}");
        let all = [Asked { read: Read::new(Query::all()), expected: appended }];
        is_exact(&sim, &all, name, &what);
        let disk = sim.disk.clone();
        drop(sim);
        disk.restart();
        match Sim::on(&disk, &small()) {
            Ok(sim) => drop(is_exact(&sim, &all, name, &what)),
            Err(error) => names_it(&error, name, &what),
        }
    }
}

/// Whether a condition holds cannot be said where what it asks for cannot be read: such an append is not written, and
/// others are.
#[test]
fn a_condition_that_cannot_be_judged_is_not_taken_to_hold() {
    let (files, events) = several();
    let disk = disk_of(&files);
    let mut sim = Sim::on(&disk, &small()).unwrap();
    sim.settle();
    let zeros = |name: &str, from: u64| {
        let length = disk.contents(name).len() - usize::try_from(from).unwrap();
        disk.open(name).unwrap().write_at(&vec![0; length], from).unwrap();
    };
    for (name, _) in &files {
        zeros(name, if name.ends_with(".segment") { 4_096 } else { 0 });
    }
    for name in ["all:1", "first:1", "n:1", "n:2"] {
        let refused = vec![event("Refused", &[], 10)];
        let mut answer = sim.journal.append(refused, Some(unless(name, 0)));
        while sim.steps.write() {}
        match poll(&mut answer).unwrap() {
            Err(AppendError::Conflict { at }) => assert!(at <= events[events.len() - 1].position),
            Err(error @ AppendError::NotWritten(_)) => names_it(&error, "simulated/00000000", name),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert!(sim.journal.health().is_open());
    let next = sim.append(vec![event("Taken", &[], 10)]).unwrap().first.get();
    assert_eq!(next, events.len() as u64 + 1);
}
