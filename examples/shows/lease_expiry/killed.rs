//! The program is killed, and started again on what it left: as processes of their own.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use bailiwick::{Clock, SystemClock, Timestamp};
use clap::Parser;

use super::*;
use crate::audit::{AccountRecord, audit};
use crate::journal::Place;

const FOLDER: &str = "LEASE_EXPIRY_FOLDER";
/// In the first story: both slots are granted. In the second: so is the first one, again.
const GRANTED: &str = "granted";

/// Not a test: the program itself, in a process that a test starts.
#[test]
#[ignore = "run by a test"]
fn the_program() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        let args = ["lease_expiry".into(), "--data".into(), folder];
        run(&Args::parse_from(args)).unwrap();
    }
}

/// The program, and what it prints.
struct Program {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    printed: Vec<String>,
}

impl Program {
    fn start(folder: &Path) -> Program {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "killed::the_program", "--ignored", "--nocapture"]);
        let mut process = command.env(FOLDER, folder).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Program { process, lines, printed: Vec::new() }
    }

    /// Reads until so many lines had the word, and kills it.
    fn killed_after(mut self, number: usize, word: &str) -> Vec<String> {
        let mut seen = 0;
        while seen < number {
            let line = self.lines.next().unwrap_or_else(|| panic!("{:#?}", self.printed)).unwrap();
            seen += usize::from(line.contains(word));
            self.printed.push(line);
        }
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        self.printed
    }
}

/// How many events there are, and when the last lease ends; if the rules hold on them.
fn left_behind(folder: &Path) -> (usize, Timestamp) {
    let journal = Place::Folder(PathBuf::from(folder)).open().unwrap();
    let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let findings = executor.block_on(audit(&*journal, Timestamp::EPOCH)).unwrap();
    let ends = findings.accounts.values().flat_map(AccountRecord::ends);
    (findings.events, ends.max().unwrap_or(Timestamp::EPOCH))
}

#[test]
fn what_was_told_is_there_and_what_ran_out_meanwhile_comes_first() {
    let folder = tempfile::tempdir().unwrap();
    let first = Program::start(folder.path()).killed_after(2, GRANTED);
    assert!(first.iter().any(|line| line.contains("what happens when nobody")), "{first:#?}");
    let (events, end) = left_behind(folder.path());
    assert_eq!(events, 3, "a limit, two leases");

    // Nobody runs until both leases are over.
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    executor.block_on(async { SystemClock::new().sleep_until(end).await });
    let second = Program::start(folder.path()).killed_after(1, GRANTED);
    let story: Vec<_> = second.iter().filter(|line| line.contains("orchestrator")).collect();
    assert!(second.iter().any(|line| line.contains("The journal has 3 events")), "{second:#?}");
    let told = [
        "living-room TV, ",
        "Mia's phone, ",
        "no lease counts",
        "as before",
        "living-room TV, until",
    ];
    for (line, text) in story.iter().zip(told) {
        assert!(line.contains(text), "{text:?}: {second:#?}");
    }
    assert!(story[0].contains("expired") && story[0].contains("#4"), "{second:#?}");
    assert!(story[1].contains("expired") && story[1].contains("#5"), "{second:#?}");
    assert!(left_behind(folder.path()).0 >= 6);
}
