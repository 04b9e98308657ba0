//! One process at a time: the next one waits for the folder, and takes over when the one before it ends, however it
//! ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Stdio};
#[cfg(unix)]
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_core::journal::FaultKind;
use bailiwick_journal::OpenError;
use bailiwick_journal::folder::Locked;

use crate::support::{child, given_folder, open, refused};

const OPENED: &str = "it has the folder";
/// Far more than a handover takes: a test that needs it has failed.
const LONG: Duration = Duration::from_secs(300);

/// Not a test: a process that has the folder until its input ends.
#[test]
#[ignore = "run by a test"]
fn has_the_folder() {
    let Some(folder) = given_folder() else {
        return;
    };
    let _locked = open(&folder).unwrap();
    println!("{OPENED}");
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
    fs::write(folder.join(".ended"), "well").unwrap();
}

/// Such a process, once it has the folder.
fn first_process(folder: &Path) -> Child {
    let mut command = child("handover::has_the_folder", folder);
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut printed = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(printed.any(|line| line.unwrap().contains(OPENED)), "it did not open the folder");
    // Whatever else it prints has to go somewhere.
    thread::spawn(move || printed.for_each(drop));
    process
}

#[track_caller]
fn refused_by(first: &Child, folder: &Path, patience: Duration) {
    let error = Locked::open(folder, patience).expect_err("it is in use");
    let OpenError::InUse { path, holder, by_itself, waited } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*path, folder.join("journal.lock"));
    assert_eq!((*holder, *by_itself, *waited), (Some(first.id()), false, patience));
    let told = error.to_string();
    assert!(told.contains(&format!("process {}", first.id())), "{told}");
    assert!(told.contains("end that process, or allow more time"), "{told}");
}

/// A second one waits, in a thread, and gets it.
fn taken_over_after(folder: &Path, end: impl FnOnce()) {
    thread::scope(|scope| {
        let second = scope.spawn(|| Locked::open(folder, LONG));
        thread::sleep(Duration::from_millis(50));
        assert!(!second.is_finished(), "it did not wait");
        end();
        second.join().unwrap().unwrap();
    });
}

#[test]
fn the_next_process_takes_over_when_the_first_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = first_process(folder.path());
    refused_by(&first, folder.path(), Duration::ZERO);
    let input = first.stdin.take();
    taken_over_after(folder.path(), || drop(input));
    assert!(folder.path().join(".ended").exists());
    assert!(first.wait().unwrap().success());
}

#[test]
fn the_next_process_takes_over_when_the_first_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = first_process(folder.path());
    let (patience, begun) = (Duration::from_millis(300), Instant::now());
    refused_by(&first, folder.path(), patience);
    assert!(begun.elapsed() >= patience, "it waited {:?} only", begun.elapsed());
    taken_over_after(folder.path(), || first.kill().unwrap());
    first.wait().unwrap();
}

#[test]
fn a_folder_is_handed_over_within_a_process() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path()).unwrap();
    // Its files may be held longer than it.
    let _files = (first.folder(), first.place());
    taken_over_after(folder.path(), || drop(first));
}

/// Whoever has it open twice must not be told to end itself.
#[test]
fn a_process_that_has_it_itself_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let _first = open(folder.path()).unwrap();
    let error = refused(folder.path());
    let OpenError::InUse { holder, by_itself, .. } = &error else { panic!("{error:?}") };
    assert_eq!((*holder, *by_itself), (Some(std::process::id()), true));
    assert_eq!(error.kind(), FaultKind::InUse);
    let told = error.to_string();
    assert!(told.contains("this process itself") && !told.contains("end that process"), "{told}");
}

/// Somebody tidies up, and starts a second one.
#[cfg(unix)]
#[test]
fn removing_the_file_that_is_locked_lets_nobody_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal.lock");
    let first = open(folder.path()).unwrap();
    fs::remove_file(&file).unwrap();
    let error = refused(folder.path());
    assert!(matches!(error, OpenError::InUse { holder: None, .. }), "{error:?}");
    assert!(error.to_string().contains("journal.lock is locked by a process"), "{error}");
    assert!(!file.exists(), "who is refused makes no file");
    fs::write(&file, "").unwrap();
    assert!(matches!(refused(folder.path()), OpenError::InUse { .. }));
    drop(first);
    open(folder.path()).unwrap();
}

/// Whatever is removed and made anew meanwhile, two never have it at once.
#[cfg(unix)]
#[test]
fn two_never_have_it_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (path, is_had, is_over) = (folder.path(), AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let opening = || {
            for _ in 0..200 {
                let locked = Locked::open(path, LONG).unwrap();
                assert!(!is_had.swap(true, Ordering::SeqCst), "two have it");
                thread::yield_now();
                is_had.store(false, Ordering::SeqCst);
                drop(locked);
            }
        };
        scope.spawn(|| {
            while !is_over.load(Ordering::SeqCst) {
                let _ = fs::remove_file(path.join("journal.lock"));
                thread::sleep(Duration::from_micros(100));
            }
        });
        let threads: Vec<_> = (0..2).map(|_| scope.spawn(opening)).collect();
        let ended: Vec<_> = threads.into_iter().map(thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::SeqCst);
        assert!(ended.iter().all(Result::is_ok), "see above");
    });
}
