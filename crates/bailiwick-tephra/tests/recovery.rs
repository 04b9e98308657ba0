//! Opening what a crash or a bad disk left behind: what was cut off is removed, anything else is
//! refused, and refusing changes nothing.

mod support;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bailiwick_core::journal::RecordedEvent;
use bailiwick_tephra::{OpenError, TephraJournal};
use support::{all, append, event, head, quick_folder, segments, small};
use tempfile::TempDir;

const SECTOR: usize = 512;

/// A journal with one file, and what the last append made of it.
struct Written {
    folder: TempDir,
    path: PathBuf,
    bytes: Vec<u8>,
    /// The events before the last append.
    before: Vec<RecordedEvent>,
    events: usize,
    last: Range<usize>,
}

impl Written {
    /// Some appends, and then a last one of events of these sizes.
    fn new(sizes: &[usize]) -> Written {
        let folder = quick_folder();
        let journal = small().open(folder.path()).unwrap();
        append(&journal, vec![event("A", &["x:1"], 0)]);
        append(&journal, vec![event("B", &["x:1", "y:1"], 300), event("A", &[], 70)]);
        append(&journal, vec![event("C", &["y:1"], 1_100)]);
        append(&journal, vec![event("A", &["x:2"], 33)]);
        let before = all(&journal);
        let path = segments(folder.path()).remove(0);
        let start = end_of(&fs::read(&path).unwrap());
        append(&journal, sizes.iter().map(|size| event("D", &["z:1"], *size)).collect());
        let events = all(&journal).len();
        drop(journal);
        let bytes = fs::read(&path).unwrap();
        let last = start..end_of(&bytes);
        Written { folder, path, bytes, before, events, last }
    }

    /// Opens what `bytes` are, as after a crash: there is no note of what was acknowledged.
    fn open(&self, bytes: &[u8]) -> Result<TephraJournal, OpenError> {
        fs::write(&self.path, bytes).unwrap();
        let _ = fs::remove_file(self.folder.path().join("bailiwick.latest"));
        let journal = small().open(self.folder.path());
        if journal.is_err() {
            let unchanged = fs::read(&self.path).unwrap() == bytes;
            assert!(unchanged, "it was refused, and changed");
        }
        journal
    }

    #[track_caller]
    fn is_removed(&self, bytes: &[u8], what: &str) {
        let journal = self.open(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(all(&journal), self.before, "{what}");
        let next = append(&journal, vec![event("E", &["z:2"], 5)]);
        assert_eq!(next, self.before.len() as u64 + 1, "{what}");
        drop(journal);
        let behind = &fs::read(&self.path).unwrap()[end_of(&fs::read(&self.path).unwrap())..];
        assert!(behind.iter().all(|byte| *byte == 0), "{what}: something is left");
        let journal = small().open(self.folder.path()).unwrap();
        assert_eq!(head(&journal), next, "{what}: opened again");
    }

    #[track_caller]
    fn is_refused(&self, bytes: &[u8], what: &str) -> u64 {
        match self.open(bytes) {
            Err(OpenError::Corrupt { path, offset, .. }) => {
                assert_eq!(path, self.path, "{what}");
                offset
            }
            other => panic!("{what}: {other:?}"),
        }
    }
}

/// Behind the last byte that was written: the end of the last append ends with zeros of its own.
fn end_of(bytes: &[u8]) -> usize {
    let marker = [9, 0, 0, 0x40];
    let last = bytes.windows(4).rposition(|four| four == marker);
    last.map_or(64, |at| at + 17)
}

#[test]
fn what_is_cut_off_at_any_byte_is_removed() {
    for sizes in [&[40][..], &[0, 200, 3]] {
        let written = Written::new(sizes);
        // The last seven bytes of an append are zero, if there are fewer than 256 events.
        for cut in written.last.start..written.last.end - 7 {
            let mut bytes = written.bytes.clone();
            bytes[cut..].fill(0);
            written.is_removed(&bytes, &format!("cut at {cut} of {:?}", written.last));
        }
        let journal = written.open(&written.bytes).unwrap();
        assert_eq!(all(&journal).len(), written.events, "nothing is cut off");
    }
}

#[test]
fn an_append_that_lacks_sectors_is_removed() {
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
        written.is_removed(&bytes, &format!("{missing:b} of {sectors:?}"));
    }
}

#[test]
fn damage_before_the_last_append_is_refused() {
    let written = Written::new(&[40]);
    for at in 64..written.last.start {
        let mut bytes = written.bytes.clone();
        bytes[at] ^= 1 << (at % 8);
        let offset = written.is_refused(&bytes, &format!("a bit at {at}"));
        assert!(offset <= at as u64, "the damage at {at} is said to be at {offset}");
    }
    for at in (64..written.last.start - SECTOR).step_by(97) {
        let mut bytes = written.bytes.clone();
        bytes[at..at + SECTOR].fill(0);
        written.is_refused(&bytes, &format!("a sector from {at}"));
    }
}

#[test]
fn damage_to_the_last_append_is_refused_too() {
    let written = Written::new(&[40, 700]);
    let mut taken_for_a_crash = Vec::new();
    for at in written.last.clone() {
        for bit in 0..8 {
            let mut bytes = written.bytes.clone();
            bytes[at] ^= 1 << bit;
            match written.open(&bytes) {
                Err(OpenError::Corrupt { .. }) => {}
                Ok(journal) => {
                    assert_eq!(all(&journal), written.before, "bit {bit} at {at}");
                    taken_for_a_crash.push((at, bit));
                }
                Err(error) => panic!("bit {bit} at {at}: {error}"),
            }
        }
    }
    assert_eq!(taken_for_a_crash, [], "of {:?}", written.last);
}

#[test]
fn a_header_that_is_damaged_is_refused() {
    let written = Written::new(&[40]);
    for at in 0..64 {
        let mut bytes = written.bytes.clone();
        bytes[at] ^= 4;
        written.is_refused(&bytes, &format!("the header at {at}"));
    }
    let mut bytes = written.bytes.clone();
    bytes[..64].fill(0);
    written.is_refused(&bytes, "no header");
}

#[test]
fn a_file_that_was_cut_is_refused() {
    let written = Written::new(&[40]);
    for length in [0, 63, 64, 500, written.last.end, written.bytes.len() - 1] {
        let bytes = &written.bytes[..length];
        // Nothing at all is what is left when a file could not be made.
        if length > 0 {
            written.is_refused(bytes, &format!("{length} bytes"));
        }
    }
    let mut longer = written.bytes.clone();
    longer.push(0);
    written.is_refused(&longer, "a byte more");
}

#[test]
fn what_was_acknowledged_and_noted_cannot_go_unnoticed() {
    let written = Written::new(&[40]);
    let mut bytes = written.bytes.clone();
    bytes[written.last.start..].fill(0);
    fs::write(&written.path, bytes).unwrap();
    let error = small().open(written.folder.path()).unwrap_err();
    let counted = matches!(error, OpenError::Lost { acknowledged: 6, there: 5, .. });
    assert!(counted, "{error:?}");
    assert!(error.to_string().contains("bailiwick.latest"), "{error}");
    fs::remove_file(error.path()).unwrap();
    assert_eq!(all(&small().open(written.folder.path()).unwrap()), written.before);
}

/// A journal with several files.
fn several() -> (TempDir, Vec<PathBuf>, Vec<RecordedEvent>) {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    for n in 0..60 {
        append(&journal, vec![event("A", &[&format!("n:{}", n % 3)], 700)]);
    }
    let events = all(&journal);
    drop(journal);
    let paths = segments(folder.path());
    assert!(paths.len() >= 3, "{paths:?}");
    (folder, paths, events)
}

#[track_caller]
fn is_refused_at(folder: &Path, at: &Path) -> u64 {
    match small().open(folder) {
        Err(OpenError::Corrupt { path, offset, .. }) => {
            assert_eq!(path, at);
            offset
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn damage_to_an_earlier_file_is_refused_and_named() {
    let (folder, paths, events) = several();
    for path in &paths[..paths.len() - 1] {
        let whole = fs::read(path).unwrap();
        for at in (64..end_of(&whole)).step_by(131) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            fs::write(path, &bytes).unwrap();
            let offset = is_refused_at(folder.path(), path);
            assert!(offset <= at as u64 && at as u64 - offset < 900, "{at} is said to be {offset}");
            assert_eq!(fs::read(path).unwrap(), bytes, "it was changed");
        }
        fs::write(path, whole).unwrap();
    }
    assert_eq!(all(&small().open(folder.path()).unwrap()), events);
}

#[test]
fn a_file_that_is_missing_is_refused() {
    let (folder, paths, _) = several();
    let first = fs::read(&paths[0]).unwrap();
    fs::remove_file(&paths[0]).unwrap();
    is_refused_at(folder.path(), &paths[1]);
    fs::write(&paths[0], first).unwrap();
    let middle = fs::read(&paths[1]).unwrap();
    fs::remove_file(&paths[1]).unwrap();
    is_refused_at(folder.path(), &paths[0]);
    fs::write(&paths[1], middle).unwrap();
    fs::remove_file(paths.last().unwrap()).unwrap();
    let error = small().open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Lost { .. }), "{error:?}");
}

#[test]
fn a_file_that_could_not_be_made_is_made_again() {
    let (folder, paths, events) = several();
    let size = fs::metadata(&paths[0]).unwrap().len();
    for length in [0, 10, size] {
        let next = folder.path().join(format!("{:020}.log", events.len() + 1));
        fs::write(&next, vec![0; usize::try_from(length).unwrap()]).unwrap();
        let journal = small().open(folder.path()).unwrap();
        assert_eq!(all(&journal), events, "{length} bytes");
        assert!(!next.exists(), "{length} bytes");
    }
}

#[test]
fn opening_again_and_again_changes_nothing() {
    let (folder, paths, events) = several();
    let whole: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
    for _ in 0..5 {
        assert_eq!(all(&small().open(folder.path()).unwrap()), events);
    }
    for (path, whole) in paths.iter().zip(whole) {
        assert!(fs::read(path).unwrap() == whole, "{}", path.display());
    }
}

/// A journal whose first file was filled, and then, in the first, an append that went into a second
/// file; in the second, `more` small ones that did not.
fn filled(more: usize) -> (TempDir, TempDir) {
    let filled = || {
        let folder = quick_folder();
        let journal = small().open(folder.path()).unwrap();
        for _ in 0..17 {
            append(&journal, vec![event("A", &["x:1"], 700)]);
        }
        (folder, journal)
    };
    let ((one, journal), (other, small_ones)) = (filled(), filled());
    append(&journal, vec![event("B", &["y:1"], 5_000)]);
    for _ in 0..more {
        append(&small_ones, vec![event("C", &["z:1"], 10)]);
    }
    drop((journal, small_ones));
    assert_eq!(segments(one.path()).len(), 2);
    assert_eq!(segments(other.path()).len(), 1);
    (one, other)
}

#[test]
fn an_append_that_failed_at_the_end_of_a_file_is_removed() {
    let (folder, other) = filled(1);
    let events = all(&small().open(folder.path()).unwrap());
    fs::copy(&segments(other.path())[0], &segments(folder.path())[0]).unwrap();
    let journal = small().open(folder.path()).unwrap();
    assert_eq!(all(&journal), events);
    let next = append(&journal, vec![event("D", &[], 0)]);
    drop(journal);
    assert_eq!(head(&small().open(folder.path()).unwrap()), next);
}

#[test]
fn more_than_one_append_too_many_in_a_file_is_refused() {
    let (folder, other) = filled(2);
    let first = &segments(folder.path())[0];
    fs::copy(&segments(other.path())[0], first).unwrap();
    is_refused_at(folder.path(), first);
}
