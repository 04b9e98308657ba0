//! The folder of a journal on a disk: made durably, had by one process at a time, and checked.
//!
//! 1. When it is open it is there after a power loss, with those above it.
//! 2. One process has it, until it ends, however it ends: nobody else gets in by removing the file that is locked.
//! 3. What is not a journal's is left alone: no file is made in such a folder.
//!
//! | file | what it is |
//! |---|---|
//! | `journal.lock` | locked by the process that has the journal open; holds its number |
//! | `*.segment` | the [log](crate::log): the events |
//! | `*.index`, `*.offsets`, `checkpoint` | derived from it |
//! | `*.unfinished` | one of these that was being made |

mod contents;
mod holder;
mod lock;
mod make;
mod place;

use std::path::{self, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::OpenError;
use crate::files::{Disk, Folder};
use lock::Lock;
pub use place::Place;

/// A folder that nobody else has, as long as this is held.
#[derive(Debug)]
pub struct Locked {
    path: PathBuf,
    folder: Arc<Disk>,
    _lock: Lock,
}

impl Locked {
    /// Makes the folder if it is not there, and waits for whoever has it, up to `lock_timeout`.
    ///
    /// # Errors
    /// If it cannot be made or locked, somebody has it still, or it holds what is not a journal's.
    pub fn open(path: &Path, lock_timeout: Duration) -> Result<Locked, OpenError> {
        // So it stays the same one if the process changes its working directory.
        let path = path::absolute(path).map_err(|error| OpenError::io(path, error))?;
        make::durably(&path)?;
        contents::check(&path)?;
        let (lock, folder) = Lock::take(&path, lock_timeout)?;
        Ok(Locked { path, folder: Arc::new(folder), _lock: lock })
    }

    /// Where it is: an absolute path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its files. What is written there after this was dropped is not protected from others any more.
    pub fn folder(&self) -> Arc<dyn Folder> {
        self.folder.clone()
    }

    /// To ask whether it is still in its place.
    pub fn place(&self) -> Place {
        Place::of(self.folder(), self.path.as_path())
    }
}
