//! What a killed process left behind. It is looked at in a copy, so that the next process finds it
//! as it was left.

use std::fs;
use std::path::Path;

use bailiwick::Position;
use bailiwick::journal::{Journal, Query, Read, RecordedEvent};
use bailiwick_journal::{FileJournal, Options};
use tempfile::TempDir;

use crate::invariant::{Checked, Invariant};

/// All events of a journal.
pub async fn read(journal: &dyn Journal) -> Vec<RecordedEvent> {
    let mut read = Read::new(Query::all()).after(Position::START);
    let mut events = Vec::new();
    loop {
        let page = journal.read(read.clone()).await.expect("it can be read");
        events.extend(page.events);
        if !page.more {
            return events;
        }
        read.after = page.upto;
    }
}

/// Opens a copy of the folder, and reads it.
///
/// # Errors
/// If it cannot be opened.
pub async fn of(folder: &Path) -> Checked<Vec<RecordedEvent>> {
    let copy = quick_folder();
    if folder.is_dir() {
        copy_all(folder, copy.path()).expect("it can be copied");
    }
    // With small files: it makes the next one.
    let options = FileJournal::options().segment_bytes(Options::MIN_SEGMENT_BYTES);
    let journal = options.open(copy.path());
    let journal = journal
        .map_err(|error| Invariant::Readable.broken(format!("it cannot be opened: {error}")))?;
    Ok(read(&journal).await)
}

/// In memory, if there is such a folder: what is in it is looked at once.
fn quick_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder")
}

/// Copies a folder.
///
/// # Errors
/// If a file cannot be copied.
pub fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir(&to)?;
            copy_all(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}
