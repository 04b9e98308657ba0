//! Opening what a crash or a bad disk left behind: what was cut off is left out, anything else is refused, and
//! refusing changes nothing.

use std::ops::Range;

use bailiwick_core::journal::{JournalReadError, RecordedEvent};
use bailiwick_journal::OpenError;
use bailiwick_journal::files::{Fault, Folder as _};

use crate::simulated::{Sim, disk_of, files};
use crate::support::{event, small};

const SECTOR: usize = 512;
const HEADER: usize = 52;
/// Where the first frame stands.
const BEGIN: usize = 4_096;
/// What fills a frame up, at most.
const PADDING: usize = 7;
const FIRST: &str = "0000000001.segment";

type Files = Vec<(String, Vec<u8>)>;

/// The files of a process that ended without a word, and what its last append made of the first of them.
struct Written {
    files: Files,
    bytes: Vec<u8>,
    /// The events before the last append, and all.
    before: Vec<RecordedEvent>,
    events: Vec<RecordedEvent>,
    last: Range<usize>,
}

impl Written {
    /// Some appends, and then a last one of events of these sizes.
    fn new(sizes: &[usize]) -> Written {
        let mut sim = Sim::small();
        sim.append(vec![event("A", &["x:1"], 0)]).unwrap();
        sim.append(vec![event("B", &["x:1", "y:1"], 300), event("A", &[], 70)]).unwrap();
        sim.append(vec![event("C", &["y:1"], 1_100)]).unwrap();
        sim.append(vec![event("A", &["x:2"], 33)]).unwrap();
        let (before, old) = (sim.all(), sim.disk.contents(FIRST));
        let last = sizes.iter().map(|size| event("D", &["z:1"], *size)).collect();
        sim.append(last).unwrap();
        let (events, bytes) = (sim.all(), sim.disk.contents(FIRST));
        let differs = |at: &usize| old[*at] != bytes[*at];
        let start = (0..bytes.len()).find(differs).unwrap();
        let end = (0..bytes.len()).rfind(differs).unwrap() + 1;
        Written { files: files(&sim.disk), bytes, before, events, last: start..end }
    }

    /// The same, after an end that was marked.
    fn marked(sizes: &[usize]) -> Written {
        let written = Written::new(sizes);
        let disk = disk_of(&written.files);
        let Sim { steps, .. } = Sim::on(&disk, &small()).unwrap();
        steps.end();
        Written { files: files(&disk), bytes: disk.contents(FIRST), ..written }
    }

    /// Opens what `bytes` are, as after a crash.
    fn open(&self, bytes: &[u8]) -> Result<Sim, OpenError> {
        let others = self.files.iter().filter(|(name, _)| name != FIRST).cloned();
        let files = [(FIRST.to_owned(), bytes.to_vec())].into_iter().chain(others).collect();
        open(&files)
    }

    #[track_caller]
    fn is_left_out(&self, bytes: &[u8], what: &str) {
        let mut sim = self.open(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(sim.all() == self.before, "{what}");
        let next = sim.append(vec![event("E", &["z:2"], 5)]).unwrap().first.get();
        assert_eq!(next, self.before.len() as u64 + 1, "{what}");
        let found = sim.all();
        assert!(sim.after_power_loss().all() == found, "{what}: opened again");
    }

    #[track_caller]
    fn is_refused(&self, bytes: &[u8], what: &str) -> u64 {
        refused_at(self.open(bytes), FIRST, what)
    }
}

/// Opens a disk that has these files; if it is refused it has them still.
fn open(these: &Files) -> Result<Sim, OpenError> {
    let disk = disk_of(these);
    let sim = Sim::on(&disk, &small());
    if sim.is_err() {
        assert!(files(&disk) == *these, "it was refused, and changed");
        disk.restart();
        assert!(files(&disk) == *these, "it was refused, and changed");
    }
    sim
}

#[track_caller]
fn refused_at(opened: Result<Sim, OpenError>, name: &str, what: &str) -> u64 {
    match opened {
        Err(OpenError::Corrupt { path, offset, .. }) if path.ends_with(name) => offset,
        Err(other) => panic!("{what}: {other:?}"),
        Ok(sim) => panic!("{what}: {} events", sim.all().len()),
    }
}

#[test]
fn what_is_cut_off_at_any_byte_is_left_out() {
    for sizes in [&[40][..], &[0, 200, 3]] {
        let written = Written::new(sizes);
        for cut in written.last.clone() {
            let mut bytes = written.bytes.clone();
            bytes[cut..].fill(0);
            written.is_left_out(&bytes, &format!("cut at {cut} of {:?}", written.last));
        }
        let sim = written.open(&written.bytes).unwrap();
        assert!(sim.all() == written.events, "nothing is cut off");
    }
}

#[test]
fn an_append_that_lacks_sectors_is_left_out() {
    let written = Written::new(&[900, 700, 1_300, 80]);
    let sectors: Vec<Range<usize>> = (0..written.bytes.len() / SECTOR)
        .map(|n| n * SECTOR..(n + 1) * SECTOR)
        .map(|sector| sector.start.max(written.last.start)..sector.end.min(written.last.end))
        .filter(|sector| sector.start < sector.end)
        .collect();
    assert!(sectors.len() > 5, "{sectors:?}");
    for missing in 1_u32..1 << sectors.len() {
        let mut bytes = written.bytes.clone();
        for (n, sector) in sectors.iter().enumerate() {
            if missing & (1 << n) != 0 {
                bytes[sector.clone()].fill(0);
            }
        }
        written.is_left_out(&bytes, &format!("{missing:b} of {sectors:?}"));
    }
}

#[test]
fn damage_before_the_last_append_is_refused() {
    let written = Written::new(&[40]);
    let mut unseen = 0;
    for at in BEGIN..written.last.start {
        let mut bytes = written.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        match written.open(&bytes) {
            Ok(sim) => {
                assert!(sim.all() == written.events, "a bit at {at}");
                unseen += 1;
            }
            refused => {
                let offset = refused_at(refused, FIRST, &format!("a bit at {at}"));
                assert!(offset <= at as u64, "the damage at {at} is said to be at {offset}");
            }
        }
    }
    // What fills a frame up is nobody's.
    assert!(unseen <= written.before.len() * PADDING, "{unseen} bits");
    for at in (BEGIN..written.last.start - SECTOR).step_by(97) {
        let mut bytes = written.bytes.clone();
        bytes[at..at + SECTOR].fill(0);
        written.is_refused(&bytes, &format!("a sector from {at}"));
    }
}

#[test]
fn damage_to_the_last_append_is_refused_too() {
    for written in [Written::new(&[40, 700]), Written::marked(&[40, 700])] {
        let mut unseen = 0;
        for at in written.last.clone() {
            for bit in 0..8 {
                let mut bytes = written.bytes.clone();
                bytes[at] ^= 1 << bit;
                match written.open(&bytes) {
                    Ok(sim) => {
                        assert!(
                            sim.all() == written.events,
                            "bit {bit} at {at} is taken for a crash"
                        );
                        unseen += 1;
                    }
                    refused => drop(refused_at(refused, FIRST, &format!("bit {bit} at {at}"))),
                }
            }
        }
        assert!(unseen <= 8 * PADDING, "{unseen} bits of {:?}", written.last);
    }
}

/// What was acknowledged and marked does not go unnoticed, be it cut off or overwritten with zeros.
#[test]
fn what_a_mark_says_was_durable_is_not_taken_for_what_was_on_its_way() {
    let written = Written::marked(&[40]);
    assert!(written.open(&written.bytes).unwrap().all() == written.events);
    let mut bytes = written.bytes.clone();
    bytes[written.last.clone()].fill(0);
    assert_eq!(written.is_refused(&bytes, "without the last"), written.last.start as u64);
    for sector in (written.last.start / SECTOR * SECTOR..written.last.end).step_by(SECTOR) {
        let mut bytes = written.bytes.clone();
        bytes[sector.max(written.last.start)..(sector + SECTOR).min(written.last.end)].fill(0);
        written.is_refused(&bytes, "without a sector");
    }
}

#[test]
fn a_header_that_is_damaged_is_refused() {
    let written = Written::new(&[40]);
    for at in 0..HEADER {
        let mut bytes = written.bytes.clone();
        bytes[at] ^= 4;
        assert_eq!(written.is_refused(&bytes, &format!("the header at {at}")), 0);
    }
    let mut bytes = written.bytes.clone();
    bytes[..HEADER].fill(0);
    written.is_refused(&bytes, "no header");
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let written = Written::new(&[40]);
    let length = written.bytes.len();
    for length in [0, HEADER - 1, HEADER, BEGIN, written.last.end, length - 1] {
        written.is_refused(&written.bytes[..length], &format!("{length} bytes"));
    }
    let mut longer = written.bytes.clone();
    longer.push(0);
    written.is_refused(&longer, "a byte more");
}

/// A journal with several files, which ended well.
fn several() -> (Files, Vec<String>, Vec<RecordedEvent>) {
    let mut sim = Sim::small();
    for n in 0..60 {
        sim.append(vec![event("A", &[&format!("n:{}", n % 3)], 700)]).unwrap();
        sim.settle();
    }
    let (events, Sim { disk, steps, .. }) = (sim.all(), sim);
    steps.end();
    let files = files(&disk);
    let has_event = |(name, bytes): &&(String, Vec<u8>)| {
        name.ends_with(".segment") && bytes[BEGIN..].iter().any(|byte| *byte != 0)
    };
    let names: Vec<_> = files.iter().filter(has_event).map(|(name, _)| name.clone()).collect();
    assert!(names.len() >= 3, "{names:?}");
    (files, names, events)
}

fn without(files: &Files, name: &str) -> Files {
    files.iter().filter(|(other, _)| other != name).cloned().collect()
}

#[test]
fn damage_to_an_earlier_file_is_named_and_never_left_out() {
    let (files, names, events) = several();
    let mut seen = 0;
    for name in &names[..names.len() - 1] {
        let (_, whole) = files.iter().find(|(other, _)| other == name).unwrap();
        let end = whole.iter().rposition(|byte| *byte != 0).unwrap();
        for at in (BEGIN..end).step_by(131) {
            let mut files = files.clone();
            let (_, bytes) = files.iter_mut().find(|(other, _)| other == name).unwrap();
            bytes[at] ^= 0x10;
            // Nobody looks at an earlier file to open a journal: it is noticed by whoever reads there.
            let sim = open(&files).unwrap_or_else(|error| panic!("{at}: {error}"));
            match sim.try_all() {
                Ok(all) => assert!(all == events, "{at}"),
                Err(JournalReadError::Unavailable(why)) => {
                    let Some(OpenError::Corrupt { path, offset, .. }) = why.downcast_ref() else {
                        panic!("{at}: {why:?}")
                    };
                    assert!(path.ends_with(name), "{path:?}");
                    let is_near = *offset <= at as u64 && at as u64 - offset < 900;
                    assert!(is_near, "{at} is said to be {offset}");
                    seen += 1;
                }
                Err(other) => panic!("{at}: {other}"),
            }
        }
    }
    assert!(seen > 150, "{seen}");
    assert!(open(&files).unwrap().all() == events);
}

#[test]
fn a_file_that_is_missing_is_refused() {
    let (files, names, _) = several();
    for name in &names[..names.len() - 1] {
        match open(&without(&files, name)).map(drop) {
            Err(OpenError::Missing { path }) => assert!(path.ends_with(name), "{path:?}"),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Its events were acknowledged, and nothing in the other files says that there were any.
#[test]
#[ignore = "to be noticed when there is a note of what was acknowledged: the checkpoint"]
fn the_last_file_cannot_go_unnoticed() {
    let (files, names, _) = several();
    let last = names.last().unwrap();
    let without_it: Files =
        files.into_iter().filter(|(name, _)| !name.ends_with(".segment") || name < last).collect();
    assert!(open(&without_it).is_err());
}

#[test]
fn what_is_left_of_a_file_that_was_being_made_is_removed() {
    let (files, names, events) = several();
    let next = names.len() + 2;
    for length in [0, 10, 4_096, 16_384] {
        let mut files = files.clone();
        let left = [format!("{next:010}.segment.unfinished"), format!("{FIRST}.unfinished")];
        files.extend(left.iter().map(|name| (name.clone(), vec![1; length])));
        let mut sim = open(&files).unwrap();
        assert!(sim.all() == events, "{length} bytes");
        let names = sim.disk.names().unwrap();
        assert!(!left.iter().any(|name| names.contains(name)), "{names:?}");
        for _ in 0..30 {
            sim.append(vec![event("B", &["x:1"], 900)]).unwrap();
        }
        let found = sim.all();
        assert!(sim.after_power_loss().all() == found);
    }
}

#[test]
fn opening_again_and_again_changes_nothing() {
    let (mut these, _, events) = several();
    for round in 0..5 {
        let disk = disk_of(&these);
        let mut sim = Sim::on(&disk, &small()).unwrap();
        assert!(sim.all() == events);
        sim.settle();
        sim.steps.rest();
        sim.steps.rest();
        sim.steps.end();
        let found = files(&disk);
        if round > 0 {
            let changed = found.iter().zip(&these).find(|(found, these)| found != these);
            assert!(found == these, "{:?}", changed.map(|(found, _)| &found.0));
        }
        these = found;
    }
}

/// A journal whose first file is nearly full.
fn filled() -> Sim {
    let mut sim = Sim::small();
    for _ in 0..14 {
        sim.append(vec![event("A", &["x:1"], 700)]).unwrap();
    }
    sim
}

#[test]
fn an_append_that_failed_at_the_end_of_a_file_is_left_out() {
    let mut sim = filled();
    sim.disk.plan(0, Fault::NoRoom);
    sim.append(vec![event("C", &["z:1"], 600)]).unwrap_err();
    sim.disk.free_room();
    sim.reopen().unwrap();
    for n in 15..40 {
        assert_eq!(sim.append(vec![event("D", &[], 700)]).unwrap().first.get(), n);
    }
    let found = sim.all();
    assert!(found.iter().all(|found| found.event.event_type != *"C"));
    assert!(sim.after_power_loss().all() == found);
}

/// What a file has that the next one does not follow was put there by nobody who keeps these rules: no disk and no end
/// of a process leaves that.
#[test]
#[ignore = "not noticed: the events of the first are read, up to as many as there are"]
fn an_append_too_many_in_a_file_is_refused() {
    let (mut one, mut other) = (filled(), filled());
    one.append(vec![event("B", &["y:1"], 5_000)]).unwrap();
    let second = one.disk.contents("0000000002.segment");
    for more in 1..3 {
        other.append(vec![event("C", &["z:1"], 10)]).unwrap();
        let first = other.disk.contents(FIRST);
        let files =
            vec![(FIRST.to_owned(), first), ("0000000002.segment".to_owned(), second.clone())];
        let Err(OpenError::Corrupt { path, .. }) = open(&files).map(drop) else {
            panic!("{more} too many")
        };
        assert!(path.to_string_lossy().ends_with(".segment"));
    }
}
