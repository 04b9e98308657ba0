//! Processes that work on one journal, each of which is killed, and a last one; and one on another journal that
//! is not.

use std::path::{Path, PathBuf};
use std::process::Command;

use bailiwick::journal::RecordedEvent;
use tempfile::TempDir;

use super::audit::{ParkedAt, audit, parked, still_parked};
use super::facts::Facts;
use super::life::{Life, Told};
use super::list::CLIENTS;
use super::outside;
use crate::faults::bug::Bug;
use crate::faults::killing::{Ended, Process, in_one_thread, kill_sometime};
use crate::faults::survivors;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverLost, Progress};
use crate::saying::book::Book;
use crate::saying::books::Books;
use crate::sim::random::Random;

/// How many lines a process lives at most.
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
    told: Vec<Told>,
    parked: ParkedAt,
    sights: WorkSights,
}

/// What was met: without it, little would be proved.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct WorkSights {
    /// Killed before the runtime ran.
    pub not_opened: u64,
    /// Something was left to be carried by a later life.
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

impl WorkSights {
    /// With these.
    pub fn add(&mut self, other: WorkSights) {
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
        let WorkSights { not_opened, news_left, parked_left, retried, skipped, .. } = self;
        let others = [self.killed_freeing, self.called_again];
        let all = [not_opened, news_left, parked_left, retried, skipped].into_iter().chain(others);
        all.min() > Some(0)
    }
}

impl Chain {
    /// Of the program that [lives](crate::faults::live), with the list of this seed.
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
            sights: WorkSights::default(),
        }
    }

    /// What was met so far.
    pub fn sights(&self) -> WorkSights {
        self.sights
    }

    /// A life that ends by SIGKILL.
    ///
    /// # Errors
    /// If it ends by itself, or does not know what is parked.
    pub fn kill(&mut self) -> Checked {
        let life = self.life("journal", |done| (done, None));
        let process = Process::start(Command::new(&self.program), &life);
        let told = kill_sometime(process, &mut self.random, MOST_LINES)?;
        self.learn(told)
    }

    /// The audit of what was left behind.
    ///
    /// # Errors
    /// With the first violation.
    pub fn audit(&mut self) -> Checked {
        let books = self.books()?;
        let parked = parked(&books);
        self.sights.news_left +=
            u64::from(books.each().iter().any(|book| !book.undone().is_empty()));
        self.sights.parked_left += u64::from(!parked.is_empty());
        let since = self.told.iter().rposition(|told| matches!(told, Told::Opened { .. }));
        let last = &self.told[since.unwrap_or_default()..];
        let freeing = |told: &Told| match told {
            Told::SeesTo { of, lane, at, .. } => parked.contains(&(of.clone(), lane.clone(), *at)),
            _ => false,
        };
        self.sights.killed_freeing += u64::from(last.iter().any(freeing));
        self.parked = parked;
        Ok(())
    }

    /// A last life, until all is done and at rest: all of the lists that may have been asked.
    ///
    /// # Errors
    /// If it does not come to that.
    pub fn finish(&mut self) -> Checked {
        let life = self.life("journal", |done| (done, Some(done + 1)));
        let told = self.lives_to_its_end(&life)?;
        self.learn(told)
    }

    /// Nothing is left to be done.
    ///
    /// # Errors
    /// With the first violation.
    pub fn all_is_done(&mut self) -> Checked {
        let books = self.books()?;
        self.sights.called_again += books.effect.called_again() as u64;
        let (undone, parked) = (books.each().map(Book::undone), parked(&books));
        NeverLost.require(undone.iter().all(Vec::is_empty) && parked.is_empty(), || {
            format!("{undone:?} are never carried or told, {parked:?} is parked for ever")
        })
    }

    fn books(&self) -> Checked<Books> {
        let calls = outside::calls(&self.folder.path().join("journal.calls"))?;
        audit(&self.events("journal")?, &calls, &self.told)
    }

    /// The same work by one process that is not killed, on a journal of its own, and what both say of it.
    ///
    /// # Errors
    /// If it is not the same.
    pub fn equals_a_calm_run(&mut self) -> Checked {
        let life = Life { bug: None, ..self.life("calm", |done| (0, Some(done))) };
        self.lives_to_its_end(&life)?;
        let (ours, calm) = (Facts::of(&self.events("journal")?)?, self.events("calm")?);
        ours.equal(&Facts::of(&calm)?)?;
        self.sights.deliveries += ours.deliveries() as u64;
        Ok(())
    }

    fn lives_to_its_end(&self, life: &Life) -> Checked<Vec<Told>> {
        let process = Process::start(Command::new(&self.program), life);
        let Ended { rest, status, complaints } = process.end();
        Progress.require(status.success(), || format!("it ended by {status}: {complaints}"))?;
        Ok(rest)
    }

    fn learn(&mut self, told: Vec<Told>) -> Checked {
        let mut opened = false;
        for told in &told {
            match told {
                Told::Opened { parked } => {
                    opened = true;
                    still_parked(&self.parked, parked)?;
                }
                Told::Acknowledged { client, nth, .. } => self.done[*client] = nth + 1,
                Told::SeesTo { skips: true, .. } => self.sights.skipped += 1,
                Told::SeesTo { .. } => self.sights.retried += 1,
            }
        }
        self.sights.not_opened += u64::from(!opened);
        self.told.extend(told);
        Ok(())
    }

    fn life(&mut self, journal: &str, part: impl Fn(u64) -> (u64, Option<u64>)) -> Life {
        let number = self.next;
        self.next += 1;
        Life {
            folder: self.folder.path().join(journal),
            calls: self.folder.path().join(format!("{journal}.calls")),
            list: self.list,
            number,
            clients: self.done.iter().map(|done| part(*done)).collect(),
            bug: self.bug,
        }
    }

    fn events(&self, journal: &str) -> Checked<Vec<RecordedEvent>> {
        in_one_thread(survivors::of(&self.folder.path().join(journal)))
    }
}
