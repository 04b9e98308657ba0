//! The two journals, each with pages of a thousand and of two.

use std::future::{Future, ready};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bailiwick::MemoryJournal;
use bailiwick_core::Journal;
use bailiwick_journal::{FileJournal, Options};
use happenstance_core::StoreId;
use happenstance_testkit::{Capability, Fixture};

use crate::failing;
use crate::mutants::mutated;
use crate::plain::folder;
use crate::store::{Handle, Slot};

fn slot(journal: Arc<dyn Journal>, page: usize) -> Arc<Slot> {
    static COUNTER: AtomicU64 = AtomicU64::new(1);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut id = [0; 16];
    id[..8].copy_from_slice(&nanos.to_be_bytes());
    id[8..].copy_from_slice(&COUNTER.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    Arc::new(Slot {
        journal: RwLock::new(Some(journal)),
        id: StoreId::from_bytes(id),
        page: NonZeroUsize::new(page).unwrap(),
    })
}

const NO_FRONTIER: Capability = Capability::declined(
    "whoever is told that an event is appended can read it: nothing is held back",
);

pub struct MemoryJournalFixture(Arc<Slot>);

impl MemoryJournalFixture {
    pub fn new(page: usize) -> Self {
        MemoryJournalFixture(slot(mutated(Arc::new(MemoryJournal::new())), page))
    }
}

impl Fixture for MemoryJournalFixture {
    type Store = Handle;
    const SECOND_HANDLE: Capability = Capability::SUPPORTED;
    /// The same as every journal: `AppendLimits::STANDARD`.
    const MAX_TAGS_PER_EVENT: Option<usize> = Some(65_534);
    const REOPEN: Capability =
        Capability::declined("MemoryJournal lives in the process alone: nothing outlives it");
    const HELD_ABOVE_FRONTIER: Capability = NO_FRONTIER;
    const MID_BATCH_FAULT: Capability =
        Capability::declined("MemoryJournal cannot fail: an append is one push under one lock");
    const READ_FAULT: Capability = Capability::declined("a read of MemoryJournal cannot fail");

    fn connect(&self) -> impl Future<Output = Handle> {
        ready(Handle(self.0.clone()))
    }
}

pub struct FileJournalFixture {
    // Before the folder: closed before that is removed.
    slot: Arc<Slot>,
    folder: tempfile::TempDir,
    options: Options,
}

fn open(folder: &Path, options: &Options) -> Arc<dyn Journal> {
    mutated(Arc::new(options.clone().open(folder).expect("it opens")))
}

impl FileJournalFixture {
    pub fn new(page: usize, segment_bytes: Option<u64>) -> Self {
        let folder = folder();
        let mut options = FileJournal::options();
        if let Some(bytes) = segment_bytes {
            options = options.segment_bytes(bytes);
        }
        let journal = open(folder.path(), &options);
        FileJournalFixture { slot: slot(journal, page), folder, options }
    }

    /// Closes the journal, waits until it has let the folder go, and opens the folder by `open`.
    fn open_again(&self, open: impl FnOnce(&Path, &Options) -> Arc<dyn Journal>) {
        let mut slot = self.slot.journal.write().unwrap();
        let mut journal = slot.take().unwrap();
        for _ in 0.. {
            match Arc::try_unwrap_dyn(journal) {
                Ok(()) => break,
                Err(still) => journal = still,
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        *slot = Some(open(self.folder.path(), &self.options));
    }
}

impl Fixture for FileJournalFixture {
    type Store = Handle;
    const SECOND_HANDLE: Capability = Capability::SUPPORTED;
    const REOPEN: Capability = Capability::SUPPORTED;
    /// `AppendLimits::STANDARD`.
    const MAX_TAGS_PER_EVENT: Option<usize> = Some(65_534);
    const HELD_ABOVE_FRONTIER: Capability = NO_FRONTIER;
    const MID_BATCH_FAULT: Capability = Capability::SUPPORTED;
    const READ_FAULT: Capability = Capability::SUPPORTED;

    /// Opens the folder again, on a disk that fails behind so many records of the next batch.
    async fn arm_mid_batch_fault(&self, after: usize) {
        self.open_again(|folder, options| mutated(Arc::new(failing::open(folder, options, after))));
    }

    /// Spoils what is in the files, under the open journal.
    async fn arm_read_fault(&self) {
        use std::os::unix::fs::FileExt;
        const FIRST_FRAME: usize = 4_096;
        for entry in std::fs::read_dir(self.folder.path()).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "segment") {
                let bytes = std::fs::read(&path).unwrap();
                let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
                let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
                let spoilt: Vec<u8> = bytes[..end].iter().map(|byte| byte ^ 0x20).collect();
                let begin = FIRST_FRAME.min(end);
                file.write_all_at(&spoilt[begin..], begin as u64).unwrap();
            }
        }
    }

    fn connect(&self) -> impl Future<Output = Handle> {
        ready(Handle(self.slot.clone()))
    }

    async fn reopen(&self) {
        self.open_again(open);
    }
}

/// Drops the last one, or gives it back.
trait TryUnwrapDyn: Sized {
    fn try_unwrap_dyn(this: Self) -> Result<(), Self>;
}

impl TryUnwrapDyn for Arc<dyn Journal> {
    fn try_unwrap_dyn(this: Self) -> Result<(), Self> {
        if Arc::strong_count(&this) == 1 { Ok(drop(this)) } else { Err(this) }
    }
}
