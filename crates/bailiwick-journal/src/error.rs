//! Why a journal cannot be opened, or failed: always with the file, and with what to do.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bailiwick_core::BoxError;
use bailiwick_core::journal::{FaultKind, JournalFault};

/// Why a journal could not be opened. Nothing that was in its folder was changed.
///
/// # Examples
/// ```no_run
/// use bailiwick_core::ErrorReport;
/// use bailiwick_core::journal::FaultKind;
/// use bailiwick_journal::FileJournal;
///
/// match FileJournal::open("data") {
///     Ok(journal) => drop(journal),
///     Err(error) if error.kind() == FaultKind::InUse => eprintln!("end the other process first"),
///     Err(error) => eprintln!("{}", ErrorReport::of(&error)),
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// There is something else where the folder should be.
    #[error("{} is not a folder; name a folder, which need not exist yet", path.display())]
    NotAFolder {
        /// What there is.
        path: PathBuf,
    },
    /// The folder holds something that is not of a journal.
    #[error(
        "{} is not of a journal; give the journal a folder of its own, empty or not yet there",
        found.display()
    )]
    NotAJournal {
        /// What was found in it.
        found: PathBuf,
    },
    /// Somebody has it, and did not let it go in time.
    #[error("{} is locked by {}", path.display(), locked_by(*holder, *by_itself, *waited))]
    InUse {
        /// The file that is locked.
        path: PathBuf,
        /// The process that has it, as it says itself.
        holder: Option<u32>,
        /// That is this very process: it has the journal open already.
        by_itself: bool,
        /// How long it was waited for.
        waited: Duration,
    },
    /// It may not be read or written.
    #[error("{} may not be read and written; give this user the right to", path.display())]
    NotPermitted {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// There is no room for it.
    #[error("there is no room for {}; make room on its disk", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is there is not what was written. It is not cut to what is still good, because that
    /// would lose what was acknowledged.
    #[error(
        "{} is corrupt at byte {offset}: {what}; nothing was changed: keep a copy, and restore the \
         folder from a backup",
        path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where in it, in bytes from its start.
        offset: u64,
        /// What is wrong.
        what: String,
    },
    /// Events that were acknowledged are not there any more.
    #[error(
        "{} says that there were {acknowledged} events, but there are {there}; restore the folder \
         from a backup, or delete that file to go on without them",
        path.display()
    )]
    Lost {
        /// The note of what was acknowledged.
        path: PathBuf,
        /// How many events there were at least.
        acknowledged: u64,
        /// How many there are.
        there: u64,
    },
    /// A later version has written it.
    #[error(
        "{} has the format {found}, and this version knows those up to {known}; use the version \
         that wrote it",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u64,
        /// The latest format known.
        known: u64,
    },
    /// It, or a file of its events, was open, and is not any more where it was opened.
    #[error(
        "{} was removed, moved or replaced while the journal was open; put it back, or restore it \
         from a backup and start again",
        path.display()
    )]
    Removed {
        /// The folder, or the file.
        path: PathBuf,
    },
    /// It cannot be read or written, for another reason.
    #[error("{} cannot be read and written; look at the disk", path.display())]
    Storage {
        /// The file or folder.
        path: PathBuf,
        /// What failed.
        #[source]
        source: BoxError,
    },
}

impl OpenError {
    /// The error of the system about `path`, by its kind.
    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> OpenError {
        let path = path.into();
        match kind_of(&source) {
            FaultKind::Full => OpenError::Full { path, source },
            FaultKind::NotPermitted => OpenError::NotPermitted { path, source },
            _ if source.kind() == ErrorKind::NotADirectory => OpenError::NotAFolder { path },
            _ => OpenError::Storage { path, source: source.into() },
        }
    }

    pub(crate) fn corrupt(path: &Path, offset: usize, what: impl Into<String>) -> OpenError {
        OpenError::Corrupt { path: path.into(), offset: offset as u64, what: what.into() }
    }

    pub(crate) fn of_store(path: &Path, source: crate::store::StoreError) -> OpenError {
        OpenError::Storage { path: path.into(), source: source.into() }
    }

    pub(crate) fn lost(
        path: &Path,
        a: bailiwick_core::Position,
        t: bailiwick_core::Position,
    ) -> OpenError {
        OpenError::Lost { path: path.into(), acknowledged: a.get(), there: t.get() }
    }

    /// The file or folder that it is about.
    pub fn path(&self) -> &Path {
        match self {
            OpenError::NotAFolder { path }
            | OpenError::NotAJournal { found: path }
            | OpenError::InUse { path, .. }
            | OpenError::NotPermitted { path, .. }
            | OpenError::Full { path, .. }
            | OpenError::Corrupt { path, .. }
            | OpenError::Lost { path, .. }
            | OpenError::NewerFormat { path, .. }
            | OpenError::Removed { path }
            | OpenError::Storage { path, .. } => path,
        }
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> FaultKind {
        match self {
            OpenError::NotAFolder { .. } | OpenError::NotAJournal { .. } => FaultKind::NotPermitted,
            OpenError::InUse { .. } => FaultKind::InUse,
            OpenError::NotPermitted { .. } => FaultKind::NotPermitted,
            OpenError::Full { .. } => FaultKind::Full,
            OpenError::Corrupt { .. } | OpenError::Lost { .. } => FaultKind::Corrupt,
            OpenError::NewerFormat { .. } => FaultKind::NewerFormat,
            OpenError::Removed { .. } => FaultKind::Gone,
            OpenError::Storage { .. } => FaultKind::Storage,
        }
    }
}

fn locked_by(holder: Option<u32>, by_itself: bool, waited: Duration) -> String {
    let (who, advice) = match holder {
        Some(pid) if by_itself => (
            format!("this process itself ({pid})"),
            "shut down the runtime that has it, and drop what else holds its journal",
        ),
        Some(pid) => (format!("process {pid}"), "end that process, or allow more time"),
        None => ("another process".to_owned(), "end that process, or allow more time"),
    };
    format!("{who}, for longer than {waited:?}; {advice}")
}

impl From<OpenError> for JournalFault {
    fn from(error: OpenError) -> JournalFault {
        let (kind, path) = (error.kind(), error.path().to_owned());
        fault(kind, &path, error)
    }
}

/// A fault of that kind about `path`.
pub(crate) fn fault(kind: FaultKind, path: &Path, source: impl Into<BoxError>) -> JournalFault {
    let advice = match kind {
        FaultKind::Full => "make room on its disk, and open the journal again",
        FaultKind::NotPermitted => {
            "give this user the right to read and write it, and open the journal again"
        }
        FaultKind::InUse => "end the other process, and open the journal again",
        FaultKind::Corrupt => "keep a copy, and restore the folder from a backup",
        FaultKind::NewerFormat => "use the version that wrote it",
        FaultKind::Gone => "put it back and open the journal again, or restore it from a backup",
        FaultKind::Died => "open the journal again, and report the bug",
        _ => "look at the disk, and open the journal again",
    };
    JournalFault::new(kind, path.display().to_string(), advice, source)
}

/// What kind of trouble the system reports.
pub(crate) fn kind_of(error: &io::Error) -> FaultKind {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            FaultKind::Full
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => FaultKind::NotPermitted,
        _ => FaultKind::Storage,
    }
}
