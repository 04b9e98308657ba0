//! The one place where it is decided which journal the accounts live on.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::durable::OpenError;
use bailiwick::journal::Journal;
use bailiwick::{FileJournal, MemoryJournal};

/// Where a journal is.
#[derive(Debug, Clone, PartialEq)]
pub enum Place {
    /// In a folder: it is there again when the program is.
    Folder(PathBuf),
    /// In memory: it ends with the program.
    Memory,
}

impl Place {
    /// Opens the journal, which is a new one if there is none yet.
    pub fn open(&self) -> Result<Arc<dyn Journal>, OpenError> {
        let Place::Folder(folder) = self else {
            return Ok(Arc::new(MemoryJournal::new()));
        };
        let at_once = FileJournal::options().lock_timeout(Duration::ZERO).open(folder);
        let Err(OpenError::InUse { holder, .. }) = &at_once else {
            return Ok(Arc::new(at_once?));
        };
        let holder = holder.map_or("another process".to_owned(), |pid| format!("process {pid}"));
        anstream::eprintln!("{holder} still has {}; waiting for it to end", folder.display());
        Ok(Arc::new(FileJournal::open(folder)?))
    }
}
