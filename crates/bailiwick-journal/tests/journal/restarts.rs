//! Restarts: it is the same journal, with the same events, whatever becomes of what is derived from them; and one
//! process hands over to the next.

use std::fs;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use bailiwick_core::journal::{AppendError, Journal};
use bailiwick_journal::{FileJournal, OpenError};

use crate::support::{
    all, append, block_on, child, event, given_folder, head, quick_folder, segments, small, unless,
};

#[test]
fn a_copy_has_the_identity_of_what_was_copied() {
    let above = tempfile::tempdir().unwrap();
    let (folder, copy) = (above.path().join("data"), above.path().join("copy"));
    let journal = small().open(&folder).unwrap();
    append(&journal, vec![event("A", &["x:1"], 10)]);
    let id = journal.id();
    drop(journal);
    fs::create_dir(&copy).unwrap();
    for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
    }
    let (journal, copied) = (small().open(&folder).unwrap(), small().open(&copy).unwrap());
    assert_eq!((journal.id(), copied.id()), (id, id));
    assert!(all(&journal) == all(&copied));
    assert_ne!(small().open(above.path().join("other")).unwrap().id(), id);
}

#[test]
fn it_is_the_same_whatever_the_size_of_its_files() {
    let folder = quick_folder();
    let mut events = Vec::new();
    for round in 0..3 {
        let options =
            if round == 1 { FileJournal::options().segment_bytes(100_000) } else { small() };
        let journal = options.open(folder.path()).unwrap();
        assert!(all(&journal) == events, "round {round}");
        for _ in 0..40 {
            append(&journal, vec![event("A", &["x:1"], 900)]);
        }
        events = all(&journal);
        assert_eq!(events.len(), 40 * (round + 1));
    }
    let sizes = segments(folder.path()).into_iter().map(|path| path.metadata().unwrap().len());
    let larger = sizes.filter(|size| *size > 100_000).count();
    assert!((1..3).contains(&larger), "{larger}");
}

#[test]
fn it_is_opened_once_in_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let journal = FileJournal::open(folder.path()).unwrap();
    let second = FileJournal::options().lock_timeout(Duration::ZERO).open(folder.path());
    let Err(error) = second else { panic!("it was opened twice") };
    let this = std::process::id();
    let OpenError::InUse { holder, by_itself, .. } = error else { panic!("{error:?}") };
    assert_eq!((holder, by_itself), (Some(this), true));
    drop(journal);
    FileJournal::open(folder.path()).unwrap();
}

/// Files of the journal that are no segments.
fn derived(folder: &Path) -> Vec<std::path::PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_derived = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|extension| extension != "segment" && extension != "lock")
    };
    paths.filter(is_derived).collect()
}

#[test]
fn what_is_derived_can_be_deleted_broken_or_replaced() {
    let folder = quick_folder();
    let journal = small().open(folder.path()).unwrap();
    for n in 0..60 {
        append(&journal, vec![event("A", &[&format!("n:{n}")], 700)]);
    }
    let events = all(&journal);
    drop(journal);
    // What was not made yet is made by opening.
    drop(small().open(folder.path()).unwrap());
    for round in 0..5 {
        let paths = derived(folder.path());
        assert!(paths.len() > 1, "{paths:?}");
        for (n, path) in paths.iter().enumerate() {
            let mut bytes = fs::read(path).unwrap();
            match round {
                0 => bytes[n % 60 + 70] ^= 1,
                1 => bytes.clear(),
                2 => bytes.truncate(bytes.len() / 2),
                3 => bytes = fs::read(&paths[(n + 1) % paths.len()]).unwrap(),
                _ => {}
            }
            fs::write(path, bytes).unwrap();
            if round == 4 {
                fs::remove_file(path).unwrap();
            }
        }
        let journal = small().open(folder.path()).unwrap();
        assert!(all(&journal) == events, "round {round}");
        for n in [0, 17, 59] {
            let condition = unless(&format!("n:{n}"), 0);
            let refused = block_on(journal.append(vec![event("B", &[], 0)], Some(condition)));
            let at = n + 1;
            assert!(
                matches!(refused, Err(AppendError::Conflict { at: found }) if found.get() == at),
                "{refused:?}"
            );
        }
    }
    // A folder in the place of an index is nothing either: others are written, and nothing is missing.
    let path = folder.path().join("0000000001.index");
    drop(fs::remove_file(&path));
    fs::create_dir(&path).unwrap();
    assert!(all(&small().open(folder.path()).unwrap()) == events);
}

const OPENED: &str = "it has the folder";
/// Far more than a handover takes: a test that needs it has failed.
const LONG: Duration = Duration::from_secs(300);

/// Not a test: a process that has the folder until its input ends.
#[test]
#[ignore = "run by a test"]
fn has_the_folder() {
    let Some(folder) = given_folder() else { return };
    let journal = FileJournal::open(folder).unwrap();
    append(&journal, vec![event("First", &["x:1"], 10)]);
    println!("{OPENED}");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    append(&journal, vec![event("Last", &["x:1"], 10)]);
}

/// Such a process, once it has the folder.
fn first_process(folder: &Path) -> Child {
    let mut command = child("restarts::has_the_folder", folder);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(printed.any(|line| line.unwrap().contains(OPENED)), "it did not open the folder");
    // Whatever else it prints has to go somewhere.
    thread::spawn(move || printed.for_each(drop));
    process
}

/// What the second process finds; it waits meanwhile, in a thread.
fn taken_over_after(folder: &Path, end: impl FnOnce()) -> Vec<String> {
    thread::scope(|scope| {
        let second =
            scope.spawn(|| FileJournal::options().lock_timeout(LONG).open(folder).unwrap());
        end();
        let journal = second.join().unwrap();
        append(&journal, vec![event("Second", &["x:1"], 10)]);
        assert_eq!(head(&journal), all(&journal).len() as u64);
        let names = all(&journal).into_iter().map(|found| found.event.event_type);
        names.map(|name| name.as_str().to_owned()).collect()
    })
}

#[test]
fn the_next_process_takes_over_when_the_first_ends_however_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = first_process(folder.path());
    let input = first.stdin.take();
    let found = taken_over_after(folder.path(), || drop(input));
    assert_eq!(found, ["First", "Last", "Second"]);
    assert!(first.wait().unwrap().success());

    let mut second = first_process(folder.path());
    let found = taken_over_after(folder.path(), || second.kill().unwrap());
    assert_eq!(found, ["First", "Last", "Second", "First", "Second"]);
    second.wait().unwrap();
}
