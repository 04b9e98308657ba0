//! Bytes that change on the disk under an open journal, or one that is opened: whatever is answered must be an error,
//! or what was acknowledged. Nothing may be left out without a word.
//!
//! Some bits of each file are flipped, chosen evenly; all of them with `JUDGE_ALL_BITS=1`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bailiwick_core::{AppendError, Journal, Position, Query, Read};
use bailiwick_journal::FileJournal;
use judge::plain::*;
use tempfile::TempDir;

/// Where the first frame of a segment stands, and how long what stands before it is: `docs/journal-format.md`.
const FIRST_FRAME: usize = 4_096;
const SEGMENT_HEADER: usize = 52;
const FRAME_HEADER: usize = 32;

const FIRST: &str = "0000000001.segment";

fn place_of(bytes: &[u8], what: &[u8]) -> usize {
    bytes.windows(what.len()).position(|window| window == what).expect("it is there")
}

fn end_of(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

fn write(path: &Path, at: usize, byte: u8) {
    let file = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&[byte], at as u64).unwrap();
}

/// The bits of these bytes: one of `of`, or all if that is asked for.
fn bits(places: impl IntoIterator<Item = usize>, of: usize) -> Vec<(usize, u8)> {
    assert!(of % 2 == 1, "each bit of a byte has its turn");
    let step = if std::env::var("JUDGE_ALL_BITS").is_ok_and(|all| all == "1") { 1 } else { of };
    let all = places.into_iter().flat_map(|at| (0..8).map(move |bit| (at, bit)));
    all.step_by(step).collect()
}

/// What a segment has: its header, something of the nothing behind it, and the frames with what comes behind them.
fn of_segment(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let nothing = (SEGMENT_HEADER..FIRST_FRAME).step_by(97);
    (0..SEGMENT_HEADER).chain(nothing).chain(FIRST_FRAME..end_of(bytes) + FRAME_HEADER + 9)
}

/// What was wrong, and after which bits.
#[derive(Default)]
struct Wrong(BTreeMap<String, Vec<(usize, u8)>>);

impl Wrong {
    fn note(&mut self, what: impl Into<String>, at: (usize, u8)) {
        self.0.entry(what.into()).or_default().push(at);
    }

    fn judge(self) {
        for (what, places) in &self.0 {
            let mut bytes = BTreeMap::<usize, u32>::new();
            places.iter().for_each(|(at, _)| *bytes.entry(*at).or_default() += 1);
            println!("{what}: bits in each byte: {bytes:?}");
        }
        for (what, places) in &self.0 {
            let some = &places[..places.len().min(24)];
            println!("{what}: {} bits, for example {some:?}", places.len());
        }
        assert!(self.0.is_empty());
    }
}

fn copy(from: &Path) -> TempDir {
    let to = folder();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap();
        // The next file may get its name meanwhile.
        let _ = std::fs::copy(&path, to.path().join(name));
    }
    let _ = std::fs::remove_file(to.path().join("journal.lock"));
    to
}

/// Four events, each an append; the byte in the payload of the `nth` is changed, while it is open.
fn spoilt(nth: usize) -> (TempDir, FileJournal) {
    let folder = folder();
    let journal = FileJournal::options().segment_bytes(64 << 10).open(folder.path()).unwrap();
    for n in 1..=4 {
        let event = ev("A", format!("payload number {n}"), &["t:1", &format!("n:{n}")]);
        assert_eq!(block_on(journal.append(vec![event], None)).unwrap().last.get(), n);
    }
    let path = folder.path().join(FIRST);
    let bytes = std::fs::read(&path).unwrap();
    write(&path, place_of(&bytes, format!("payload number {nth}").as_bytes()), b'P');
    (folder, journal)
}

/// All that an error says.
fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        words = format!("{words}: {error}");
        source = error.source();
    }
    words
}

/// An error that names the file, or all of them: what it is instead.
fn judge_page(
    journal: &dyn Journal,
    query: &Query,
    after: u64,
    expected: &[u64],
) -> Option<String> {
    let read = Read::new(query.clone()).after(Position::new(after));
    match block_on(journal.read(read)) {
        Err(why) => {
            let words = words(&why);
            (!words.contains(FIRST)).then(|| format!("an error that names no file: {words}"))
        }
        Ok(page) => {
            let found: Vec<u64> = page.events.iter().map(|e| e.position.get()).collect();
            let upto = page.upto.get();
            let given: Vec<u64> = expected.iter().copied().filter(|at| *at <= upto).collect();
            (found != given).then(|| {
                let more = page.more;
                format!(
                    "{query:?} after {after}: {found:?}, upto {upto}, more {more}; acknowledged were {given:?}"
                )
            })
        }
    }
}

#[test]
fn a_page_over_a_spoilt_event_is_an_error() {
    let mut wrong = Vec::new();
    for nth in 1..=4 {
        let (_folder, journal) = spoilt(nth);
        for query in [all(), with(&["t:1"]), of(&["A"])] {
            for after in 0..4 {
                let expected: Vec<u64> = (after + 1..=4).collect();
                let page = judge_page(&journal, &query, after, &expected);
                wrong.extend(page.map(|w| format!("event {nth} spoilt: {w}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of 48:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_last_match_over_a_spoilt_event_is_an_error() {
    let mut wrong = Vec::new();
    for nth in 1..=4 {
        let (_folder, journal) = spoilt(nth);
        let own = with(&[&format!("n:{nth}")]);
        for query in [all(), with(&["t:1"]), of(&["A"]), own.clone()] {
            let expected = if query == own { nth as u64 } else { 4 };
            if let Ok(last) = block_on(journal.last(query.clone())) {
                let found = last.event.map(|e| e.position.get());
                if found != Some(expected) {
                    let upto = last.upto;
                    wrong.push(format!(
                        "event {nth} spoilt: last of {query:?} is {found:?}, upto {upto}"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A condition on what stands in a spoilt event is never taken to hold.
#[test]
fn a_condition_over_a_spoilt_event_does_not_hold() {
    let mut wrong = Vec::new();
    for nth in 1..=4u64 {
        let name = format!("n:{nth}");
        for query in [
            with(&[&name]),
            with(&["t:1", &name]),
            q(&[(&["A"], &[&name])]),
            with(&["t:1"]),
            of(&["A"]),
            all(),
        ] {
            let (_folder, journal) = spoilt(usize::try_from(nth).unwrap());
            let after = nth - 1;
            let condition = Some(cond(query.clone(), after));
            match block_on(journal.append(vec![ev("B", "", &[])], condition)) {
                Ok(appended) => wrong.push(format!(
                    "event {nth} spoilt, {query:?} after {after}: appended at {}",
                    appended.last
                )),
                Err(AppendError::Conflict { .. }) => {}
                Err(why) => {
                    let (words, health) = (words(&why), journal.health());
                    println!("event {nth}, {query:?}: {words}; {health:?}");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The same after the file was opened again: refused by name, or all of it.
#[test]
fn opening_over_a_spoilt_event_is_an_error_or_all_of_it() {
    for nth in 1..=4 {
        let (folder, journal) = spoilt(nth);
        drop(journal);
        match FileJournal::options().segment_bytes(64 << 10).open(folder.path()) {
            Err(why) => {
                println!("event {nth}: {}", words(&why));
                assert!(words(&why).contains(FIRST), "which file? {}", words(&why));
            }
            Ok(journal) => {
                let head = block_on(journal.head()).unwrap().position.get();
                assert_eq!(head, 4, "event {nth}");
                assert_eq!(judge_page(&journal, &all(), 0, &[1, 2, 3, 4]), None, "event {nth}");
            }
        }
    }
}

/// Four appends of two events each, in one file.
fn eight() -> (TempDir, FileJournal) {
    let folder = folder();
    let journal = FileJournal::options().segment_bytes(16 << 10).open(folder.path()).unwrap();
    for n in 1..=4 {
        let first = ev("A", format!("payload {n}"), &["t:1", &format!("n:{n}")]);
        block_on(journal.append(vec![first, ev("B", "x", &["t:1"])], None)).unwrap();
    }
    (folder, journal)
}

/// Queries, and what of the eight matches.
fn of_eight() -> [(Query, &'static [u64]); 5] {
    [
        (all(), &[1, 2, 3, 4, 5, 6, 7, 8]),
        (with(&["t:1"]), &[1, 2, 3, 4, 5, 6, 7, 8]),
        (of(&["A"]), &[1, 3, 5, 7]),
        (with(&["n:2"]), &[3]),
        (with(&["n:4"]), &[7]),
    ]
}

fn judge_eight(journal: &dyn Journal, mut note: impl FnMut(String)) {
    for (n, (query, expected)) in of_eight().into_iter().enumerate() {
        for after in [0, 3] {
            let beyond: Vec<u64> = expected.iter().copied().filter(|p| *p > after).collect();
            if let Some(what) = judge_page(journal, &query, after, &beyond) {
                println!("{what}");
                note(format!("page of query {n}: not what was acknowledged, and no error"));
            }
        }
        if let Ok(last) = block_on(journal.last(query))
            && last.event.as_ref().map(|e| e.position.get()) != expected.last().copied()
        {
            note(format!("last of query {n}: Ok, and not what was acknowledged"));
        }
    }
}

/// Whether the journal is to be made anew.
fn judge_conditions(journal: &dyn Journal, mut note: impl FnMut(String)) -> bool {
    for (n, (query, expected)) in of_eight().into_iter().enumerate() {
        let condition = cond(query, expected.last().unwrap() - 1);
        match block_on(journal.append(vec![ev("C", "", &[])], Some(condition))) {
            Err(AppendError::Conflict { .. }) => {}
            Ok(_) => {
                note(format!("condition on query {n}: held, against what was acknowledged"));
                return true;
            }
            Err(_) => return true,
        }
    }
    false
}

/// The bits of what was written, one at a time, under an open journal.
#[test]
fn any_bit_that_changes_under_an_open_journal_is_an_error_or_makes_no_difference() {
    let (mut folder, mut journal) = eight();
    let bytes = std::fs::read(folder.path().join(FIRST)).unwrap();
    let places = bits(of_segment(&bytes), 1);
    let mut wrong = Wrong::default();
    for (at, bit) in &places {
        let path = folder.path().join(FIRST);
        let byte = std::fs::read(&path).unwrap()[*at];
        write(&path, *at, byte ^ (1 << bit));
        judge_eight(&journal, |what| wrong.note(what, (*at, *bit)));
        if judge_conditions(&journal, |what| wrong.note(what, (*at, *bit))) {
            (folder, journal) = eight();
        } else {
            write(&path, *at, byte);
        }
    }
    println!("{} bits of {} bytes", places.len(), end_of(&bytes));
    wrong.judge();
}

/// The bits of what was written, one at a time, of a journal that is opened: it is refused, by the name of the file,
/// or has all that was acknowledged.
fn judge_opening(from: &Path, of: usize) {
    let bytes = std::fs::read(from.join(FIRST)).unwrap();
    let places = bits(of_segment(&bytes), of);
    let mut wrong = Wrong::default();
    let (mut refused, mut opened) = (0, 0);
    for (at, bit) in &places {
        let folder = copy(from);
        write(&folder.path().join(FIRST), *at, bytes[*at] ^ (1 << bit));
        match FileJournal::options().segment_bytes(16 << 10).open(folder.path()) {
            Err(why) if words(&why).contains(FIRST) => refused += 1,
            Err(why) => wrong.note(format!("names no file: {}", words(&why)), (*at, *bit)),
            Ok(journal) => {
                opened += 1;
                let head = block_on(journal.head()).unwrap().position.get();
                if head != 8 {
                    wrong.note(format!("head {head}"), (*at, *bit));
                }
                judge_eight(&journal, |what| wrong.note(what, (*at, *bit)));
                judge_conditions(&journal, |what| wrong.note(what, (*at, *bit)));
            }
        }
    }
    println!("{} bits: {refused} refused, {opened} opened", places.len());
    wrong.judge();
}

#[test]
fn opening_over_any_bit_is_an_error_or_all_of_it() {
    let (folder, journal) = eight();
    drop(journal);
    judge_opening(folder.path(), 3);
}

/// The same where the process ended without a word, as soon as the last append was acknowledged. Of what is on its
/// way when the power goes no bit flips: parts are missing.
#[test]
fn opening_over_any_bit_of_one_that_was_killed_is_an_error_or_all_of_it() {
    let (folder, _journal) = eight();
    let killed = copy(folder.path());
    judge_opening(killed.path(), 3);
}

/// A part of the last file is lost, as if it had never been written, which is not the end that was marked: it is
/// refused by name, or all of it is there.
#[test]
fn opening_over_a_lost_sector_is_an_error_or_all_of_it() {
    const SECTOR: usize = 512;
    let original = folder();
    let journal = FileJournal::options().segment_bytes(32 << 10).open(original.path()).unwrap();
    for _ in 0..4 {
        let event = |name| ev(name, vec![b'x'; 1_500], &["t:1"]);
        block_on(journal.append(vec![event("A"), event("B")], None)).unwrap();
    }
    drop(journal);
    let bytes = std::fs::read(original.path().join(FIRST)).unwrap();
    let sectors = FIRST_FRAME / SECTOR..(end_of(&bytes) - 1) / SECTOR;
    assert!(sectors.len() > 8 * 1_500 / SECTOR, "all of it is in one file");
    for sector in sectors {
        let folder = copy(original.path());
        let path = folder.path().join(FIRST);
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.write_all_at(&[0; SECTOR], (sector * SECTOR) as u64).unwrap();
        match FileJournal::options().segment_bytes(32 << 10).open(folder.path()) {
            Err(why) => assert!(words(&why).contains(FIRST), "{sector}: {}", words(&why)),
            Ok(journal) => {
                let all_of_it: Vec<u64> = (1..=8).collect();
                assert_eq!(judge_page(&journal, &all(), 0, &all_of_it), None, "sector {sector}");
                let head = block_on(journal.head()).unwrap().position.get();
                assert_eq!(head, 8, "sector {sector}");
            }
        }
    }
}

/// A journal of several files. Each event has a tag of its own and two that others have, too.
fn sixty(folder: &Path) -> FileJournal {
    let journal = FileJournal::options().segment_bytes(16 << 10).open(folder).unwrap();
    for n in 1..=60 {
        let tags = ["t:1", &format!("n:{n}"), &format!("m:{}", n % 7)];
        block_on(journal.append(vec![ev("A", vec![b'x'; 900], &tags)], None)).unwrap();
    }
    journal
}

/// All of these are violated by the event at 2, and by no other.
fn of_the_second() -> [Query; 5] {
    [
        with(&["t:1", "n:2"]),
        q(&[(&["A"], &["n:2"])]),
        with(&["n:2"]),
        q(&[(&["A"], &["t:1", "n:2", "m:2"])]),
        q(&[(&[], &["n:999"]), (&[], &["n:2", "m:2"])]),
    ]
}

/// Whether the journal is to be made anew.
fn judge_second(journal: &dyn Journal, mut note: impl FnMut(String)) -> bool {
    for (n, query) in of_the_second().into_iter().enumerate() {
        let condition = Some(cond(query.clone(), 1));
        match block_on(journal.append(vec![ev("C", "", &[])], condition)) {
            Err(AppendError::Conflict { at }) if at.get() == 2 => {}
            Ok(_) => {
                note(format!("condition {n}: held, against what was acknowledged"));
                return true;
            }
            Err(AppendError::Conflict { at }) => {
                note(format!("condition {n}: conflict at {at}, not at 2"));
            }
            Err(_) => return true,
        }
        if let Ok(last) = block_on(journal.last(query.clone()))
            && last.event.map(|e| e.position.get()) != Some(2)
        {
            note(format!("last {n}: not 2"));
        }
        if let Some(what) = judge_page(journal, &query, 0, &[2]) {
            println!("{what}");
            note(format!("page {n}: not 2"));
        }
    }
    false
}

/// The frame of the second event.
fn second(bytes: &[u8]) -> Range<usize> {
    let len = |at: usize| u32::from_le_bytes(bytes[at + 16..at + 20].try_into().unwrap()) as usize;
    let after = |at: usize| at + (FRAME_HEADER + len(at)).next_multiple_of(8);
    after(FIRST_FRAME)..after(after(FIRST_FRAME))
}

/// Conditions that one tag alone does not answer, in a journal of several files: the bits of the
/// first records of the first file.
#[test]
fn conditions_over_any_bit_in_a_full_file() {
    let setup = || {
        let folder = folder();
        let journal = sixty(folder.path());
        (folder, journal)
    };
    let (mut folder, mut journal) = setup();
    let mut wrong = Wrong::default();
    let bytes = std::fs::read(folder.path().join(FIRST)).unwrap();
    let record = second(&bytes);
    let record = record.start..record.start + 90;
    let others = (FIRST_FRAME..FIRST_FRAME + 3 * 1024).filter(|at| !record.contains(at));
    let places = (0..SEGMENT_HEADER).chain(record.clone()).chain(others.step_by(61));
    for (at, bit) in bits(places, 1) {
        let path = folder.path().join(FIRST);
        let byte = std::fs::read(&path).unwrap()[at];
        write(&path, at, byte ^ (1 << bit));
        if judge_second(&journal, |what| wrong.note(what, (at, bit))) {
            (folder, journal) = setup();
        } else {
            write(&path, at, byte);
        }
    }
    wrong.judge();
}

/// An index says where to look, and no more: whatever is wrong with it, under an open journal or before it is
/// opened, all that was acknowledged is found.
#[test]
fn any_bit_of_an_index_makes_no_difference() {
    let original = folder();
    drop(sixty(original.path()));
    let open = |folder: &Path| FileJournal::options().segment_bytes(16 << 10).open(folder).unwrap();
    // Opening writes those indexes that are not written yet.
    drop(open(original.path()));
    let indexes: Vec<PathBuf> = std::fs::read_dir(original.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains("0000000001.") && !path.ends_with(FIRST))
        .collect();
    assert!(!indexes.is_empty(), "the first file has an index");
    let mut wrong = Wrong::default();
    for index in indexes {
        let bytes = std::fs::read(&index).unwrap();
        let name = index.file_name().unwrap();
        let places = bits(0..bytes.len(), 53);
        println!("{name:?}: {} bits of {} bytes", places.len(), bytes.len());
        for (at, bit) in places {
            let folder = copy(original.path());
            let path = folder.path().join(name);
            let journal = open(folder.path());
            write(&path, at, bytes[at] ^ (1 << bit));
            let mut judge = |journal: FileJournal, when: &str| {
                let mut note = |what| wrong.note(format!("{when}: {what}"), (at, bit));
                if judge_second(&journal, &mut note) {
                    note("an append was not refused for a conflict".to_owned());
                }
                for query in [all(), with(&["t:1"]), of(&["A"])] {
                    let expected: Vec<u64> = (1..=60).collect();
                    let found = judge_page(&journal, &query, 0, &expected);
                    found.into_iter().for_each(&mut note);
                    let last = block_on(journal.last(query)).unwrap();
                    if last.event.map(|event| event.position.get()) != Some(60) {
                        note("the last: not 60".to_owned());
                    }
                }
            };
            judge(journal, "under an open journal");
            std::fs::write(&path, &bytes).unwrap();
            write(&path, at, bytes[at] ^ (1 << bit));
            judge(open(folder.path()), "opened over it");
        }
    }
    wrong.judge();
}
