//! The journal in a folder whose disk fails within a batch: so many of its records are written, and no more.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bailiwick_core::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, LastMatch, Page, Position, Query, Read, ReadError, ReadValues, ReopenError,
    ValuesPage,
};
use bailiwick_journal::files::{Disk, File, Folder, Identity};
use bailiwick_journal::{FileJournal, Options, Steps};

/// What stands before a record, and what a frame is a multiple of, in bytes: `docs/journal-format.md`.
const HEADER: usize = 32;
const ALIGN: usize = 8;

/// Nothing is wrong.
const WELL: usize = usize::MAX;

/// How many records of the next batch are written before the disk fails; [`WELL`] for all of them.
type Fault = Arc<AtomicUsize>;

struct FailingFolder {
    disk: Disk,
    fault: Fault,
}

impl FailingFolder {
    fn file(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(FailingFile { file, fault: self.fault.clone(), is_over: AtomicBool::new(false) })
    }
}

impl Folder for FailingFolder {
    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.disk.create(name).map(|file| self.file(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        self.disk.open(name).map(|file| self.file(file))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.sync()
    }

    fn identity(&self, name: &str) -> io::Result<Identity> {
        self.disk.identity(name)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        self.disk.is_in_place()
    }
}

struct FailingFile {
    file: Arc<dyn File>,
    fault: Fault,
    /// It has failed, and takes nothing more.
    is_over: AtomicBool,
}

/// Where the frame of the record with this number begins, if there is one.
fn begin_of(bytes: &[u8], nth: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..nth {
        let len: [u8; 4] = bytes.get(at + 16..at + 20)?.try_into().ok()?;
        at += (HEADER + u32::from_le_bytes(len) as usize).next_multiple_of(ALIGN);
    }
    (at < bytes.len()).then_some(at)
}

impl File for FailingFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(to, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if self.is_over.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk failed within a batch"));
        }
        let is_zeros = bytes.iter().all(|byte| *byte == 0);
        let fault = self.fault.load(Ordering::SeqCst);
        if fault == WELL || is_zeros || offset < 4_096 {
            return self.file.write_at(bytes, offset);
        }
        match begin_of(bytes, fault) {
            None => self.file.write_at(bytes, offset),
            Some(end) => {
                self.fault.store(WELL, Ordering::SeqCst);
                self.is_over.store(true, Ordering::SeqCst);
                let mut written = 0;
                while written < end {
                    written += self.file.write_at(&bytes[written..end], offset + written as u64)?;
                }
                if written > 0 { Ok(written) } else { self.write_at(bytes, offset) }
            }
        }
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn identity(&self) -> io::Result<Identity> {
        self.file.identity()
    }
}

/// A journal whose steps are taken by a thread here.
pub struct Failing {
    // Dropped first: then the thread finds that nothing comes any more.
    journal: Option<FileJournal>,
    is_over: Arc<AtomicBool>,
    hands: Option<JoinHandle<()>>,
}

/// Opens the journal in `folder`, which nobody else has open, so that the first batch of more than `records` records
/// fails when so many of them are written.
pub fn open(folder: &Path, options: &Options, records: usize) -> Failing {
    let fault = Fault::new(AtomicUsize::new(WELL));
    let disk = FailingFolder { disk: Disk::at(folder), fault: fault.clone() };
    let mut number = records as u64 + 1;
    let entropy = Box::new(move || {
        number = number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        number
    });
    let opened = FileJournal::simulated(Arc::new(disk), options, entropy);
    let (journal, steps) = opened.expect("it opens");
    fault.store(records, Ordering::SeqCst);
    let is_over = Arc::new(AtomicBool::new(false));
    let hands = thread::spawn({
        let is_over = is_over.clone();
        move || take(steps, &is_over)
    });
    Failing { journal: Some(journal), is_over, hands: Some(hands) }
}

fn take(mut steps: Steps, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        let any = [steps.write(), steps.tidy(), steps.read()];
        if any == [false; 3] {
            thread::sleep(Duration::from_micros(100));
        }
    }
    steps.end();
}

impl Drop for Failing {
    fn drop(&mut self) {
        drop(self.journal.take());
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(hands) = self.hands.take() {
            let _ = hands.join();
        }
    }
}

impl Failing {
    fn journal(&self) -> &FileJournal {
        self.journal.as_ref().expect("it is open")
    }
}

impl Journal for Failing {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        self.journal().append(events, condition)
    }

    fn read(&self, read: Read) -> Answer<Result<Page, ReadError>> {
        self.journal().read(read)
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, ReadError>> {
        self.journal().last(query)
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), ReadError>> {
        self.journal().changed(query, after)
    }

    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, ReadError>> {
        self.journal().values(read)
    }

    fn id(&self) -> JournalId {
        self.journal().id()
    }

    fn head(&self) -> Answer<Result<Head, ReadError>> {
        self.journal().head()
    }

    fn limits(&self) -> AppendLimits {
        self.journal().limits()
    }

    fn health(&self) -> Health {
        self.journal().health()
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        self.journal().reopen()
    }
}
