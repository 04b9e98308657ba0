//! The file: opened, and made anew when it is none.

use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bailiwick_core::journal::{BoxError, JournalId};
use parking_lot::Mutex;
use redb::{Database, DatabaseError};

use crate::tables;

/// How much of the file redb keeps in memory, in bytes: what is read is read once, when something is loaded.
const CACHE_BYTES: usize = 16 << 20;
/// How long opening waits for whoever has the file, so that a restart hands over; and how often it looks.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const TRY_EVERY: Duration = Duration::from_millis(10);
/// How often it is made anew, at most, before it is given up until the process is started again.
const MOST_RENEWALS: u32 = 8;

/// Why there is no store.
///
/// For an example see [`RedbSnapshots`](crate::RedbSnapshots).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another store of this one, has the file.
    #[error("{} is in use: give each process a file of its own, or wait for the one that has it", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be made.
    #[error("the file of snapshots {} cannot be made: see to its folder", path.display())]
    NotMade {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BoxError,
    },
    /// There are no threads for it.
    #[error("the store of snapshots has no threads")]
    NoThreads(#[source] io::Error),
}

/// The file, if there is one.
pub(crate) struct File {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: Option<Arc<Database>>,
    journal: Option<JournalId>,
    renewals: u32,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} could not be used, and not be made anew")]
struct Gone(String);

impl File {
    pub(crate) fn open(path: PathBuf) -> Result<Arc<File>, OpenError> {
        let file = match handed_over(&path) {
            Ok(file) => file,
            Err(Unopened::InUse) => return Err(OpenError::InUse { path }),
            Err(Unopened::NoFile(why)) => {
                warn(&path, &why);
                match renewed(&path) {
                    Ok(file) => file,
                    Err(source) => return Err(OpenError::NotMade { path, source }),
                }
            }
        };
        let open = Open { file: Some(Arc::new(file)), journal: None, renewals: 0 };
        Ok(Arc::new(File { path, open: Mutex::new(open) }))
    }

    pub(crate) fn belongs_to(&self, journal: JournalId) {
        self.open.lock().journal = Some(journal);
    }

    /// Does something with the file. If that fails, or panics, the file is made anew.
    pub(crate) fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, BoxError>,
    ) -> Result<T, BoxError> {
        let file = self.open.lock().file.clone();
        let file = file.ok_or_else(|| Gone(self.path.display().to_string()))?;
        let worked = match catch_unwind(AssertUnwindSafe(|| work(&file))) {
            Ok(worked) => worked,
            Err(_) => Err("redb panicked: its file is damaged".into()),
        };
        let worked = worked.inspect_err(|why| self.renew(&file, why));
        // The last one closes it, which looks at what may be damaged once more.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(file)));
        worked
    }

    /// Unless somebody has done so.
    fn renew(&self, damaged: &Arc<Database>, why: &BoxError) {
        let mut open = self.open.lock();
        if open.file.as_ref().is_none_or(|file| !Arc::ptr_eq(file, damaged)) {
            return;
        }
        // Not the last one: who calls has it.
        open.file = None;
        open.renewals += 1;
        warn(&self.path, why);
        if open.renewals <= MOST_RENEWALS
            && let Ok(file) = renewed(&self.path)
            && open
                .journal
                .is_none_or(|of| tables::change(&file, false, |change| change.claim(of)).is_ok())
        {
            open.file = Some(Arc::new(file));
            return;
        }
        tracing::error!(path = %self.path.display(), "there are no snapshots any more: their file cannot be made");
    }
}

fn warn(path: &Path, why: &BoxError) {
    let path = path.display();
    tracing::warn!(%path, %why, "the file of snapshots cannot be used: it is removed, and made anew");
}

enum Unopened {
    InUse,
    NoFile(BoxError),
}

/// Waits for a process, or a store that was just dropped, to let it go.
fn handed_over(path: &Path) -> Result<Database, Unopened> {
    let started = Instant::now();
    loop {
        match opened(path) {
            Err(Unopened::InUse) if started.elapsed() < LOCK_PATIENCE => thread::sleep(TRY_EVERY),
            opened => return opened,
        }
    }
}

fn opened(path: &Path) -> Result<Database, Unopened> {
    let open = || {
        let mut builder = Database::builder();
        builder.set_cache_size(CACHE_BYTES);
        let file = builder.create(path)?;
        // One of another form is none.
        tables::check(&file)?;
        tables::change(&file, false, |_| Ok(()))?;
        Ok::<_, BoxError>(file)
    };
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(file)) => Ok(file),
        Ok(Err(error)) => Err(match error.downcast_ref() {
            Some(DatabaseError::DatabaseAlreadyOpen) => Unopened::InUse,
            _ => Unopened::NoFile(error),
        }),
        Err(_) => Err(Unopened::NoFile("redb panicked".into())),
    }
}

fn renewed(path: &Path) -> Result<Database, BoxError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    opened(path).map_err(|error| match error {
        Unopened::InUse => "another process has it".into(),
        Unopened::NoFile(error) => error,
    })
}
