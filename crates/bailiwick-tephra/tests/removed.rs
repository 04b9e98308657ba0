//! A folder that is removed, moved or replaced while the journal is open, or a file of its events:
//! nothing is acknowledged that the next start would not find.

#![cfg(unix)]

mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendError, Appended, FaultKind, Health, Journal, QueryItem};
use bailiwick_tephra::{OpenError, TephraJournal};
use support::{all, append, block_on, event, is_pending, quick_folder, segments, small};

fn try_append(journal: &TephraJournal, name: &'static str) -> Result<Appended, AppendError> {
    block_on(journal.append(vec![event(name, &["x:1"], 10)], None))
}

#[track_caller]
fn assert_gone(journal: &TephraJournal, what: &Path) {
    let error = try_append(journal, "During").unwrap_err();
    assert!(matches!(error, AppendError::Unknown(_)), "{error:?}");
    let Health::ClosedForWriting { why } = journal.health() else { panic!("it is open") };
    assert_eq!((why.kind(), why.place()), (FaultKind::Gone, what.to_str().unwrap()));
    let error = try_append(journal, "After").unwrap_err();
    assert!(matches!(error, AppendError::Closed(_)), "{error:?}");
    block_on(journal.reopen()).unwrap_err();
}

#[test]
fn a_folder_that_is_removed_closes_the_journal() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("data");
    let journal = TephraJournal::open(&folder).unwrap();
    append(&journal, vec![event("Before", &["x:1"], 10)]);
    fs::remove_dir_all(&folder).unwrap();
    assert_gone(&journal, &folder);
    drop(journal);
    assert!(!folder.exists(), "nothing is left behind");
}

#[test]
fn a_folder_that_is_moved_is_good_again_when_it_is_back() {
    let above = tempfile::tempdir().unwrap();
    let (folder, elsewhere) = (above.path().join("data"), above.path().join("elsewhere"));
    let journal = TephraJournal::open(&folder).unwrap();
    append(&journal, vec![event("Before", &["x:1"], 10)]);
    fs::rename(&folder, &elsewhere).unwrap();
    let mut waiting = journal.changed(QueryItem::of_type("Other").into(), Position::START);
    assert_gone(&journal, &folder);
    assert!(is_pending(&mut waiting), "a journal that is closed goes on to let wait");
    fs::rename(&elsewhere, &folder).unwrap();
    block_on(journal.reopen()).unwrap();
    block_on(waiting).expect("who waits looks again once it was opened");
    append(&journal, vec![event("Back", &["x:1"], 10)]);
    let names: Vec<_> = all(&journal).into_iter().map(|found| found.event.event_type).collect();
    // Whether what was unknown is there is for the journal to say.
    assert_eq!(
        (names.first().unwrap().as_str(), names.last().unwrap().as_str()),
        ("Before", "Back")
    );
    assert!(names.len() <= 3, "{names:?}");
}

#[test]
fn a_folder_in_its_place_is_left_alone() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("data");
    let journal = TephraJournal::open(&folder).unwrap();
    append(&journal, vec![event("Before", &["x:1"], 10)]);
    fs::rename(&folder, above.path().join("elsewhere")).unwrap();
    // As another process would leave it.
    fs::create_dir(&folder).unwrap();
    let others = ["bailiwick.latest", "bailiwick.lock"];
    others.iter().for_each(|name| fs::write(folder.join(name), "another's").unwrap());
    assert_gone(&journal, &folder);
    drop(journal);
    let found = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut found: Vec<_> = found.map(|name| name.into_string().unwrap()).collect();
    found.sort();
    assert_eq!(found, others);
    for name in others {
        assert_eq!(fs::read_to_string(folder.join(name)).unwrap(), "another's");
    }
}

/// Files of events, the last of which is written to.
fn several(journal: &TephraJournal, folder: &Path) -> Vec<PathBuf> {
    while segments(folder).len() < 3 {
        append(journal, vec![event("Before", &["x:1"], 1_000)]);
    }
    see(journal, folder);
    segments(folder)
}

/// The journal sees the folder as it is: two changes within a tick of the file system's clock look
/// like one.
fn see(journal: &TephraJournal, folder: &Path) {
    let later = SystemTime::now() + Duration::from_secs(1);
    File::open(folder).unwrap().set_modified(later).unwrap();
    append(journal, vec![event("Before", &["x:1"], 10)]);
}

#[test]
fn files_that_are_removed_without_their_folder_close_the_journal() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    let files = several(&journal, folder.path());
    files.iter().for_each(|file| fs::remove_file(file).unwrap());
    assert_gone(&journal, &files[2]);
    drop(journal);
    let refused = small().open(folder.path()).unwrap_err();
    assert!(matches!(refused, OpenError::Lost { .. }), "{refused:?}");
}

#[test]
fn any_file_that_is_moved_closes_the_journal_until_it_is_back() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    several(&journal, folder.path());
    for nth in 0..3 {
        see(&journal, folder.path());
        let file = &segments(folder.path())[nth];
        let elsewhere = file.with_extension("elsewhere");
        fs::rename(file, &elsewhere).unwrap();
        assert_gone(&journal, file);
        fs::rename(&elsewhere, file).unwrap();
        block_on(journal.reopen()).unwrap();
    }
    let found = all(&journal);
    let positions = found.iter().map(|found| found.position.get());
    assert!(positions.eq(1..=found.len() as u64), "none is missing");
}

#[test]
fn another_file_in_the_place_of_the_last_closes_the_journal() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    append(&journal, vec![event("Before", &["x:1"], 10)]);
    let file = segments(folder.path()).remove(0);
    let (elsewhere, copy) = (file.with_extension("elsewhere"), file.with_extension("copy"));
    fs::copy(&file, &copy).unwrap();
    fs::rename(&file, &elsewhere).unwrap();
    fs::rename(&copy, &file).unwrap();
    assert_gone(&journal, &file);
}
