//! What tephra reports, in our terms: the file, the kind of trouble, and what to do.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{FaultKind, JournalFault};
use bailiwick_core::{BoxError, Position};
use seglog::read::ReadError as SegmentReadError;
use seglog::tail::TailError;
use seglog::write::WriteError;
use tephra::index::IndexError;
use tephra::log::header::HeaderError;
use tephra::log::set::LogError;

use crate::error::{fault, kind_of};
use crate::{OpenError, recovery};

/// What tephra refused to open, in our terms.
pub(crate) fn refused(folder: &Path, error: LogError) -> OpenError {
    match error {
        LogError::Locked { path, holder } => {
            let by_itself = holder == Some(std::process::id());
            OpenError::InUse { path, holder, by_itself, waited: Duration::ZERO }
        }
        LogError::Header { path, source: HeaderError::UnsupportedVersion { found, supported } } => {
            OpenError::NewerFormat { path, found: found.into(), known: supported.into() }
        }
        LogError::NonContiguous { .. }
        | LogError::PositionMismatch { .. }
        | LogError::UnwrittenNonLast { .. }
        | LogError::BasePositionMismatch { .. }
        | LogError::Header { .. } => damaged(folder, &error),
        error => match system_error(&error) {
            Some(source) => OpenError::io(path_of(folder, &error), source),
            None => OpenError::Storage { path: path_of(folder, &error), source: error.into() },
        },
    }
}

/// Names the place of the damage. tephra names the file behind it, and no place.
fn damaged(folder: &Path, error: &LogError) -> OpenError {
    match recovery::find_damage(folder) {
        Err(found) => found,
        Ok(()) => OpenError::corrupt(&path_of(folder, error), 0, error.to_string()),
    }
}

pub(crate) fn index_refused(folder: &Path, error: IndexError) -> OpenError {
    match error {
        IndexError::Io { path, source } => OpenError::io(path, source),
        IndexError::Log(error) => match system_error(&error) {
            Some(source) => OpenError::io(path_of(folder, &error), source),
            None => OpenError::corrupt(&path_of(folder, &error), 0, error.to_string()),
        },
        error => OpenError::corrupt(folder, 0, error.to_string()),
    }
}

/// Why tephra could not write.
pub(crate) fn write_failed(folder: &Path, error: Arc<LogError>) -> JournalFault {
    let kind = system_error(&error).map_or(FaultKind::Storage, |error| kind_of(&error));
    let path = path_of(folder, &error);
    fault(kind, &path, error)
}

/// Why tephra could not read.
pub(crate) fn read_failed(folder: &Path, error: tephra::ReadError) -> JournalFault {
    match error {
        tephra::ReadError::Log(error) => {
            let kind = match &*error {
                LogError::Read { source: SegmentReadError::Io(error), .. } => kind_of(error),
                LogError::Read { .. } | LogError::NotFound { .. } => FaultKind::Corrupt,
                error => system_error(error).map_or(FaultKind::Storage, |error| kind_of(&error)),
            };
            let path = path_of(folder, &error);
            fault(kind, &path, error)
        }
        tephra::ReadError::Corrupt(error) => fault(FaultKind::Corrupt, folder, error),
        error @ tephra::ReadError::Aborted => fault(FaultKind::Died, folder, error),
    }
}

/// Why an event is none, although its bytes are those that were written.
pub(crate) fn undecodable(folder: &Path, position: Position, source: BoxError) -> JournalFault {
    fault(FaultKind::Corrupt, folder, Undecodable { position, source })
}

#[derive(Debug, thiserror::Error)]
#[error("the event at position {position} cannot be decoded")]
struct Undecodable {
    position: Position,
    source: BoxError,
}

/// The file that tephra names.
fn path_of(folder: &Path, error: &LogError) -> PathBuf {
    match error {
        LogError::Io { path, .. }
        | LogError::Header { path, .. }
        | LogError::BasePositionMismatch { path, .. }
        | LogError::UnwrittenNonLast { path }
        | LogError::NonContiguous { path, .. }
        | LogError::PositionMismatch { path, .. }
        | LogError::Write { path, .. }
        | LogError::Read { path, .. }
        | LogError::Tail { path, .. }
        | LogError::Locked { path, .. } => path.clone(),
        _ => folder.into(),
    }
}

/// The error of the system beneath, if it is one.
fn system_error(error: &LogError) -> Option<io::Error> {
    let same = |error: &io::Error| match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    };
    match error {
        LogError::Io { source, .. }
        | LogError::Write { source: WriteError::Io(source), .. }
        | LogError::Write { source: WriteError::Read(SegmentReadError::Io(source)), .. }
        | LogError::Read { source: SegmentReadError::Io(source), .. }
        | LogError::Tail { source: TailError::Io(source), .. } => Some(same(source)),
        #[cfg(target_os = "linux")]
        LogError::Write { source: WriteError::Nix(code), .. } => Some((*code).into()),
        _ => error.source().and_then(|source| source.downcast_ref()).map(same),
    }
}
