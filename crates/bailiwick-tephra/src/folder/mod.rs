//! The folder of a journal: made durably, locked for one process, with its format written in it.
//!
//! | file | what it is |
//! |---|---|
//! | `bailiwick.lock` | locked by the process that has the journal open; holds its number |
//! | `bailiwick.format` | the version of the format, the size of the segments, which journal it is |
//! | `bailiwick.latest` | a note, derived: up to where events were acknowledged, and the latest time |
//! | `*.log`, `index/`, `LOCK` | tephra's: the events, the index derived from them, its lock |

mod files;
mod format;
mod lock;
pub(crate) mod note;
mod place;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use bailiwick_core::journal::JournalId;

use crate::{OpenError, Options};

use format::{Format, Found};
use lock::Lock;
pub(crate) use place::Place;

pub(crate) struct Folder {
    path: PathBuf,
    format: Format,
    place: Place,
    /// Held as long as this is.
    _lock: Lock,
}

impl Folder {
    /// Makes the folder if it is not there, waits for its lock, and checks its format.
    pub(crate) fn open(path: &Path, options: &Options) -> Result<Folder, OpenError> {
        make_durably(path)?;
        let lock = Lock::take(path, options.lock_timeout)?;
        let (segment_bytes, id) = match format::read(path)? {
            Some(Found { segment_bytes, id }) => (segment_bytes, id),
            None => {
                must_be_empty(path)?;
                (options.segment_bytes, None)
            }
        };
        let format = match id {
            Some(id) => Format { segment_bytes, id },
            None => {
                let format = Format { segment_bytes, id: format::new_id(path)? };
                format::write(path, format)?;
                format
            }
        };
        let place = Place::of(path)?;
        Ok(Folder { path: path.to_owned(), format, place, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Fails if there is no room for one more segment.
    pub(crate) fn must_have_room(&self) -> Result<(), OpenError> {
        let path = self.path.join("bailiwick.room");
        let written = fill(&path, self.segment_bytes());
        let removed = fs::remove_file(&path);
        written.and(removed).map_err(|error| OpenError::io(path, error))
    }

    pub(crate) fn segment_bytes(&self) -> usize {
        self.format.segment_bytes
    }

    pub(crate) fn id(&self) -> JournalId {
        self.format.id
    }
}

/// Makes the folder and those above it, each known to the one above before anything is in it.
fn make_durably(path: &Path) -> Result<(), OpenError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(OpenError::NotAFolder { path: path.into() }),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(OpenError::io(path, error)),
    }
    let above = match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    };
    make_durably(above)?;
    match fs::create_dir(path) {
        Ok(()) => {}
        // Another process makes it as well.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(OpenError::io(path, error)),
    }
    sync_folder(above)
}

/// Nothing may be mixed with what is not a journal's.
fn must_be_empty(path: &Path) -> Result<(), OpenError> {
    const OURS: [&str; 3] = [lock::FILE, format::NEW_FILE, "lost+found"];
    for entry in fs::read_dir(path).map_err(|error| OpenError::io(path, error))? {
        let entry = entry.map_err(|error| OpenError::io(path, error))?;
        if entry.path().extension().is_some_and(|extension| extension == "log") {
            let what = "it is missing, although there are events";
            return Err(OpenError::corrupt(&path.join(format::FILE), 0, what));
        }
        if !OURS.iter().any(|ours| entry.file_name() == *ours) {
            return Err(OpenError::NotAJournal { found: entry.path() });
        }
    }
    Ok(())
}

/// Makes what is in the folder durable, but not the contents of its files.
fn sync_folder(path: &Path) -> Result<(), OpenError> {
    let synced = File::open(path).and_then(|folder| folder.sync_all());
    synced.map_err(|error| OpenError::io(path, error))
}

fn fill(path: &Path, bytes: usize) -> io::Result<()> {
    let mut file = File::create(path)?;
    let zeros = vec![0; bytes.min(1 << 20)];
    let mut left = bytes;
    while left > 0 {
        let part = left.min(zeros.len());
        file.write_all(&zeros[..part])?;
        left -= part;
    }
    file.sync_data()
}

/// Replaces a file by `contents`: whatever happens, the old ones or the new ones are there.
fn replace(path: &Path, new: &Path, contents: &str) -> io::Result<()> {
    let mut file = File::create(new)?;
    file.write_all(contents.as_bytes())?;
    file.sync_all()?;
    fs::rename(new, path)
}
