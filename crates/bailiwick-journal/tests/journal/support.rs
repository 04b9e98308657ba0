//! What the tests have in common: events, waiting without a runtime, folders, and child processes.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use bailiwick_core::journal::{
    Answer, AppendCondition, AppendError, Appended, EncodedEvent, Health, Journal, JournalFault,
    Metadata, Query, QueryItem, Read, RecordedEvent,
};
use bailiwick_core::{Position, Tag, Timestamp};
use bailiwick_journal::{FileJournal, Options};
use tempfile::TempDir;

pub type Outcome = Result<Appended, AppendError>;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// The answer, if it is there; with nobody to wake.
pub fn poll<T>(answer: &mut Answer<T>) -> Option<T> {
    poll_with(answer, Waker::noop())
}

pub fn poll_with<T>(answer: &mut Answer<T>, waker: &Waker) -> Option<T> {
    match Pin::new(answer).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}

/// Waits until it is so, for far longer than it takes.
#[track_caller]
pub fn soon(what: &str, is_so: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never comes that {what}");
        thread::sleep(Duration::from_millis(2));
    }
    begun.elapsed()
}

pub fn tag(text: &str) -> Tag {
    text.parse().expect("a tag")
}

pub fn event(event_type: &'static str, tags: &[&str], payload_bytes: usize) -> EncodedEvent {
    EncodedEvent {
        event_type: event_type.into(),
        version: 1,
        tags: tags.iter().map(|text| tag(text)).collect(),
        payload: vec![b'x'; payload_bytes].into(),
        recorded_at: Timestamp::from_millis(1_000),
        metadata: Metadata::default(),
    }
}

pub fn unless(text: &str, after: u64) -> AppendCondition {
    AppendCondition::new(QueryItem::tagged(tag(text)).into()).after(Position::new(after))
}

#[track_caller]
pub fn append(journal: &FileJournal, events: Vec<EncodedEvent>) -> u64 {
    block_on(journal.append(events, None)).expect("it is open").last.get()
}

pub fn all(journal: &FileJournal) -> Vec<RecordedEvent> {
    pages(|read| block_on(journal.read(read)).expect("it can be read"))
}

/// All that there is, page by page.
pub fn pages(page: impl FnMut(Read) -> bailiwick_core::journal::Page) -> Vec<RecordedEvent> {
    let (mut page, mut read, mut events) = (page, Read::new(Query::all()), Vec::new());
    loop {
        let page = page(read.clone());
        events.extend(page.events);
        if !page.more {
            return events;
        }
        read.after = page.upto;
    }
}

pub fn head(journal: &FileJournal) -> u64 {
    block_on(journal.head()).expect("it can be read").position.get()
}

#[track_caller]
pub fn why_closed(journal: &FileJournal) -> JournalFault {
    match journal.health() {
        Health::ClosedForWriting { why } => why,
        other => panic!("it is not closed: {other:?}"),
    }
}

/// A folder in memory, if there is one: for tests that are not about what survives.
pub fn quick_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder")
}

pub fn small() -> Options {
    FileJournal::options().segment_bytes(Options::MIN_SEGMENT_BYTES)
}

/// The segments, in order; the last of them may be one that was made ahead.
pub fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "segment"));
    paths.sort();
    paths
}

/// This test program once more, to run an ignored test as a process of its own.
pub fn child(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"]);
    command.env("JOURNAL_FOLDER", folder);
    command
}

/// In a child: the folder that it was given; none if nobody runs it as one.
pub fn given_folder() -> Option<PathBuf> {
    std::env::var_os("JOURNAL_FOLDER").map(PathBuf::from)
}

/// Runs a child that must succeed.
#[track_caller]
pub fn run(mut command: Command) {
    let output = command.output().expect("it can be started");
    let printed = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{complained}", output.status);
    assert!(printed.contains("1 passed"), "there is no such test\n{printed}");
}

/// A test cannot be run here. Where `CI` is set it has failed by that.
#[track_caller]
pub fn left_out(missing: &str) {
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    println!("left out: {missing}");
}

/// `command`, behind a shell that runs `before` first in a name space of its own, in which it may mount; none if
/// that is not allowed here.
pub fn in_name_space(before: &str, command: &Command) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        left_out(
            "name spaces are missing or not allowed: install unshare (`apt-get install util-linux mount`), and allow \
             user name spaces (`sysctl kernel.unprivileged_userns_clone=1`, in a container `--cap-add SYS_ADMIN`)",
        );
        return None;
    }
    let mut shell = Command::new("unshare");
    let script = format!("{before} && exec \"$@\"");
    shell.args(["-rm", "sh", "-e", "-c", script.as_str(), "sh"]);
    Some(behind(shell, command))
}

/// `command` as the arguments of another one.
pub fn behind(mut other: Command, command: &Command) -> Command {
    other.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            other.env(name, value);
        }
    }
    other
}
