//! The one place where it is decided where the journal is.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use bailiwick::MemoryJournal;
use bailiwick::journal::Journal;
use bailiwick_journal::FileJournal;
use tempfile::TempDir;

use crate::args::Args;
use crate::failure::Failure;

/// Where the journal is.
pub enum Place {
    /// In a folder that is kept.
    Folder(PathBuf),
    /// In one that goes when this goes.
    Temporary(TempDir),
    /// In memory.
    Memory(MemoryJournal),
}

impl Place {
    /// As the program was told.
    pub fn new(args: &Args) -> Result<Place, Failure> {
        Ok(match (&args.data, args.memory) {
            (Some(folder), _) => Place::Folder(folder.clone()),
            (None, true) => Place::Memory(MemoryJournal::new()),
            (None, false) => {
                Place::Temporary(tempfile::Builder::new().prefix("registration-").tempdir()?)
            }
        })
    }

    /// Opens the journal, when whoever had it open has let it go.
    pub fn open(&self) -> Result<Arc<dyn Journal>, Failure> {
        let folder = match self {
            Place::Folder(folder) => folder,
            Place::Temporary(folder) => folder.path(),
            Place::Memory(journal) => return Ok(Arc::new(journal.clone())),
        };
        Ok(Arc::new(FileJournal::open(folder)?))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => write!(f, "{}", folder.display()),
            Place::Temporary(folder) => write!(f, "{}", folder.path().display()),
            Place::Memory(_) => f.write_str("memory"),
        }
    }
}
