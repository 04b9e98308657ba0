//! Failing disks, in child processes: the journal closes itself for writing, says why, and goes on
//! when it is opened again.

mod support;

use std::collections::HashSet;
use std::path::Path;
use std::process::Command;
use std::thread;

use bailiwick_core::journal::{
    Answer, AppendError, FaultKind, Health, Journal, JournalFault, ReopenError,
};
use bailiwick_core::journal::{Appended, Query};
use bailiwick_tephra::{OpenError, TephraJournal};
use support::{
    all, behind, block_on, child, event, given_folder, head, in_name_space, left_out, run, small,
};

type Outcome = Result<Appended, AppendError>;

fn submit(journal: &TephraJournal, number: u64) -> Answer<Outcome> {
    let tag = format!("n:{number}");
    let events = vec![event("A", &[&tag, "all:1"], 100), event("B", &[&tag], 40)];
    journal.append(events, Some(support::unless(&tag, 0)))
}

#[track_caller]
fn why_closed(journal: &TephraJournal) -> JournalFault {
    match journal.health() {
        Health::ClosedForWriting { why } => why,
        other => panic!("it is not closed: {other:?}"),
    }
}

/// What became of appends that were all under way at once.
#[derive(Default, Debug)]
struct Fates {
    written: Vec<u64>,
    unknown: Vec<u64>,
    not_written: Vec<u64>,
}

impl Fates {
    fn of(journal: &TephraJournal, numbers: std::ops::Range<u64>) -> Fates {
        let submitted: Vec<_> = numbers.map(|number| (number, submit(journal, number))).collect();
        let mut fates = Fates::default();
        for (number, outcome) in submitted {
            let fate = match block_on(outcome) {
                Ok(_) => &mut fates.written,
                Err(AppendError::Unknown(_)) => &mut fates.unknown,
                Err(AppendError::Closed(_)) => &mut fates.not_written,
                Err(other) => panic!("{number}: {other:?}"),
            };
            fate.push(number);
        }
        fates
    }

    /// Every append is there wholly or not at all, and as it was said to be.
    #[track_caller]
    fn are_those_of(&self, journal: &TephraJournal) {
        let tags = |event_type: &str| -> Vec<String> {
            let events = all(journal).into_iter().map(|recorded| recorded.event);
            let of_type = events.filter(|event| event.event_type == *event_type);
            let tag = |tags: &bailiwick_core::Tags| tags.iter().last().expect("a tag").to_string();
            of_type.map(|event| tag(&event.tags)).collect()
        };
        let there = tags("A");
        assert_eq!(there, tags("B"), "part of an append is there");
        let there: HashSet<_> = there.into_iter().collect();
        let is_there = |number: &u64| there.contains(&format!("n:{number}"));
        assert!(self.written.iter().all(is_there), "something acknowledged is lost: {self:?}");
        assert!(!self.not_written.iter().any(is_there), "{self:?}");
    }
}

#[track_caller]
fn is_closed(journal: &TephraJournal, kind: FaultKind, file: &str) {
    let why = why_closed(journal);
    assert_eq!(why.kind(), kind, "{why}");
    assert!(why.place().contains(file), "{why}");
    let refused = block_on(submit(journal, 999_999));
    assert!(matches!(refused, Err(AppendError::Closed(_))), "{refused:?}");
    let last = block_on(journal.last(Query::all())).expect("it can be read");
    assert_eq!(last.upto.get(), head(journal));
    assert_eq!(all(journal).len() as u64, head(journal));
}

#[test]
fn a_failed_sync_closes_it() {
    for skip in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let mut command = child("child::a_sync_fails", folder.path());
        command.env("TEPHRA_CRASH_POINT", format!("commit_fsync:eio:{skip}"));
        let printed = run(command);
        let acknowledged: Vec<u64> = printed
            .lines()
            .filter_map(|line| line.strip_prefix("acknowledged ")?.parse().ok())
            .collect();
        let journal = TephraJournal::open(folder.path()).expect("what was written");
        let fates = Fates { written: acknowledged, ..Fates::default() };
        fates.are_those_of(&journal);
        block_on(submit(&journal, 1_000_000)).expect("the disk works again");
    }
}

#[test]
fn a_failed_write_closes_it_until_the_file_may_grow() {
    with_small_files("child::a_write_fails");
}

#[test]
fn who_asks_for_it_to_be_opened_while_it_is_does_not_close_it() {
    with_small_files("child::many_want_it_open");
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

#[test]
fn a_full_disk_closes_it_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let command = child("child::the_disk_is_full", folder.path());
    let mount = "mount -t tmpfs -o size=200k none \"$JOURNAL_FOLDER\"";
    if let Some(command) = in_name_space(mount, &command) {
        run(command);
    }
}

#[test]
fn a_disk_that_is_full_from_the_start_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let command = child("child::there_is_no_room_to_open", folder.path());
    let mount = "mount -t tmpfs -o size=200k none \"$JOURNAL_FOLDER\"";
    if let Some(command) = in_name_space(mount, &command) {
        run(command);
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    drop(small().open(folder.path()).unwrap());
    let command = child("child::it_may_not_be_written", folder.path());
    let mount = "mount --bind \"$JOURNAL_FOLDER\" \"$JOURNAL_FOLDER\" && \
                 mount -o remount,ro,bind \"$JOURNAL_FOLDER\"";
    if let Some(command) = in_name_space(mount, &command) {
        run(command);
    }
}

mod child {
    use super::*;

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn a_sync_fails() {
        let Some(folder) = given_folder() else {
            return;
        };
        // Nothing fails while a journal is made.
        let journal = small().open(&folder).unwrap();
        let (mut fates, mut upto) = (Fates::default(), 0);
        while fates.unknown.is_empty() {
            fates = Fates::of(&journal, upto..upto + 40);
            fates.written.iter().for_each(|number| println!("acknowledged {number}"));
            upto += 40;
        }
        is_closed(&journal, FaultKind::Storage, ".log");
        fates.are_those_of(&journal);
        let before = head(&journal);
        block_on(journal.reopen()).expect("the fault is in the sync, which opening does itself");
        assert!(journal.health().is_open() && head(&journal) >= before);
        fates.are_those_of(&journal);
        // It fails again.
        let again = Fates::of(&journal, upto..upto + 40);
        assert!(again.written.is_empty(), "{again:?}");
        is_closed(&journal, FaultKind::Storage, ".log");
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn a_write_fails() {
        let Some(folder) = given_folder() else {
            return;
        };
        let journal = small().open(&folder).unwrap();
        let fine = Fates::of(&journal, 0..10);
        assert_eq!(fine.written.len(), 10, "{fine:?}");
        largest_file("5000");
        let fates = Fates::of(&journal, 10..60);
        assert!(!fates.unknown.is_empty(), "{fates:?}");
        is_closed(&journal, FaultKind::Full, ".log");
        fates.are_those_of(&journal);
        let refused = block_on(journal.reopen());
        let Err(ReopenError::StillClosed(why)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(why.kind(), FaultKind::Full);
        is_closed(&journal, FaultKind::Full, "bailiwick.room");
        largest_file("unlimited");
        block_on(journal.reopen()).expect("the file may grow");
        fates.are_those_of(&journal);
        let fine = Fates::of(&journal, 60..100);
        assert_eq!(fine.written.len(), 40, "{fine:?}");
        drop(journal);
        fates.are_those_of(&small().open(&folder).unwrap());
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn many_want_it_open() {
        let Some(folder) = given_folder() else {
            return;
        };
        let journal = small().open(&folder).unwrap();
        let mut upto = 0;
        for round in 0..20 {
            largest_file("5000");
            while journal.health().is_open() {
                Fates::of(&journal, upto..upto + 10);
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

    fn largest_file(bytes: &str) {
        let mut prlimit = Command::new("prlimit");
        let (pid, limit) = (std::process::id().to_string(), format!("--fsize={bytes}:"));
        prlimit.args(["--pid", &pid, &limit]);
        run(prlimit);
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn the_disk_is_full() {
        let Some(folder) = given_folder() else {
            return;
        };
        let filler = folder.join("lost+found");
        std::fs::write(&filler, vec![1; 100_000]).unwrap();
        let journal = small().open(&folder).unwrap();
        let (mut fates, mut upto) = (Fates::default(), 0);
        while fates.unknown.is_empty() {
            fates = Fates::of(&journal, upto..upto + 40);
            upto += 40;
        }
        is_closed(&journal, FaultKind::Full, ".log");
        for _ in 0..3 {
            let refused = block_on(journal.reopen());
            assert!(matches!(refused, Err(ReopenError::StillClosed(_))), "{refused:?}");
            is_closed(&journal, FaultKind::Full, "bailiwick.room");
        }
        std::fs::remove_file(filler).unwrap();
        block_on(journal.reopen()).expect("there is room");
        fates.are_those_of(&journal);
        let fine = Fates::of(&journal, upto..upto + 40);
        assert_eq!(fine.written.len(), 40, "{fine:?}");
        drop(journal);
        fine.are_those_of(&small().open(&folder).unwrap());
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn there_is_no_room_to_open() {
        let Some(folder) = given_folder() else {
            return;
        };
        let error = TephraJournal::open(&folder).unwrap_err();
        assert!(matches!(error, OpenError::Full { .. }), "{error:?}");
        assert!(error.to_string().contains(".log"), "{error}");
        std::fs::write(folder.join("lost+found"), vec![1; 1 << 20]).unwrap_err();
        let error = small().open(&folder).unwrap_err();
        assert!(matches!(error, OpenError::Full { .. }), "{error:?}");
        std::fs::remove_file(folder.join("lost+found")).unwrap();
    }

    #[test]
    #[ignore = "run by another test, in a process of its own"]
    fn it_may_not_be_written() {
        let Some(folder) = given_folder() else {
            return;
        };
        let not_permitted = |path: &Path| {
            let error = TephraJournal::open(path).unwrap_err();
            assert!(matches!(error, OpenError::NotPermitted { .. }), "{error:?}");
            assert!(error.to_string().contains(&*folder.to_string_lossy()), "{error}");
        };
        not_permitted(&folder);
        not_permitted(&folder.join("below"));
    }
}
