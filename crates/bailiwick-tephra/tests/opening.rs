//! Opening: what is refused, and what it says.

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use bailiwick_core::journal::{FaultKind, Journal, JournalFault};
use bailiwick_tephra::{OpenError, TephraJournal};
use support::{all, append, event, small};

#[track_caller]
fn refused(folder: &Path) -> OpenError {
    match TephraJournal::open(folder) {
        Ok(journal) => panic!("it was opened: {journal:?}"),
        Err(error) => error,
    }
}

#[test]
fn a_folder_is_made_with_those_above_it() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    let journal = TephraJournal::open(&deep).unwrap();
    assert_eq!(append(&journal, vec![event("A", &[], 0)]), 1);
    drop(journal);
    assert_eq!(all(&TephraJournal::open(deep).unwrap()).len(), 1);
}

#[test]
fn a_file_is_not_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    for path in [file.clone(), file.join("below")] {
        let error = refused(&path);
        assert!(matches!(error, OpenError::NotAFolder { .. }), "{error:?}");
        assert!(error.to_string().contains("file"), "{error}");
    }
    assert_eq!(fs::read_to_string(file).unwrap(), "not a folder");
}

#[test]
fn a_folder_with_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::NotAJournal { .. }), "{error:?}");
    assert!(error.to_string().contains("letter.txt"), "{error}");
    fs::remove_file(folder.path().join("letter.txt")).unwrap();
    TephraJournal::open(folder.path()).unwrap();
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(TephraJournal::open(folder.path()).unwrap());
    let format = folder.path().join("bailiwick.format");
    let contents = fs::read_to_string(&format).unwrap();
    fs::write(&format, contents.replace("format 1", "format 2")).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::NewerFormat { found: 2, known: 1, .. }), "{error:?}");
    assert!(error.to_string().contains("bailiwick.format"), "{error}");
}

#[test]
fn a_broken_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(TephraJournal::open(folder.path()).unwrap());
    let format = folder.path().join("bailiwick.format");
    let contents = fs::read_to_string(&format).unwrap();
    let torn = contents.trim_end().strip_suffix(|_: char| true).unwrap();
    let broken = ["", "format x", "format 1\nsegment-bytes 7\n", "format 1\n", "format 0\n", torn];
    for broken in broken {
        fs::write(&format, broken).unwrap();
        let error = refused(folder.path());
        assert!(matches!(error, OpenError::Corrupt { .. }), "{broken:?}: {error:?}");
    }
    fs::remove_file(&format).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::Corrupt { .. }), "without it: {error:?}");
    assert!(error.to_string().contains("missing"), "{error}");
    fs::write(format, contents).unwrap();
    TephraJournal::open(folder.path()).unwrap();
}

#[test]
fn a_folder_of_before_there_were_identities_gets_one_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let journal = TephraJournal::open(folder.path()).unwrap();
    append(&journal, vec![event("A", &["x:1"], 0)]);
    let first = journal.id();
    drop(journal);
    let format = folder.path().join("bailiwick.format");
    let contents = fs::read_to_string(&format).unwrap();
    assert!(contents.contains(&format!("journal {first}\n")), "{contents}");
    let of_before: String = contents.lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(&format, of_before).unwrap();
    let journal = TephraJournal::open(folder.path()).unwrap();
    let second = journal.id();
    assert_ne!(second, first);
    assert_eq!(all(&journal).len(), 1);
    drop(journal);
    assert_eq!(TephraJournal::open(folder.path()).unwrap().id(), second);
}

#[test]
fn a_copy_has_the_identity_of_what_was_copied() {
    let above = tempfile::tempdir().unwrap();
    let (folder, copy) = (above.path().join("data"), above.path().join("copy"));
    let journal = TephraJournal::open(&folder).unwrap();
    let id = journal.id();
    drop(journal);
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
    }
    assert_eq!(TephraJournal::open(&copy).unwrap().id(), id);
    assert_ne!(TephraJournal::open(above.path().join("other")).unwrap().id(), id);
}

#[test]
fn a_journal_keeps_its_segment_size_whatever_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let journal = small().open(folder.path()).unwrap();
    for _ in 0..40 {
        append(&journal, vec![event("A", &["x:1"], 900)]);
    }
    drop(journal);
    let journal = TephraJournal::open(folder.path()).unwrap();
    assert_eq!(all(&journal).len(), 40);
    append(&journal, vec![event("A", &["x:1"], 900)]);
    drop(journal);
    assert!(support::segments(folder.path()).len() > 1);
    assert_eq!(all(&small().open(folder.path()).unwrap()).len(), 41);
}

#[test]
fn it_is_opened_once_in_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let journal = TephraJournal::open(folder.path()).unwrap();
    let second = TephraJournal::options().lock_timeout(Duration::ZERO).open(folder.path());
    let Err(error) = second else {
        panic!("it was opened twice");
    };
    let this = std::process::id();
    let named = matches!(error, OpenError::InUse { holder: Some(holder), .. } if holder == this);
    assert!(named, "{error:?}");
    assert!(error.to_string().contains(&this.to_string()), "{error}");
    drop(journal);
    TephraJournal::open(folder.path()).unwrap();
}

#[test]
fn a_fault_keeps_the_kind_the_file_and_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let fault = JournalFault::from(refused(&file));
    assert_eq!(fault.kind(), FaultKind::NotPermitted);
    assert_eq!(fault.place(), file.display().to_string());
    assert!(std::error::Error::source(&fault).is_some());
}

#[test]
fn the_derived_files_can_be_deleted_or_broken() {
    let folder = tempfile::tempdir().unwrap();
    let journal = small().open(folder.path()).unwrap();
    for n in 0..60 {
        append(&journal, vec![event("A", &[&format!("n:{n}")], 700)]);
    }
    let events = all(&journal);
    drop(journal);
    let index = folder.path().join("index");
    let indexes = || fs::read_dir(&index).unwrap().map(|entry| entry.unwrap().path());
    assert!(indexes().count() > 1);
    for round in 0..3 {
        for (n, path) in indexes().enumerate() {
            let mut bytes = fs::read(&path).unwrap();
            bytes[n % 60 + 70] ^= 1;
            fs::write(path, bytes).unwrap();
        }
        if round == 1 {
            fs::remove_dir_all(&index).unwrap();
        }
        fs::remove_file(folder.path().join("bailiwick.latest")).unwrap();
        let journal = small().open(folder.path()).unwrap();
        assert_eq!(all(&journal), events, "round {round}");
        for n in [0, 17, 59] {
            let guarded = journal
                .append(vec![event("B", &[], 0)], Some(support::unless(&format!("n:{n}"), 0)));
            let refused = support::block_on(guarded);
            assert!(refused.is_err(), "{refused:?}");
        }
    }
}
