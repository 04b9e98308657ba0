//! Why a journal cannot be opened, or failed: always with the file, and with what to do.

mod fault;
mod parts;

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bailiwick_core::journal::FaultKind;
use bailiwick_core::journal::record::RecordError;
use bailiwick_core::{BoxError, Position};

use crate::stored::StoredError;
pub(crate) use fault::fault;
use fault::kind_of;

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
    /// The folder is that of a journal that no release has had.
    #[error(
        "{} was written by the journal of an unreleased version, which this version cannot read; give the journal \
         another folder",
        found.display()
    )]
    OtherFormat {
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
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What is there is not what was written. It is not cut to what is still good, because that would lose what
    /// was acknowledged.
    #[error(
        "{} is corrupt at byte {offset}: {what}; nothing was changed: keep a copy, and restore the folder from a \
         backup",
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
    /// An event is there as it was written, and cannot be read all the same.
    #[error("the event at position {position} in {} cannot be read; {}", path.display(), reread(source))]
    Event {
        /// The folder.
        path: PathBuf,
        /// The position of the event.
        position: Position,
        /// What is wrong with it.
        source: StoredError,
    },
    /// A segment is not there, and one after it is.
    #[error(
        "{} is missing, and others after it are there; put it back, or restore the folder from a backup",
        path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A segment is that of another journal.
    #[error(
        "{} belongs to another journal than the files before it; take it out of the folder, or restore the folder \
         from a backup",
        path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Events that were acknowledged are not there any more.
    #[error(
        "there were {} in {}, and there are {there}; restore the folder from a backup",
        events(*acknowledged),
        path.display()
    )]
    Lost {
        /// The folder.
        path: PathBuf,
        /// Up to which position there were events; [`START`](Position::START) if that is not known.
        acknowledged: Position,
        /// Up to which position there are events.
        there: Position,
    },
    /// A later version has written it.
    #[error(
        "{} has the format {found}, and this version knows those up to {known}; use the version that wrote it",
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
        "{} was removed, moved or replaced while the journal was open; put it back, or restore it from a backup and \
         start again",
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

    /// The file or folder that it is about.
    pub fn path(&self) -> &Path {
        match self {
            OpenError::NotAFolder { path }
            | OpenError::NotAJournal { found: path }
            | OpenError::OtherFormat { found: path }
            | OpenError::InUse { path, .. }
            | OpenError::NotPermitted { path, .. }
            | OpenError::Full { path, .. }
            | OpenError::Corrupt { path, .. }
            | OpenError::Event { path, .. }
            | OpenError::Missing { path }
            | OpenError::Foreign { path }
            | OpenError::Lost { path, .. }
            | OpenError::NewerFormat { path, .. }
            | OpenError::Removed { path }
            | OpenError::Storage { path, .. } => path,
        }
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> FaultKind {
        match self {
            OpenError::NotAFolder { .. }
            | OpenError::NotAJournal { .. }
            | OpenError::OtherFormat { .. }
            | OpenError::NotPermitted { .. } => FaultKind::NotPermitted,
            OpenError::InUse { .. } => FaultKind::InUse,
            OpenError::Full { .. } => FaultKind::Full,
            OpenError::Event { source, .. } if is_newer(source) => FaultKind::NewerFormat,
            OpenError::Corrupt { .. }
            | OpenError::Event { .. }
            | OpenError::Missing { .. }
            | OpenError::Foreign { .. }
            | OpenError::Lost { .. } => FaultKind::Corrupt,
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
        None => (
            "a process that it does not name".to_owned(),
            "find that process and end it, or allow more time",
        ),
    };
    format!("{who}, for longer than {waited:?}; {advice}")
}

fn events(acknowledged: Position) -> String {
    match acknowledged {
        Position::START => "events".to_owned(),
        some => format!("{some} events"),
    }
}

fn reread(event: &StoredError) -> &'static str {
    if is_newer(event) {
        "use the version that wrote it"
    } else {
        "nothing was changed: keep a copy, and restore the folder from a backup"
    }
}

fn is_newer(event: &StoredError) -> bool {
    matches!(event, StoredError::Record(RecordError::NewerLayout { .. }))
}
