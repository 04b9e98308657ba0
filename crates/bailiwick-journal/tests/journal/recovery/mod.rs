//! Opening what a crash or a bad disk left behind: what was cut off is left out, anything else is refused, and
//! refusing changes nothing.

mod cut;
mod damaged;
mod several;

use std::ops::Range;

use bailiwick_core::journal::RecordedEvent;
use bailiwick_journal::OpenError;

use crate::simulated::{Sim, disk_of, files};
use crate::support::{event, small};

const SECTOR: usize = 512;
const HEADER: usize = 52;
/// Where the first frame stands.
const BEGIN: usize = 4_096;
/// What fills a frame up, at most.
const PADDING: usize = 7;
const FIRST: &str = "0000000001.segment";

type Files = Vec<(String, Vec<u8>)>;

/// The files of a process that ended without a word, and what its last append made of the first of them.
struct Written {
    files: Files,
    bytes: Vec<u8>,
    /// The events before the last append, and all.
    before: Vec<RecordedEvent>,
    events: Vec<RecordedEvent>,
    last: Range<usize>,
}

impl Written {
    /// Some appends, and then a last one of events of these sizes.
    fn new(sizes: &[usize]) -> Written {
        let mut sim = Sim::small();
        sim.append(vec![event("A", &["x:1"], 0)]).unwrap();
        sim.append(vec![event("B", &["x:1", "y:1"], 300), event("A", &[], 70)]).unwrap();
        sim.append(vec![event("C", &["y:1"], 1_100)]).unwrap();
        sim.append(vec![event("A", &["x:2"], 33)]).unwrap();
        let (before, old) = (sim.all(), sim.disk.contents(FIRST));
        let last = sizes.iter().map(|size| event("D", &["z:1"], *size)).collect();
        sim.append(last).unwrap();
        let (events, bytes) = (sim.all(), sim.disk.contents(FIRST));
        let differs = |at: &usize| old[*at] != bytes[*at];
        let start = (0..bytes.len()).find(differs).unwrap();
        let end = (0..bytes.len()).rfind(differs).unwrap() + 1;
        Written { files: files(&sim.disk), bytes, before, events, last: start..end }
    }

    /// The same, after an end that was marked.
    fn marked(sizes: &[usize]) -> Written {
        let written = Written::new(sizes);
        let disk = disk_of(&written.files);
        let Sim { steps, .. } = Sim::on(&disk, &small()).unwrap();
        steps.end();
        Written { files: files(&disk), bytes: disk.contents(FIRST), ..written }
    }

    /// Opens what `bytes` are, as after a crash.
    fn open(&self, bytes: &[u8]) -> Result<Sim, OpenError> {
        let others = self.files.iter().filter(|(name, _)| name != FIRST).cloned();
        let files = [(FIRST.to_owned(), bytes.to_vec())].into_iter().chain(others).collect();
        open(&files)
    }

    #[track_caller]
    fn is_left_out(&self, bytes: &[u8], what: &str) {
        let mut sim = self.open(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(sim.all() == self.before, "{what}");
        let next = sim.append(vec![event("E", &["z:2"], 5)]).unwrap().first.get();
        assert_eq!(next, self.before.len() as u64 + 1, "{what}");
        let found = sim.all();
        assert!(sim.after_power_loss().all() == found, "{what}: opened again");
    }

    #[track_caller]
    fn is_refused(&self, bytes: &[u8], what: &str) -> u64 {
        refused_at(self.open(bytes), FIRST, what)
    }
}

/// Opens a disk that has these files; if it is refused it has them still.
fn open(these: &Files) -> Result<Sim, OpenError> {
    let disk = disk_of(these);
    let sim = Sim::on(&disk, &small());
    if sim.is_err() {
        assert!(files(&disk) == *these, "it was refused, and changed");
        disk.restart();
        assert!(files(&disk) == *these, "it was refused, and changed");
    }
    sim
}

#[track_caller]
fn refused_at(opened: Result<Sim, OpenError>, name: &str, what: &str) -> u64 {
    match opened {
        Err(OpenError::Corrupt { path, offset, .. }) if path.ends_with(name) => offset,
        Err(other) => panic!("{what}: {other:?}"),
        Ok(sim) => panic!("{what}: {} events", sim.all().len()),
    }
}
