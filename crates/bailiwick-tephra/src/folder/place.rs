//! Whether a folder is still where it was opened, with the files of its events. What is written into
//! files that were removed, or whose folder has another name now, is not found by the next start:
//! nobody may be told that it is durable.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bailiwick_core::Position;
use parking_lot::Mutex;

use super::files::Files;
use super::lock;
use crate::OpenError;

/// A folder as it was found when it was opened: the file that is locked in it, and those of its
/// events. Cloning shares it.
#[derive(Clone)]
pub(crate) struct Place {
    folder: PathBuf,
    file: PathBuf,
    identity: Identity,
    files: Arc<Mutex<Files>>,
}

#[cfg(unix)]
pub(super) type Identity = (u64, u64);
#[cfg(not(unix))]
pub(super) type Identity = ();

impl Place {
    pub(super) fn of(folder: &Path) -> Result<Place, OpenError> {
        let file = folder.join(lock::FILE);
        let identity = identity(&file).map_err(|error| OpenError::io(&file, error))?;
        let folder = folder.to_owned();
        let files = Arc::new(Mutex::new(Files::new(folder.clone())));
        Ok(Place { folder, file, identity, files })
    }

    /// It was opened for writing: learns the files of its events.
    pub(crate) fn learn_files(&self) {
        self.files.lock().learn();
    }

    /// # Errors
    /// If a file of its events is missing, of those that begin up to `upto`.
    pub(crate) fn check_files(&self, upto: Position) -> Result<(), OpenError> {
        self.files.lock().check(upto)
    }

    /// Costs one look at a file: a microsecond.
    ///
    /// # Errors
    /// If another file is there, or none. That it cannot be looked at says nothing.
    pub(crate) fn check(&self) -> Result<(), OpenError> {
        match identity(&self.file) {
            Ok(found) if found == self.identity => Ok(()),
            Err(error) if !is_missing(&error) => Ok(()),
            _ => Err(OpenError::Removed { path: self.folder.clone() }),
        }
    }
}

pub(super) fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

#[cfg(unix)]
pub(super) fn identity(file: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(file).map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
pub(super) fn identity(file: &Path) -> io::Result<Identity> {
    fs::metadata(file).map(drop)
}
