//! One process at a time: a lock on a file, waited for, so that a restart hands over.
//!
//! tephra has a lock of its own, which a second attempt to open it in the same process lets go of.
//! This one also holds while the journal is closed and opened again, so nobody comes in between.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use crate::OpenError;

pub(super) const FILE: &str = "bailiwick.lock";

/// How often it is looked for: the handover takes at most that much longer than it must.
const TRY_EVERY: Duration = Duration::from_millis(20);

/// Let go when it is dropped, or when the process ends, however it ends.
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    pub(super) fn take(folder: &Path, patience: Duration) -> Result<Lock, OpenError> {
        let path = folder.join(FILE);
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| OpenError::io(&path, error))?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    thread::sleep(TRY_EVERY.min(patience));
                }
                Err(TryLockError::WouldBlock) => return Err(in_use(path, &file, patience)),
                Err(TryLockError::Error(error)) => return Err(OpenError::io(path, error)),
            }
        }
        // Only for whoever is refused: if it cannot be written, nobody is named.
        let _ = note_holder(&file);
        Ok(Lock { _file: file })
    }
}

fn note_holder(mut file: &File) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", process::id())
}

fn in_use(path: PathBuf, mut file: &File, waited: Duration) -> OpenError {
    let mut noted = String::new();
    let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut noted));
    let holder = read.ok().and_then(|_| noted.trim().parse().ok());
    OpenError::InUse { path, holder, waited }
}
