//! What the tests have in common: events, waiting without a runtime, folders, and child processes.

#![allow(dead_code, reason = "each test program uses some of it")]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::process::Command;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use bailiwick_core::journal::{
    Answer, AppendCondition, EncodedEvent, Journal, Metadata, Query, QueryItem, Read, RecordedEvent,
};
use bailiwick_core::{Position, Tag, Timestamp};
use bailiwick_tephra::{Options, TephraJournal};
use tempfile::TempDir;

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

/// Whether it has no answer yet, with nobody to wake.
pub fn is_pending<T>(answer: &mut Answer<T>) -> bool {
    Pin::new(answer).poll(&mut Context::from_waker(Waker::noop())).is_pending()
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

pub fn append(journal: &TephraJournal, events: Vec<EncodedEvent>) -> u64 {
    block_on(journal.append(events, None)).expect("it is open").last.get()
}

pub fn all(journal: &TephraJournal) -> Vec<RecordedEvent> {
    let mut read = Read::new(Query::all());
    let mut events = Vec::new();
    loop {
        let page = block_on(journal.read(read.clone())).expect("it can be read");
        events.extend(page.events);
        if !page.more {
            return events;
        }
        read.after = page.upto;
    }
}

pub fn head(journal: &TephraJournal) -> u64 {
    block_on(journal.head()).expect("it can be read").position.get()
}

/// A folder in memory, if there is one: for tests that open a journal thousands of times.
pub fn quick_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder")
}

pub fn small() -> Options {
    TephraJournal::options().segment_bytes(Options::MIN_SEGMENT_BYTES)
}

/// The segment files, in order.
pub fn segments(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "log"));
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

/// Runs a child that must succeed; what it printed.
#[track_caller]
pub fn run(mut command: Command) -> String {
    let output = command.output().expect("it can be started");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{printed}\n{complained}", output.status);
    printed
}

/// A test cannot be run here. Where `CI` is set it has failed by that.
#[track_caller]
pub fn left_out(missing: &str) {
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    println!("left out: {missing}");
}

/// `command`, behind a shell that runs `before` first in a name space of its own, in which it may
/// mount; none if that is not allowed here.
pub fn in_name_space(before: &str, command: &Command) -> Option<Command> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).output();
    if !allowed.is_ok_and(|output| output.status.success()) {
        left_out(
            "name spaces are missing or not allowed: install unshare (`apt-get install util-linux \
             mount`), and allow user name spaces (`sysctl kernel.unprivileged_userns_clone=1`, in a \
             container `--cap-add SYS_ADMIN`)",
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
