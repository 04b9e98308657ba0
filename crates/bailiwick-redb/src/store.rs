//! The store: what is read, on one thread, and what is written, on another.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick_core::journal::{Answer, BoxError, JournalId};
use bailiwick_core::{SnapshotKey, SnapshotStore};
use bytes::Bytes;

use crate::file::{File, OpenError};
use crate::tables::{self, Change};
use crate::worker::{Worker, Works};

/// How many reads may wait; each is of an aggregate, or a view, that is being loaded.
const WAITING_READS: usize = 16_384;
/// How many writes may wait.
const WAITING_WRITES: usize = 1_024;

/// How to open a store; made by [`RedbSnapshots::options`].
///
/// For an example see [`RedbSnapshots`].
#[derive(Debug, Clone)]
#[must_use = "options do nothing until a store is opened with them"]
pub struct Options {
    most_bytes: u64,
}

impl Options {
    /// How often it syncs, at most, while something is saved.
    pub const SYNC_EVERY: Duration = Duration::from_secs(10);

    /// How many bytes the snapshots may have together (1 GiB), each counted with twice its key and 64 bytes.
    /// The file may take about twice as many. Those that were saved first give way.
    pub fn most_bytes(self, most_bytes: u64) -> Self {
        Options { most_bytes }
    }

    /// Opens the file, which is made if there is none; its folder is there.
    ///
    /// What cannot be read as one is removed, and made anew, with a warning in the log. One that somebody has
    /// is waited for, for 5 s, so that a restart hands over.
    ///
    /// # Errors
    /// See [`OpenError`]. Nothing of it need keep a service from running: it runs without a store.
    pub fn open(self, path: impl AsRef<Path>) -> Result<RedbSnapshots, OpenError> {
        let file = File::open(path.as_ref().to_owned())?;
        let (name, pause) = ("bailiwick snapshots", Options::SYNC_EVERY);
        let reading = Reading(file.clone());
        let writing = Writing { file, most_bytes: self.most_bytes, unsynced: None };
        let reads = Worker::start(name, WAITING_READS, pause, reading);
        let writes = Worker::start(name, WAITING_WRITES, pause, writing);
        Ok(RedbSnapshots(Arc::new(Threads {
            reads: reads.map_err(OpenError::NoThreads)?,
            writes: writes.map_err(OpenError::NoThreads)?,
        })))
    }
}

/// Snapshots in a file that one process has. Cloning shares it; the last one lets the file go.
///
/// ```
/// use bailiwick_redb::RedbSnapshots;
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let snapshots = RedbSnapshots::options().most_bytes(64 << 20).open(folder.join("snapshots.redb"))?;
/// // `Runtime::builder(journal).snapshots(snapshots)`
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedbSnapshots(Arc<Threads>);

struct Threads {
    reads: Worker<Reading>,
    writes: Worker<Writing>,
}

struct Reading(Arc<File>);

struct Writing {
    file: Arc<File>,
    most_bytes: u64,
    /// Since when something was written that was not synced.
    unsynced: Option<Instant>,
}

impl RedbSnapshots {
    /// Opens the file, with the defaults: see [`Options::open`].
    ///
    /// # Errors
    /// As [`Options::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<RedbSnapshots, OpenError> {
        Self::options().open(path)
    }

    /// How to open one.
    pub fn options() -> Options {
        Options { most_bytes: 1 << 30 }
    }

    fn write<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut Change<'_>, u64) -> Result<T, BoxError> + Send + 'static,
    ) -> Answer<Result<T, BoxError>> {
        self.0.writes.call(|writing| writing.change(change))
    }
}

impl Works for Reading {}

impl Writing {
    fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Change<'_>, u64) -> Result<T, BoxError>,
    ) -> Result<T, BoxError> {
        let since = *self.unsynced.get_or_insert_with(Instant::now);
        let syncs = since.elapsed() >= Options::SYNC_EVERY;
        let most_bytes = self.most_bytes;
        let changed =
            self.file.with(|file| tables::change(file, syncs, |tables| change(tables, most_bytes)));
        if syncs {
            self.unsynced = None;
        }
        changed
    }

    fn sync(&mut self) {
        if self.unsynced.take().is_some() {
            // Whoever needs the file next is told what is wrong with it.
            let _ = self.file.with(|file| tables::change(file, true, |_| Ok(())));
        }
    }
}

impl Works for Writing {
    fn rest(&mut self) {
        self.sync();
    }

    fn end(&mut self) {
        self.sync();
    }
}

impl SnapshotStore for RedbSnapshots {
    fn claim(&self, journal: JournalId) -> Answer<Result<JournalId, BoxError>> {
        self.0.writes.call(move |writing| {
            let of = writing.change(|tables, _| tables.claim(journal))?;
            writing.file.belongs_to(of);
            Ok(of)
        })
    }

    fn get(&self, key: &SnapshotKey) -> Answer<Result<Option<Bytes>, BoxError>> {
        let key = key.clone();
        self.0.reads.call(move |Reading(file)| {
            Ok(file.with(|file| tables::get(file, key.as_str()))?.map(Bytes::from))
        })
    }

    fn put(&self, key: SnapshotKey, snapshot: Bytes) -> Answer<Result<(), BoxError>> {
        self.write(move |tables, most_bytes| tables.put(key.as_str(), &snapshot, most_bytes))
    }

    fn remove(&self, key: &SnapshotKey) -> Answer<Result<(), BoxError>> {
        let key = key.clone();
        self.write(move |tables, _| tables.remove(key.as_str()))
    }

    fn clear(&self, view: &str) -> Answer<Result<(), BoxError>> {
        let view = view.to_owned();
        self.write(move |tables, _| tables.clear(&view))
    }
}

impl fmt::Debug for RedbSnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedbSnapshots")
    }
}
