//! A folder that is removed, moved or replaced while the journal is open: nothing is acknowledged that
//! the next start would not find.

#![cfg(unix)]

mod support;

use std::fs;
use std::path::Path;

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendError, Appended, FaultKind, Health, Journal, QueryItem};
use bailiwick_tephra::TephraJournal;
use support::{all, append, block_on, event, is_pending};

fn try_append(journal: &TephraJournal, name: &'static str) -> Result<Appended, AppendError> {
    block_on(journal.append(vec![event(name, &["x:1"], 10)], None))
}

#[track_caller]
fn assert_gone(journal: &TephraJournal, folder: &Path) {
    let error = try_append(journal, "During").unwrap_err();
    assert!(matches!(error, AppendError::Unknown(_)), "{error:?}");
    let Health::ClosedForWriting { why } = journal.health() else { panic!("it is open") };
    assert_eq!((why.kind(), why.place()), (FaultKind::Gone, folder.to_str().unwrap()));
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
