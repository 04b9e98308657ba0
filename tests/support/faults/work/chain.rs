//! Processes that work on one journal, each of which is killed, and a last one; and one on another journal that
//! is not.

use std::path::{Path, PathBuf};
use std::process::Command;

use bailiwick::journal::RecordedEvent;
use tempfile::TempDir;

use super::audit::{ParkedAt, audit, parked, still_parked};
use super::facts::Facts;
use super::list::CLIENTS;
use super::outside;
use super::process::{ProcessArgs, Report};
use crate::faults::bug::Bug;
use crate::faults::journal_copy;
use crate::faults::killing::{Ended, Process, in_one_thread, kill_sometime};
use crate::fixtures::messages::model::Model;
use crate::fixtures::messages::models::Models;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverLost, Progress};
use crate::sim::random::Random;

/// After how many lines a process is killed at most.
const MOST_LINES: usize = 30;

/// Processes on one journal.
pub struct Chain {
    program: PathBuf,
    folder: TempDir,
    list: u64,
    random: Random,
    bug: Option<Bug>,
    next: u64,
    /// How much of the list of each client is acknowledged.
    done: Vec<u64>,
    told: Vec<Report>,
    parked: ParkedAt,
    coverage: WorkCoverage,
}

/// What was met: without it, little would be proved.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct WorkCoverage {
    /// Killed before the runtime ran.
    pub not_opened: u64,
    /// Something was left to be carried by a later run.
    pub news_left: u64,
    /// Lanes were left parked, by those that were killed.
    pub parked_left: u64,
    /// Lanes that were retried.
    pub retried: u64,
    /// News that were skipped.
    pub skipped: u64,
    /// A process was killed after its operator had begun to see to a lane that was still parked then.
    pub killed_freeing: u64,
    /// The outside world was called again.
    pub called_again: u64,
    /// Deliveries and performances of which the journal says how they ended, as one without crashes does.
    pub deliveries: u64,
}

impl WorkCoverage {
    /// With these.
    pub fn add(&mut self, other: WorkCoverage) {
        self.not_opened += other.not_opened;
        self.news_left += other.news_left;
        self.parked_left += other.parked_left;
        self.retried += other.retried;
        self.skipped += other.skipped;
        self.killed_freeing += other.killed_freeing;
        self.called_again += other.called_again;
        self.deliveries += other.deliveries;
    }

    /// Whether all of it was met.
    pub fn is_complete(self) -> bool {
        let WorkCoverage { not_opened, news_left, parked_left, retried, skipped, .. } = self;
        let others = [self.killed_freeing, self.called_again];
        let all = [not_opened, news_left, parked_left, retried, skipped].into_iter().chain(others);
        all.min() > Some(0)
    }
}

impl Chain {
    /// Of the program that [runs](crate::faults::run_process), with the list of this seed.
    pub fn new(program: impl AsRef<Path>, list: u64, bug: Option<Bug>) -> Chain {
        Chain {
            program: program.as_ref().to_owned(),
            folder: tempfile::tempdir().expect("a folder"),
            list,
            random: Random::of(list),
            bug,
            next: 0,
            done: vec![0; CLIENTS],
            told: Vec::new(),
            parked: ParkedAt::new(),
            coverage: WorkCoverage::default(),
        }
    }

    /// What was met so far.
    pub fn coverage(&self) -> WorkCoverage {
        self.coverage
    }

    /// A run that ends by SIGKILL.
    ///
    /// # Errors
    /// If it ends by itself, or does not know what is parked.
    pub fn kill(&mut self) -> Checked {
        let args = self.args("journal", |done| (done, None));
        let process = Process::start(Command::new(&self.program), &args);
        let told = kill_sometime(process, &mut self.random, MOST_LINES)?;
        self.learn(told)
    }

    /// The audit of what was left behind.
    ///
    /// # Errors
    /// With the first violation.
    pub fn audit(&mut self) -> Checked {
        let models = self.models()?;
        let parked = parked(&models);
        self.coverage.news_left +=
            u64::from(models.each().iter().any(|model| !model.undone().is_empty()));
        self.coverage.parked_left += u64::from(!parked.is_empty());
        let since = self.told.iter().rposition(|told| matches!(told, Report::Opened { .. }));
        let last = &self.told[since.unwrap_or_default()..];
        let freeing = |told: &Report| match told {
            Report::SeesTo { of, lane, at, .. } => {
                parked.contains(&(of.clone(), lane.clone(), *at))
            }
            _ => false,
        };
        self.coverage.killed_freeing += u64::from(last.iter().any(freeing));
        self.parked = parked;
        Ok(())
    }

    /// A last run, until all is done and at rest: all of the lists that may have been asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn finish(&mut self) -> Checked {
        let args = self.args("journal", |done| (done, Some(done + 1)));
        let told = self.runs_to_its_end(&args)?;
        self.learn(told)
    }

    /// Nothing is left to be done.
    ///
    /// # Errors
    /// With the first violation.
    pub fn all_is_done(&mut self) -> Checked {
        let models = self.models()?;
        self.coverage.called_again += models.effect.called_again() as u64;
        let (undone, parked) = (models.each().map(Model::undone), parked(&models));
        NeverLost.require(undone.iter().all(Vec::is_empty) && parked.is_empty(), || {
            format!("{undone:?} are never carried or told, {parked:?} is parked for ever")
        })
    }

    fn models(&self) -> Checked<Models> {
        let calls = outside::calls(&self.folder.path().join("journal.calls"))?;
        audit(&self.events("journal")?, &calls, &self.told)
    }

    /// The same work by one process that is not killed, on a journal of its own, and what both say of it.
    ///
    /// # Errors
    /// If it is not the same.
    pub fn equals_a_calm_run(&mut self) -> Checked {
        let args = ProcessArgs { bug: None, ..self.args("calm", |done| (0, Some(done))) };
        self.runs_to_its_end(&args)?;
        let (ours, calm) = (Facts::of(&self.events("journal")?)?, self.events("calm")?);
        ours.equal(&Facts::of(&calm)?)?;
        self.coverage.deliveries += ours.deliveries() as u64;
        Ok(())
    }

    fn runs_to_its_end(&self, args: &ProcessArgs) -> Checked<Vec<Report>> {
        let process = Process::start(Command::new(&self.program), args);
        let Ended { rest, status, complaints } = process.end();
        Progress.require(status.success(), || format!("it ended by {status}: {complaints}"))?;
        Ok(rest)
    }

    fn learn(&mut self, told: Vec<Report>) -> Checked {
        let mut opened = false;
        for told in &told {
            match told {
                Report::Opened { parked } => {
                    opened = true;
                    still_parked(&self.parked, parked)?;
                }
                Report::Acknowledged { client, nth, .. } => self.done[*client] = nth + 1,
                Report::SeesTo { skips: true, .. } => self.coverage.skipped += 1,
                Report::SeesTo { .. } => self.coverage.retried += 1,
            }
        }
        self.coverage.not_opened += u64::from(!opened);
        self.told.extend(told);
        Ok(())
    }

    fn args(&mut self, journal: &str, part: impl Fn(u64) -> (u64, Option<u64>)) -> ProcessArgs {
        let number = self.next;
        self.next += 1;
        ProcessArgs {
            folder: self.folder.path().join(journal),
            calls: self.folder.path().join(format!("{journal}.calls")),
            list: self.list,
            number,
            clients: self.done.iter().map(|done| part(*done)).collect(),
            bug: self.bug,
        }
    }

    fn events(&self, journal: &str) -> Checked<Vec<RecordedEvent>> {
        in_one_thread(journal_copy::of(&self.folder.path().join(journal)))
    }
}
