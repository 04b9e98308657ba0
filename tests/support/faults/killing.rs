//! Processes that are killed, one after the other, on one journal. When a process is killed is counted
//! in what it told.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use tempfile::TempDir;

use super::audit::{Violation, audit};
use super::bug::Bug;
use super::life::Life;
use super::survivors;
use super::told::Told;
use crate::sim::random::Random;

/// How many lines a process lives at most.
const MOST_LINES: usize = 60;
/// How many clients it has.
const CLIENTS: u64 = 6;
const SIGKILL: i32 = 9;

/// Processes on one journal.
pub struct Chain {
    program: PathBuf,
    folder: TempDir,
    random: Random,
    bug: Option<Bug>,
    next: u64,
    told: Vec<Told>,
}

impl Chain {
    /// Of the program that [lives](super::live).
    pub fn new(program: impl AsRef<Path>, seed: u64, bug: Option<Bug>) -> Chain {
        let folder = tempfile::tempdir().expect("a folder");
        let random = Random::of(seed);
        let program = program.as_ref().to_owned();
        Chain { program, folder, random, bug, next: 0, told: Vec::new() }
    }

    /// What was told so far.
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// A life that ends by SIGKILL, and the audit of what it left behind.
    ///
    /// # Errors
    /// With the first violation.
    pub fn cycle(&mut self) -> Result<(), Violation> {
        // From before it does anything on.
        let lines = self.random.count(0, MOST_LINES);
        let mut process = Process::start(Command::new(&self.program), &self.life(u64::MAX));
        self.told.extend(process.lines(lines));
        process.kill();
        let Ended { rest, status, complaints } = process.end();
        self.told.extend(rest);
        if status.signal() != Some(SIGKILL) {
            return Err(format!("it ended before it was killed, by {status}: {complaints}"));
        }
        self.audit()
    }

    /// The last life: it does nothing but wait until no lease is left.
    ///
    /// # Errors
    /// With the first violation.
    pub fn finish(&mut self) -> Result<(), Violation> {
        let life = Life { outlives_leases: true, ..self.life(0) };
        let Ended { rest, status, complaints } =
            Process::start(Command::new(&self.program), &life).end();
        self.told.extend(rest);
        if !status.success() {
            return Err(format!("it ended by {status}: {complaints}"));
        }
        self.audit()
    }

    fn life(&mut self, orders: u64) -> Life {
        let number = self.next;
        self.next += 1;
        Life {
            folder: self.folder.path().join("journal"),
            number,
            first: 0,
            clients: CLIENTS,
            orders,
            outlives_leases: false,
            bug: self.bug,
        }
    }

    fn audit(&self) -> Result<(), Violation> {
        in_one_thread(async {
            let events = survivors::of(&self.folder.path().join("journal")).await?;
            audit(&events, &self.told, self.bug).await.map(drop)
        })
    }
}

/// Runs an audit.
pub fn in_one_thread<T>(audit: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build();
    executor.expect("an executor").block_on(audit)
}

/// A process that lives.
pub struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
}

/// How a process ended.
pub struct Ended {
    /// What it told and nobody has read yet: it was told all the same.
    pub rest: Vec<Told>,
    /// How.
    pub status: ExitStatus,
    /// What it said about that.
    pub complaints: String,
}

impl Process {
    /// Starts one; what it is to do becomes the last argument of `command`.
    pub fn start(mut command: Command, life: &Life) -> Process {
        command.arg(serde_json::to_string(life).expect("a life can be written"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Process { child, out }
    }

    /// The next lines, as many, unless it ends before.
    pub fn lines(&mut self, lines: usize) -> Vec<Told> {
        let told = self.out.by_ref().lines().take(lines);
        told.map(|line| serde_json::from_str(&line.expect("text")).expect("a line")).collect()
    }

    /// Kills it, if it is not dead yet.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let rest = self.lines(usize::MAX);
        let mut complaints = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut complaints).expect("text");
        let status = self.child.wait().expect("it was started");
        Ended { rest, status, complaints }
    }
}
