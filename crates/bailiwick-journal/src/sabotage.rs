//! Bugs to switch on: a test that does not find them is not worth much.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bailiwick_core::journal::{AppendCondition, AppendError, Appended, EncodedEvent};
use parking_lot::Mutex;

use crate::files::{File, Folder, Identity, write_all};
use crate::journal::Shared;

/// A bug that a journal can be given; see [`Options::sabotage`](crate::Options::sabotage).
///
/// For an example see [`Options`](crate::Options).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// A batch is acknowledged without a sync.
    SkippedSync,
    /// A batch is synced before it is written, and acknowledged then.
    SyncBeforeWrite,
    /// An append of several events is written as two, each with a sync of its own.
    HalfBatch,
}

/// One append at a time, so that no other comes between its halves.
pub(crate) type Turn = tokio::sync::Mutex<()>;

pub(crate) async fn in_halves(
    shared: Arc<Shared>,
    mut events: Vec<EncodedEvent>,
    condition: Option<AppendCondition>,
) -> Result<Appended, AppendError> {
    let _turn = shared.turn.lock().await;
    if events.len() == 1 {
        return shared.append(events, condition).await;
    }
    // Between two events of one command, where commands have two.
    let rest = events.split_off((events.len() / 2) | 1);
    let half = shared.append(events, condition).await?;
    let rest = shared.append(rest, None).await?;
    Ok(Appended { first: half.first, last: rest.last })
}

/// The folder in which batches are written with this bug, if it is one of files.
pub(crate) fn sabotaged(folder: Arc<dyn Folder>, bug: Option<Sabotage>) -> Arc<dyn Folder> {
    match bug {
        Some(bug @ (Sabotage::SkippedSync | Sabotage::SyncBeforeWrite)) => {
            Arc::new(Sabotaged { folder, bug })
        }
        _ => folder,
    }
}

struct Sabotaged {
    folder: Arc<dyn Folder>,
    bug: Sabotage,
}

impl Sabotaged {
    fn file(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        let (bug, is_ready, kept) = (self.bug, AtomicBool::new(false), Mutex::default());
        Arc::new(SabotagedFile { file, bug, is_ready, kept })
    }
}

impl Folder for Sabotaged {
    fn names(&self) -> io::Result<Vec<String>> {
        self.folder.names()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        Ok(self.file(self.folder.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        Ok(self.file(self.folder.open(name)?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.folder.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.folder.sync()
    }

    fn identity(&self, name: &str) -> io::Result<Identity> {
        self.folder.identity(name)
    }

    fn is_in_place(&self) -> io::Result<bool> {
        self.folder.is_in_place()
    }
}

struct SabotagedFile {
    file: Arc<dyn File>,
    bug: Sabotage,
    /// It was synced once, by whoever made or opened it: what follows are batches.
    is_ready: AtomicBool,
    /// What is written after the next sync, and where.
    kept: Mutex<Vec<(Vec<u8>, u64)>>,
}

impl File for SabotagedFile {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(to, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if self.bug == Sabotage::SyncBeforeWrite && self.is_ready.load(Ordering::Relaxed) {
            self.kept.lock().push((bytes.to_owned(), offset));
            return Ok(bytes.len());
        }
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        let is_ready = self.is_ready.swap(true, Ordering::Relaxed);
        if self.bug == Sabotage::SkippedSync && is_ready {
            return Ok(());
        }
        self.file.sync()?;
        let mut kept = self.kept.lock();
        kept.drain(..).try_for_each(|(bytes, offset)| write_all(&*self.file, &bytes, offset))
    }

    fn identity(&self) -> io::Result<Identity> {
        self.file.identity()
    }
}
