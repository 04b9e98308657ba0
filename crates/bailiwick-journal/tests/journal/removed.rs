//! A folder that is removed, moved or replaced while the journal is open, or a file of its events: nothing is
//! acknowledged that the next start would not find, from a second later on.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendError, FaultKind, Journal, QueryItem};
use bailiwick_journal::files::Folder as _;
use bailiwick_journal::{FileJournal, OpenError};

use crate::simulated::Sim;
use crate::support::{
    Outcome, all, append, block_on, event, head, poll, quick_folder, segments, small, soon,
    why_closed,
};

fn try_append(journal: &FileJournal, name: &'static str) -> Outcome {
    block_on(journal.append(vec![event(name, &["x:1"], 10)], None))
}

#[track_caller]
fn assert_closed_for(journal: &FileJournal, what: &Path) {
    let why = why_closed(journal);
    assert_eq!((why.kind(), why.place()), (FaultKind::Gone, what.to_str().unwrap()));
    assert!(why.advice().contains("put it back"), "{why}");
    let error = try_append(journal, "After").unwrap_err();
    assert!(matches!(error, AppendError::Closed(_)), "{error:?}");
    block_on(journal.reopen()).unwrap_err();
    head(journal);
}

/// The next append notices it, unless it was noticed before.
#[track_caller]
fn assert_gone(journal: &FileJournal, what: &Path) {
    let error = try_append(journal, "During").unwrap_err();
    assert!(matches!(error, AppendError::Unknown(_) | AppendError::Closed(_)), "{error:?}");
    assert_closed_for(journal, what);
}

#[test]
fn a_folder_that_is_removed_closes_the_journal() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("data");
    let journal = FileJournal::open(&folder).unwrap();
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
    let journal = FileJournal::open(&folder).unwrap();
    append(&journal, vec![event("Before", &["x:1"], 10)]);
    fs::rename(&folder, &elsewhere).unwrap();
    let mut waiting = journal.changed(QueryItem::of_type("Other").into(), Position::START);
    assert_gone(&journal, &folder);
    assert!(poll(&mut waiting).is_none(), "a journal that is closed goes on to let wait");
    fs::rename(&elsewhere, &folder).unwrap();
    block_on(journal.reopen()).unwrap();
    block_on(waiting).expect("who waits looks again once it was opened");
    append(&journal, vec![event("Back", &["x:1"], 10)]);
    let names: Vec<_> = all(&journal).into_iter().map(|found| found.event.event_type).collect();
    // Whether what was unknown is there is for the journal to say.
    assert!(names.len() <= 3 && names[0] == "Before" && *names.last().unwrap() == "Back");
}

#[test]
fn a_folder_in_its_place_is_left_alone() {
    let above = tempfile::tempdir().unwrap();
    let folder = above.path().join("data");
    let journal = small().open(&folder).unwrap();
    append(&journal, vec![event("Before", &["x:1"], 10)]);
    fs::rename(&folder, above.path().join("elsewhere")).unwrap();
    // As another process would leave it.
    fs::create_dir(&folder).unwrap();
    let others = ["0000000001.segment", "0000000002.segment.unfinished", "journal.lock"];
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

/// While nobody appends it is noticed all the same, and in about a second.
#[test]
fn what_is_gone_is_noticed_while_nothing_is_appended() {
    for nth in [None, Some(0), Some(2)] {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("data");
        let journal = small().open(&folder).unwrap();
        let files = several(&journal, &folder);
        let gone = nth.map_or(&folder, |nth| &files[nth]);
        let elsewhere = above.path().join("elsewhere");
        fs::rename(gone, &elsewhere).unwrap();
        let noticed = soon("it is noticed", || !journal.health().is_open());
        // With room for a machine that is busy.
        assert!(noticed < Duration::from_secs(5), "{noticed:?}");
        assert_closed_for(&journal, gone);
        fs::rename(&elsewhere, gone).unwrap();
        block_on(journal.reopen()).unwrap();
        append(&journal, vec![event("Back", &["x:1"], 10)]);
    }
}

/// Files of events; the last of them that has any is written to.
fn several(journal: &FileJournal, folder: &Path) -> Vec<PathBuf> {
    let mut upto = 0;
    while segments(folder).len() < 3 || upto < 25 {
        upto = append(journal, vec![event("Before", &["x:1"], 1_000)]);
    }
    segments(folder)
}

#[test]
fn any_file_that_is_moved_closes_the_journal_until_it_is_back() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    let elsewhere = quick_folder();
    for nth in 0..3 {
        let file = &several(&journal, folder.path())[nth];
        let elsewhere = elsewhere.path().join("elsewhere");
        fs::rename(file, &elsewhere).unwrap();
        // Appends go on meanwhile, so that it is never idle.
        let noticed = soon("it is noticed", || {
            thread::sleep(Duration::from_millis(10));
            try_append(&journal, "During").is_err()
        });
        assert!(noticed < Duration::from_secs(5), "{noticed:?}");
        assert_closed_for(&journal, file);
        fs::rename(&elsewhere, file).unwrap();
        block_on(journal.reopen()).unwrap();
    }
    let found = all(&journal);
    let positions = found.iter().map(|found| found.position.get());
    assert!(positions.eq(1..=found.len() as u64), "none is missing");
}

#[test]
fn files_that_are_removed_without_their_folder_close_the_journal() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    let files = several(&journal, folder.path());
    files.iter().for_each(|file| fs::remove_file(file).unwrap());
    let error = try_append(&journal, "During").unwrap_err();
    assert!(matches!(error, AppendError::Unknown(_) | AppendError::Closed(_)), "{error:?}");
    assert_eq!(why_closed(&journal).kind(), FaultKind::Gone);
    // No other journal is made in its place.
    for _ in 0..2 {
        block_on(journal.reopen()).unwrap_err();
        assert_eq!(segments(folder.path()), Vec::<PathBuf>::new());
    }
    drop(journal);
    assert_eq!(segments(folder.path()), Vec::<PathBuf>::new());
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
    let error = try_append(&journal, "During").unwrap_err();
    assert!(matches!(error, AppendError::Unknown(_) | AppendError::Closed(_)), "{error:?}");
    let why = why_closed(&journal);
    assert_eq!((why.kind(), why.place()), (FaultKind::Gone, file.to_str().unwrap()));
}

/// Where the order is known: what was written is unknown, what waits is not written, and while it rests it looks.
#[test]
fn what_is_gone_is_never_acknowledged() {
    let mut sim = Sim::small();
    let mut written = sim.submit(1);
    assert!(sim.steps.write());
    let mut waits = sim.submit(2);
    sim.disk.remove_folder();
    while sim.steps.write() {}
    assert!(matches!(poll(&mut written), Some(Err(AppendError::Unknown(_)))));
    assert!(matches!(poll(&mut waits), Some(Err(AppendError::Closed(_)))));
    assert_eq!((sim.head(), why_closed(&sim.journal).kind()), (Position::START, FaultKind::Gone));

    for nth in 1..=3 {
        let mut sim = Sim::small();
        for number in 0..100 {
            let mut answer = sim.submit(number);
            sim.settle();
            assert!(matches!(poll(&mut answer), Some(Ok(_))));
        }
        sim.steps.rest();
        assert!(sim.journal.health().is_open());
        let file = format!("{nth:010}.segment");
        sim.disk.rename(&file, "elsewhere").unwrap();
        sim.steps.rest();
        let why = why_closed(&sim.journal);
        assert!(why.place().ends_with(&file) && why.kind() == FaultKind::Gone, "{why}");
        assert_eq!(sim.all().len(), 200, "what is open can be read");
        let why = sim.reopen().unwrap_err();
        sim.disk.rename("elsewhere", &file).unwrap();
        sim.reopen().unwrap_or_else(|error| panic!("{nth}: {error} after {why}"));
        assert_eq!(sim.all().len(), 200);
    }
}

/// Less than there was is never taken for all.
#[test]
fn it_is_not_opened_again_with_less_than_was_acknowledged() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    several(&journal, folder.path());
    // The next file is made: else it may come after the others are gone, and one between is missing.
    let is_empty = |file: &PathBuf| fs::read(file).unwrap()[4_096..].iter().all(|byte| *byte == 0);
    soon("the next is made", || segments(folder.path()).last().is_some_and(is_empty));
    let files = segments(folder.path());
    let elsewhere = quick_folder();
    let away = |file: &Path| elsewhere.path().join(file.file_name().unwrap());
    for file in &files[1..] {
        fs::rename(file, away(file)).unwrap();
    }
    soon("it is noticed", || !journal.health().is_open());
    block_on(journal.reopen()).unwrap_err();
    let why = why_closed(&journal);
    let source = std::error::Error::source(&why).and_then(|source| source.downcast_ref());
    match source {
        Some(OpenError::Lost { acknowledged, there, .. }) => {
            assert!(there < acknowledged && acknowledged.get() == head(&journal));
        }
        // If one was made ahead meanwhile.
        Some(OpenError::Missing { path }) => assert_eq!(path, &files[1]),
        _ => panic!("{why:?}"),
    }
    for file in &files[1..] {
        fs::rename(away(file), file).unwrap();
    }
    block_on(journal.reopen()).expect("all is back");
    assert_eq!(all(&journal).len() as u64, head(&journal));
}
