//! Processes that are killed, one after the other, on one journal. When a process is killed is counted
//! in the lines that it reported.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read};
use std::marker::PhantomData;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tempfile::TempDir;

use super::audit::{Model, audit};
use super::bug::Bug;
use super::journal_copy;
use super::process::ProcessArgs;
use super::reports::Report;
use crate::invariant::{Checked, Invariant};
use crate::sim::random::Random;

/// After how many lines a process is killed at most.
const MOST_LINES: usize = 60;
/// How long it goes on then before it is killed, at most.
const MOST_MICROS: u64 = 1_500;
const SIGKILL: i32 = 9;

/// Processes on one journal.
pub struct Chain {
    program: PathBuf,
    folder: TempDir,
    random: Random,
    clients: u64,
    bug: Option<Bug>,
    next: u64,
    told: Vec<Report>,
    /// How many effects are in the journal that nobody was told of.
    untold: usize,
    coverage: Coverage,
}

/// In how many runs each of these was met: without it, little would be proved.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// Killed before the runtime ran.
    pub not_opened: u64,
    /// Something was in the journal that nobody had been told of.
    pub untold: u64,
    /// Leases were left, to be expired by a later run.
    pub leases_left: u64,
}

impl Coverage {
    /// With these.
    pub fn add(&mut self, other: Coverage) {
        self.not_opened += other.not_opened;
        self.untold += other.untold;
        self.leases_left += other.leases_left;
    }

    /// Whether all of it was met.
    pub fn is_complete(self) -> bool {
        self.not_opened > 0 && self.untold > 0 && self.leases_left > 0
    }
}

impl Chain {
    /// Of the program that [runs](super::run_process) each of them.
    /// Each has so many clients.
    pub fn new(program: impl AsRef<Path>, seed: u64, clients: u64, bug: Option<Bug>) -> Chain {
        let folder = tempfile::tempdir().expect("a folder");
        let random = Random::of(seed);
        let program = program.as_ref().to_owned();
        let (told, coverage) = (Vec::new(), Coverage::default());
        Chain { program, folder, random, clients, bug, next: 0, told, untold: 0, coverage }
    }

    /// What was met so far.
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// A run that ends by SIGKILL, and the audit of what it left behind.
    ///
    /// # Errors
    /// With the first violation.
    pub fn cycle(&mut self) -> Checked {
        let process = Process::start(Command::new(&self.program), &self.args(u64::MAX));
        let mut told = kill_sometime(process, &mut self.random, MOST_LINES)?;
        let opened = told.contains(&Report::Opened);
        self.told.append(&mut told);
        let book = self.audit()?;
        let untold = book.effects().saturating_sub(effects_told(&self.told));
        self.coverage.add(Coverage {
            not_opened: u64::from(!opened),
            untold: u64::from(untold > self.untold),
            leases_left: u64::from(book.expiries().is_some()),
        });
        self.untold = untold;
        Ok(())
    }

    /// The last run: it does nothing but wait until no lease is left.
    ///
    /// # Errors
    /// With the first violation.
    pub fn finish(&mut self) -> Checked {
        let args = ProcessArgs { outlives_leases: true, ..self.args(0) };
        let Ended { rest, status, complaints } =
            Process::start(Command::new(&self.program), &args).end();
        self.told.extend(rest);
        if !status.success() {
            let what = format!("it ended by {status}: {complaints}");
            return Err(Invariant::Progress.broken(what));
        }
        self.audit().map(drop)
    }

    fn args(&mut self, orders: u64) -> ProcessArgs {
        let number = self.next;
        self.next += 1;
        ProcessArgs {
            folder: self.folder.path().join("journal"),
            number,
            first: 0,
            clients: self.clients,
            orders,
            outlives_leases: false,
            reopens: false,
            bug: self.bug,
        }
    }

    fn audit(&self) -> Checked<Model> {
        in_one_thread(async {
            let events = journal_copy::of(&self.folder.path().join("journal")).await?;
            audit(&events, &self.told, self.bug).await
        })
    }
}

/// How many effects were told that the model [counts](Model::effects), each once.
fn effects_told(told: &[Report]) -> usize {
    let effect = |told: &Report| match told {
        Report::Done { id, reply, .. } if reply.is_effect() => Some(*id),
        _ => None,
    };
    told.iter().filter_map(effect).collect::<HashSet<_>>().len()
}

/// Kills a process after it has reported so many lines at most. What it reported.
///
/// # Errors
/// If it ends by itself.
pub(super) fn kill_sometime<T: DeserializeOwned>(
    mut process: Process<T>,
    random: &mut Random,
    most_lines: usize,
) -> Checked<Vec<T>> {
    // From before it does anything on; often enough while it opens.
    let lines = if random.one_in(8) { random.count(0, 2) } else { random.count(0, most_lines) };
    let mut told = process.lines(lines);
    // Not always at the moment when it has just told something.
    std::thread::sleep(Duration::from_micros(random.between(0, MOST_MICROS)));
    process.kill();
    let Ended { rest, status, complaints } = process.end();
    told.extend(rest);
    Invariant::Progress.require(status.signal() == Some(SIGKILL), || {
        format!("it ended before it was killed, by {status}: {complaints}")
    })?;
    Ok(told)
}

/// Runs an audit.
pub fn in_one_thread<T>(audit: impl Future<Output = T>) -> T {
    let executor = tokio::runtime::Builder::new_current_thread().enable_time().build();
    executor.expect("an executor").block_on(audit)
}

/// A process that runs, and reports this.
pub struct Process<T = Report> {
    child: Child,
    out: BufReader<ChildStdout>,
    tells: PhantomData<T>,
}

/// How a process ended.
pub struct Ended<T = Report> {
    /// What it told and nobody has read yet: it was told all the same.
    pub rest: Vec<T>,
    /// How.
    pub status: ExitStatus,
    /// What it said about that.
    pub complaints: String,
}

impl<T: DeserializeOwned> Process<T> {
    /// Starts one; what it is to do becomes the last argument of `command`.
    pub fn start(mut command: Command, args: &impl Serialize) -> Process<T> {
        command.arg(serde_json::to_string(args).expect("they can be written"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it can be started");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Process { child, out, tells: PhantomData }
    }

    /// The next lines, as many, unless it ends before.
    pub fn lines(&mut self, lines: usize) -> Vec<T> {
        let told = self.out.by_ref().lines().take(lines);
        told.map(|line| serde_json::from_str(&line.expect("text")).expect("a line")).collect()
    }

    /// Kills it, if it is not dead yet.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended<T> {
        let rest = self.lines(usize::MAX);
        let mut complaints = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        stderr.read_to_string(&mut complaints).expect("text");
        let status = self.child.wait().expect("it was started");
        Ended { rest, status, complaints }
    }
}
