//! Making a folder so that it is there after a power loss.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::OpenError;

/// Makes the folder and those above it, each known to the one above before anything is in it.
pub(super) fn durably(path: &Path) -> Result<(), OpenError> {
    let above = path.parent();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            // It may have been made just now, by a process that ended before it could say so. If it was not, it may
            // be that nothing can be said above it.
            let _ = above.map(sync);
            return Ok(());
        }
        Ok(_) => return Err(OpenError::NotAFolder { path: path.into() }),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(OpenError::io(path, error)),
    }
    if let Some(above) = above {
        durably(above)?;
    }
    match fs::create_dir(path) {
        Ok(()) => {}
        // Another process makes it as well.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(OpenError::io(path, error)),
    }
    let synced = above.map_or(Ok(()), |above| sync(above).map_err(|error| (above, error)));
    synced.map_err(|(above, error)| OpenError::io(above, error))
}

#[cfg(unix)]
fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

/// Windows has no such call.
#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}
