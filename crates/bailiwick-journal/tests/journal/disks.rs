//! Real disks that fail, in child processes: files that may not grow, and disks without room.

use std::process::Command;
use std::thread;

use bailiwick_core::ErrorReport;
use bailiwick_core::journal::{AppendError, FaultKind, Journal, ReopenError};
use bailiwick_journal::{FileJournal, OpenError};

use crate::failing::Fates;
use crate::support::{
    Outcome, all, append, behind, block_on, child, event, given_folder, head, in_name_space,
    left_out, run, small, unless, why_closed,
};

fn submit(journal: &FileJournal, number: u64) -> bailiwick_core::journal::Answer<Outcome> {
    let tag = format!("n:{number}");
    let events = vec![event("A", &[&tag, "all:1"], 100), event("B", &[&tag], 40)];
    journal.append(events, Some(unless(&tag, 0)))
}

fn fates(journal: &FileJournal, numbers: std::ops::Range<u64>) -> Fates {
    let submitted: Vec<_> = numbers.map(|number| (number, submit(journal, number))).collect();
    let mut fates = Fates::default();
    for (number, outcome) in submitted {
        fates.add(number, block_on(outcome));
    }
    fates
}

#[track_caller]
fn assert_closed(journal: &FileJournal, kind: FaultKind, place: &str) {
    let why = why_closed(journal);
    assert_eq!(why.kind(), kind, "{why}");
    assert!(why.place().contains(place), "{why}");
    let refused = block_on(submit(journal, 999_999));
    assert!(matches!(refused, Err(AppendError::Closed(_))), "{refused:?}");
    assert_eq!(all(journal).len() as u64, head(journal));
}

#[test]
fn a_failed_write_closes_it_until_the_file_may_grow() {
    with_small_files("disks::a_write_fails");
}

#[test]
fn who_asks_for_it_to_be_opened_while_it_is_does_not_close_it() {
    with_small_files("disks::many_want_it_open");
}

/// Runs a test that limits the size of files in its process.
fn with_small_files(test: &str) {
    let folder = tempfile::tempdir().unwrap();
    if Command::new("prlimit").arg("--version").output().is_err() {
        return left_out("there is no prlimit: install it (`apt-get install util-linux`)");
    }
    // A file that is too large kills a process, unless it does not want that.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]);
    run(behind(shell, &child(test, folder.path())));
}

fn largest_file(bytes: &str) {
    let (pid, limit) = (std::process::id().to_string(), format!("--fsize={bytes}:"));
    let limited = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    assert!(limited.unwrap().success());
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn a_write_fails() {
    let Some(folder) = given_folder() else { return };
    let journal = small().open(&folder).unwrap();
    let fine = fates(&journal, 0..10);
    assert_eq!(fine.written.len(), 10, "{fine:?}");
    largest_file("5000");
    // It has room in the file that is written: no other one is needed.
    let fate = fates(&journal, 10..11);
    assert_eq!(fate.unknown.len(), 1, "{fate:?}");
    assert_closed(&journal, FaultKind::Full, ".segment");
    let closed = fates(&journal, 11..60);
    assert_eq!(closed.not_written.len(), 49, "{closed:?}");
    fate.are_those_of(&all(&journal));
    let refused = block_on(journal.reopen());
    let Err(ReopenError::StillClosed(why)) = refused else { panic!("{refused:?}") };
    assert_eq!(why.kind(), FaultKind::Full);
    assert_closed(&journal, FaultKind::Full, &folder.to_string_lossy());
    largest_file("unlimited");
    block_on(journal.reopen()).expect("the file may grow");
    fate.are_those_of(&all(&journal));
    closed.are_those_of(&all(&journal));
    let fine = fates(&journal, 60..100);
    assert_eq!(fine.written.len(), 40, "{fine:?}");
    drop(journal);
    let found = all(&small().open(&folder).unwrap());
    fate.are_those_of(&found);
    fine.are_those_of(&found);
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn many_want_it_open() {
    let Some(folder) = given_folder() else { return };
    let journal = small().open(&folder).unwrap();
    let mut upto = 0;
    for round in 0..20 {
        largest_file("4096");
        while journal.health().is_open() {
            fates(&journal, upto..upto + 10);
            upto += 10;
        }
        largest_file("unlimited");
        thread::scope(|scope| {
            for caller in 0..8 {
                let journal = &journal;
                scope.spawn(move || {
                    // One after the other, so that some come while it is being opened.
                    (0..caller * 50).for_each(|_| thread::yield_now());
                    block_on(journal.reopen()).expect("the file may grow");
                    for nth in 0..20 {
                        let number = 100_000 + 1_000 * round + 100 * caller + nth;
                        block_on(submit(journal, number)).expect("it is open, and stays so");
                    }
                });
            }
        });
    }
    assert!(journal.health().is_open());
}

const FULL: &str = "mount -t tmpfs -o size=200k none \"$JOURNAL_FOLDER\"";

#[test]
fn without_room_for_a_file_it_is_closed_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(command) = in_name_space(FULL, &child("disks::the_disk_is_full", folder.path())) {
        run(command);
    }
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn the_disk_is_full() {
    let Some(folder) = given_folder() else { return };
    let filler = folder.join("lost+found");
    std::fs::write(&filler, vec![1; 100_000]).unwrap();
    let journal = small().open(&folder).unwrap();
    let mut written = 0;
    let refused = loop {
        match block_on(journal.append(vec![event("Large", &["x:1"], 5_000)], None)) {
            Ok(_) => written += 1,
            Err(refused) => break refused,
        }
    };
    assert!(written > 5, "{written}");
    let AppendError::Closed(why) = &refused else { panic!("{refused:?}") };
    assert_eq!(why.kind(), FaultKind::Full);
    let told = ErrorReport::of(&refused).to_string();
    assert!(told.contains("nothing was written") && told.contains("make room"), "{told}");
    assert_eq!(why_closed(&journal).kind(), FaultKind::Full);
    block_on(journal.reopen()).expect_err("there is no room yet");
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> =
        names.filter(|name| name.to_string_lossy().ends_with(".segment.unfinished")).collect();
    assert!(left.is_empty(), "they take what room there is: {left:?}");
    let found = all(&journal);
    assert_eq!(found.len() as u64, written, "it can be read");
    std::fs::remove_file(filler).unwrap();
    block_on(journal.reopen()).expect("there is room again");
    assert_eq!(append(&journal, vec![event("Large", &["x:1"], 5_000)]), written + 1);
    drop(journal);
    let again = all(&small().open(&folder).unwrap());
    assert!(again[..found.len()] == found && again.len() == found.len() + 1);
}

#[test]
fn a_disk_that_is_full_from_the_start_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let command = child("disks::there_is_no_room_to_open", folder.path());
    if let Some(command) = in_name_space(FULL, &command) {
        run(command);
    }
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn there_is_no_room_to_open() {
    let Some(folder) = given_folder() else { return };
    let error = FileJournal::open(&folder).unwrap_err();
    assert!(matches!(error, OpenError::Full { .. }), "{error:?}");
    assert!(error.to_string().contains(&*folder.to_string_lossy()), "{error}");
    // A smaller one fits: nothing is left of the first try.
    let journal = small().open(&folder).unwrap();
    append(&journal, vec![event("A", &["x:1"], 10)]);
}

#[test]
fn a_folder_that_may_not_be_written_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    drop(small().open(folder.path()).unwrap());
    let command = child("disks::it_may_not_be_written", folder.path());
    let mount = "mount --bind \"$JOURNAL_FOLDER\" \"$JOURNAL_FOLDER\" && \
                 mount -o remount,ro,bind \"$JOURNAL_FOLDER\"";
    if let Some(command) = in_name_space(mount, &command) {
        run(command);
    }
}

#[test]
#[ignore = "run by another test, in a process of its own"]
fn it_may_not_be_written() {
    let Some(folder) = given_folder() else { return };
    for path in [folder.clone(), folder.join("below")] {
        let error = FileJournal::open(path).unwrap_err();
        assert!(matches!(error, OpenError::NotPermitted { .. }), "{error:?}");
        assert!(error.to_string().contains(&*folder.to_string_lossy()), "{error}");
    }
}
