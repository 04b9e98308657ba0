//! One process at a time: the next one waits for the folder, and takes over when the one before it
//! ends, however it ends.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_tephra::{OpenError, TephraJournal};
use support::{all, append, child, event};

const OPENED: &str = "it has the folder";
/// Far more than a handover takes: a test that needs it has failed.
const LONG: Duration = Duration::from_secs(300);

/// Not a test: a process that has the folder until its input ends.
#[test]
#[ignore = "run by a test"]
fn has_the_folder() {
    let Some(folder) = support::given_folder() else {
        return;
    };
    let journal = TephraJournal::open(folder).unwrap();
    append(&journal, vec![event("First", &["x:1"], 10)]);
    println!("{OPENED}");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    append(&journal, vec![event("Last", &["x:1"], 10)]);
}

/// Such a process, once it has the folder.
fn first_process(folder: &Path) -> Child {
    let mut command = child("has_the_folder", folder);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(printed.any(|line| line.unwrap().contains(OPENED)), "it did not open the folder");
    // Whatever else it prints has to go somewhere.
    thread::spawn(move || printed.for_each(drop));
    process
}

#[track_caller]
fn refused(folder: &Path, patience: Duration, first: &Child) {
    let error = TephraJournal::options().lock_timeout(patience).open(folder).map(drop);
    let Err(OpenError::InUse { path, holder, by_itself, waited }) = error else {
        panic!("{error:?}");
    };
    assert_eq!(path, folder.join("bailiwick.lock"));
    assert_eq!((holder, by_itself, waited), (Some(first.id()), false, patience));
}

/// What the second process finds; it waits meanwhile, in a thread.
fn taken_over_after(folder: &Path, end: impl FnOnce()) -> Vec<String> {
    thread::scope(|scope| {
        let second =
            scope.spawn(|| TephraJournal::options().lock_timeout(LONG).open(folder).unwrap());
        end();
        let journal = second.join().unwrap();
        append(&journal, vec![event("Second", &["x:1"], 10)]);
        let names = all(&journal).into_iter().map(|found| found.event.event_type);
        names.map(|name| name.as_str().to_owned()).collect()
    })
}

#[test]
fn the_next_process_takes_over_when_the_first_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = first_process(folder.path());
    refused(folder.path(), Duration::ZERO, &first);
    let input = first.stdin.take();
    let found = taken_over_after(folder.path(), || drop(input));
    assert_eq!(found, ["First", "Last", "Second"]);
    assert!(first.wait().unwrap().success());
}

#[test]
fn the_next_process_takes_over_when_the_first_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = first_process(folder.path());
    refused(folder.path(), Duration::ZERO, &first);
    let found = taken_over_after(folder.path(), || first.kill().unwrap());
    assert_eq!(found, ["First", "Second"]);
    first.wait().unwrap();
}

#[test]
fn who_has_waited_long_enough_is_told_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = first_process(folder.path());
    let (patience, begun) = (Duration::from_millis(300), Instant::now());
    refused(folder.path(), patience, &first);
    assert!(begun.elapsed() >= patience, "it waited {:?} only", begun.elapsed());
    first.kill().unwrap();
    first.wait().unwrap();
}

/// Whoever has it open twice must not be told to end itself.
#[test]
fn a_process_that_has_it_itself_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let _journal = TephraJournal::open(folder.path()).unwrap();
    let again = TephraJournal::options().lock_timeout(Duration::ZERO).open(folder.path());
    let error = again.unwrap_err();
    let OpenError::InUse { holder, by_itself, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*holder, *by_itself), (Some(std::process::id()), true));
    let told = error.to_string();
    assert!(told.contains("this process itself") && !told.contains("end that process"), "{told}");
}
