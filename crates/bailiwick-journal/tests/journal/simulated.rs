//! A journal on a simulated disk, whose steps the test takes: nothing happens that it does not ask for.

use std::sync::Arc;

use bailiwick_core::journal::{
    Answer, EncodedEvent, Journal, JournalReadError, Read, RecordedEvent, ReopenError,
};
use bailiwick_core::{Position, journal::Page};
use bailiwick_journal::files::{Folder, Simulated};
use bailiwick_journal::{FileJournal, OpenError, Options, Steps};

use crate::support::{Outcome, event, pages, poll, small, unless};

/// All files of a disk.
pub fn files(disk: &Simulated) -> Vec<(String, Vec<u8>)> {
    let names = disk.names().expect("it is on");
    names.into_iter().map(|name| (name.clone(), disk.contents(&name))).collect()
}

/// A disk that has these files.
pub fn disk_of(files: &[(String, Vec<u8>)]) -> Simulated {
    let disk = Simulated::new(1);
    for (name, bytes) in files {
        let file = disk.create(name).expect("an empty disk");
        assert_eq!(file.write_at(bytes, 0).expect("there is room"), bytes.len());
        file.sync().expect("it works");
    }
    disk.sync().expect("it works");
    disk
}

pub struct Sim {
    pub disk: Simulated,
    pub journal: FileJournal,
    pub steps: Steps,
}

pub fn open_in(
    folder: Arc<dyn Folder>,
    options: &Options,
) -> Result<(FileJournal, Steps), OpenError> {
    let mut numbers = 1_u64..;
    let entropy = Box::new(move || numbers.next().expect("there are enough"));
    FileJournal::simulated(folder, options, entropy)
}

impl Sim {
    pub fn new(options: &Options) -> Sim {
        Sim::on(&Simulated::new(1), options).expect("an empty disk")
    }

    /// With small segments.
    pub fn small() -> Sim {
        Sim::new(&small())
    }

    pub fn on(disk: &Simulated, options: &Options) -> Result<Sim, OpenError> {
        let (journal, steps) = open_in(Arc::new(disk.clone()), options)?;
        Ok(Sim { disk: disk.clone(), journal, steps })
    }

    /// The process ends just now, the power goes, and another one opens what is there.
    pub fn after_power_loss(self) -> Sim {
        let disk = self.disk.clone();
        drop(self);
        disk.restart();
        Sim::on(&disk, &small()).expect("what was acknowledged is there")
    }

    /// Everything that is to be done, until there is nothing.
    pub fn settle(&mut self) {
        while self.steps.write() || self.steps.read() || self.steps.tidy() {}
    }

    pub fn append(&mut self, events: Vec<EncodedEvent>) -> Outcome {
        let mut answer = self.journal.append(events, None);
        while self.steps.write() {}
        poll(&mut answer).expect("it has an outcome")
    }

    /// Two events that have the number, if there is none that has it.
    pub fn submit(&self, number: u64) -> Answer<Outcome> {
        let tag = format!("n:{number}");
        let events = vec![event("A", &[&tag, "all:1"], 100), event("B", &[&tag], 40)];
        self.journal.append(events, Some(unless(&tag, 0)))
    }

    pub fn reopen(&mut self) -> Result<(), ReopenError> {
        let mut answer = self.journal.reopen();
        while self.steps.write() {}
        poll(&mut answer).expect("it was tried")
    }

    pub fn read(&self, read: Read) -> Result<Page, JournalReadError> {
        let mut answer = self.journal.read(read);
        while self.steps.read() {}
        poll(&mut answer).expect("it was read")
    }

    /// All that can be read.
    pub fn all(&self) -> Vec<RecordedEvent> {
        pages(|read| self.read(read).expect("it can be read"))
    }

    pub fn head(&self) -> Position {
        poll(&mut self.journal.head()).expect("at once").expect("it can be read").position
    }
}
