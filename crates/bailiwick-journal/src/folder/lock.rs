//! One process at a time: a lock, waited for, so that a restart hands over.
//!
//! 1. Locked are a file of the folder, in which is noted who has it, and the folder itself, where the system can
//!    do that: so nobody gets in by removing the file.
//! 2. What is locked is what stands at the path, not something that was removed meanwhile.
//! 3. It is let go of when it is dropped, or when the process ends, however it ends.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::holder::Holder;
use crate::OpenError;
use crate::files::{Disk, Folder, Identity, is_missing};

pub(super) const FILE: &str = "journal.lock";

/// How often it is looked for: the handover takes at most that much longer than it must.
const TRY_EVERY: Duration = Duration::from_millis(20);
/// How often it may be replaced at the very moment, and how long each time is left to whoever does that.
const REPLACED_AT_MOST: u32 = 100;
const REPLACED_FOR: Duration = Duration::from_millis(1);

/// What is locked, to be let go of in this order.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Held,
    _folder: Option<Held>,
}

enum Attempt {
    Locked(Lock, Disk),
    InUse(Holder),
    /// What was locked is not at its path any more.
    Replaced,
}

impl Lock {
    /// Locks the folder, which exists, and opens it.
    pub(super) fn take(path: &Path, patience: Duration) -> Result<(Lock, Disk), OpenError> {
        let (started, mut told, mut replaced) = (Instant::now(), false, 0);
        loop {
            let holder = match Lock::attempt(path)? {
                Attempt::Locked(lock, folder) => return Ok((lock, folder)),
                Attempt::InUse(holder) => holder,
                Attempt::Replaced => {
                    replaced += 1;
                    if replaced > REPLACED_AT_MOST {
                        return Err(OpenError::Removed { path: path.into() });
                    }
                    thread::sleep(REPLACED_FOR);
                    continue;
                }
            };
            let waited = started.elapsed();
            if waited >= patience {
                let (path, Holder { pid, by_itself }) = (path.join(FILE), holder);
                return Err(OpenError::InUse { path, holder: pid, by_itself, waited: patience });
            }
            if !std::mem::replace(&mut told, true) {
                let path = path.display();
                tracing::warn!(%path, %holder, ?patience, "the folder is in use; waiting for it");
            }
            thread::sleep(TRY_EVERY.min(patience - waited));
        }
    }

    /// Opens everything anew: whatever was removed or replaced meanwhile is not waited for.
    fn attempt(path: &Path) -> Result<Attempt, OpenError> {
        let (folder, file_path) = (Disk::at(path), path.join(FILE));
        let in_use = || Ok(Attempt::InUse(Holder::of(&file_path)));
        // The folder first: who is refused there makes no file.
        let folder_held = match lock_folder(&folder) {
            Ok(held) => held,
            Err(TryLockError::WouldBlock) => return in_use(),
            Err(TryLockError::Error(error)) => return Err(OpenError::io(path, error)),
        };
        if !folder.is_in_place().map_err(|error| OpenError::io(path, error))? {
            return Ok(Attempt::Replaced);
        }
        let io = |error| OpenError::io(&file_path, error);
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(&file_path);
        let file = match Held::take(file.map_err(io)?) {
            Ok(held) => held,
            Err(TryLockError::WouldBlock) => return in_use(),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        };
        let opened = file.identity().map_err(io)?;
        match folder.identity(FILE) {
            Ok(found) if found == opened => {}
            Err(error) if !is_missing(&error) => return Err(io(error)),
            _ => return Ok(Attempt::Replaced),
        }
        // Only for whoever is refused: if it cannot be written, nobody is named.
        let _ = Holder::note(&file.0);
        Ok(Attempt::Locked(Lock { _file: file, _folder: folder_held }, folder))
    }
}

/// Locks the folder itself; nothing where its file system has no such locks, as NFS: then removing the file lets
/// somebody else in, but only there.
#[cfg(unix)]
fn lock_folder(folder: &Disk) -> Result<Option<Held>, TryLockError> {
    let opened = folder.opened().and_then(File::try_clone).map_err(TryLockError::Error)?;
    match Held::take(opened) {
        Ok(held) => Ok(Some(held)),
        Err(TryLockError::WouldBlock) => Err(TryLockError::WouldBlock),
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {
            Err(TryLockError::WouldBlock)
        }
        Err(TryLockError::Error(error)) => {
            let path = folder.path().display();
            tracing::debug!(%path, %error, "the folder itself cannot be locked, only a file in it");
            Ok(None)
        }
    }
}

#[cfg(not(unix))]
fn lock_folder(_: &Disk) -> Result<Option<Held>, TryLockError> {
    Ok(None)
}

/// Something that is open and locked.
#[derive(Debug)]
struct Held(File);

impl Held {
    fn take(file: File) -> Result<Held, TryLockError> {
        file.try_lock()?;
        Ok(Held(file))
    }

    fn identity(&self) -> io::Result<Identity> {
        self.0.metadata().map(|found| Identity::of(&found))
    }
}

impl Drop for Held {
    /// Closing it would not do: it is open once more in a process that is being started just now, until that is
    /// the other program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}
