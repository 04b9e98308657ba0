//! One process at a time: a lock on a file, waited for, so that a restart hands over.
//!
//! tephra has a lock of its own, which a second attempt to open it in the same process lets go of.
//! This one also holds while the journal is closed and opened again, so nobody comes in between.

use std::fmt;
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
        let (started, mut told) = (Instant::now(), false);
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if started.elapsed() < patience => {
                    if !std::mem::replace(&mut told, true) {
                        let (path, holder) = (path.display(), Holder::of(&file));
                        tracing::warn!(%path, %holder, ?patience, "the folder is in use; waiting for it");
                    }
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
    writeln!(file, "{} {}", process::id(), began())
}

fn in_use(path: PathBuf, file: &File, waited: Duration) -> OpenError {
    let Holder { pid, by_itself } = Holder::of(file);
    OpenError::InUse { path, holder: pid, by_itself, waited }
}

/// Who has the folder, as it has noted itself.
struct Holder {
    pid: Option<u32>,
    by_itself: bool,
}

impl Holder {
    fn of(mut file: &File) -> Holder {
        let mut noted = String::new();
        let read = file.seek(SeekFrom::Start(0)).and_then(|_| file.read_to_string(&mut noted));
        let mut numbers = noted.split_whitespace().map(str::parse);
        let mut number = || numbers.next()?.ok();
        let noted: (Option<u64>, Option<u64>) = match read {
            Ok(_) => (number(), number()),
            Err(_) => (None, None),
        };
        let by_itself = noted == (Some(process::id().into()), Some(began()));
        Holder { pid: noted.0.and_then(|pid| pid.try_into().ok()), by_itself }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pid {
            _ if self.by_itself => f.write_str("this process itself"),
            Some(pid) => write!(f, "process {pid}"),
            None => f.write_str("another process"),
        }
    }
}

/// When this process began, in the system's own unit; 0 if that is not known. In containers many
/// processes have the same number.
fn began() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Its name, in brackets, may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().nth(19).and_then(|began| began.parse().ok()).unwrap_or(0)
}
