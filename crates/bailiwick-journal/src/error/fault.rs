//! Faults: what a journal is in trouble with, and what to do, for whoever looks at its health.

use std::io::{self, ErrorKind};
use std::path::Path;

use bailiwick_core::BoxError;
use bailiwick_core::journal::{FaultKind, JournalFault};

use super::OpenError;

impl From<OpenError> for JournalFault {
    fn from(error: OpenError) -> JournalFault {
        let (kind, path) = (error.kind(), error.path().to_owned());
        match better_advice(&error) {
            Some(advice) => JournalFault::new(kind, path.display().to_string(), advice, error),
            None => fault(kind, &path, error),
        }
    }
}

/// A fault of that kind about `path`.
pub(crate) fn fault(kind: FaultKind, path: &Path, source: impl Into<BoxError>) -> JournalFault {
    JournalFault::new(kind, path.display().to_string(), advice(kind), source)
}

/// What to do, where that is something else than for others of its kind.
fn better_advice(error: &OpenError) -> Option<&'static str> {
    match error {
        OpenError::NotAFolder { .. }
        | OpenError::NotAJournal { .. }
        | OpenError::OtherFormat { .. } => {
            Some("give the journal a folder of its own, and open the journal again")
        }
        OpenError::InUse { by_itself: true, .. } => {
            Some("shut down the runtime that has it, and open the journal again")
        }
        OpenError::Missing { .. } => Some("put it back, or restore the folder from a backup"),
        OpenError::Foreign { .. } => Some("take it out of the folder, and open the journal again"),
        _ => None,
    }
}

fn advice(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Full => "make room on its disk, and open the journal again",
        FaultKind::NotPermitted => {
            "give this user the right to read and write it, and open the journal again"
        }
        FaultKind::InUse => "end the other process, and open the journal again",
        FaultKind::Corrupt => "keep a copy, and restore the folder from a backup",
        FaultKind::NewerFormat => "use the version that wrote it",
        FaultKind::Gone => "put it back and open the journal again, or restore it from a backup",
        FaultKind::Died => "start the process again, and report the bug",
        _ => "look at the disk, and open the journal again",
    }
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

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::path::PathBuf;
    use std::time::Duration;

    use bailiwick_core::journal::record::RecordError;
    use bailiwick_core::{ErrorReport, Position};

    use super::*;
    use crate::stored::StoredError;

    const DENIED: &str = "Permission denied (os error 13)";

    fn all() -> Vec<OpenError> {
        let (path, found) = (PathBuf::from("data/1.segment"), PathBuf::from("data/letter.txt"));
        let source = || io::Error::from_raw_os_error(13);
        let waited = Duration::from_secs(1);
        let in_use = |holder, by_itself| {
            let path = PathBuf::from("data/journal.lock");
            OpenError::InUse { path, holder, by_itself, waited }
        };
        let event = |source| OpenError::Event {
            path: "data".into(),
            position: Position::new(7),
            source: StoredError::Record(source),
        };
        vec![
            OpenError::NotAFolder { path: path.clone() },
            OpenError::NotAJournal { found: found.clone() },
            OpenError::OtherFormat { found },
            in_use(Some(7), false),
            in_use(Some(7), true),
            in_use(None, false),
            OpenError::NotPermitted { path: path.clone(), source: source() },
            OpenError::Full { path: path.clone(), source: source() },
            OpenError::Corrupt { path: path.clone(), offset: 7, what: "no length".into() },
            event(RecordError::Empty),
            event(RecordError::NewerLayout { found: 9 }),
            OpenError::Missing { path: path.clone() },
            OpenError::Foreign { path: path.clone() },
            OpenError::Lost {
                path: path.clone(),
                acknowledged: Position::new(9),
                there: Position::new(7),
            },
            OpenError::NewerFormat { path: path.clone(), found: 9, known: 1 },
            OpenError::Removed { path: path.clone() },
            OpenError::Storage { path, source: source().into() },
        ]
    }

    /// `kind` and `path` match every variant: one that is new has to be added there.
    #[test]
    fn each_names_the_file_and_says_its_reason_once() {
        for error in all() {
            let (text, path) = (error.to_string(), error.path().display().to_string());
            assert!(text.contains(&path) && text.contains("; "), "{text}");
            let reason = error.source().map(|source| ErrorReport::of(source).to_string());
            let fault = JournalFault::from(error);
            let report = ErrorReport::of(&fault).to_string();
            assert!(report.contains(&path) && report.contains(fault.advice()), "{report}");
            assert_eq!(report.matches(&text).count(), 1, "{report}");
            if let Some(reason) = reason {
                assert!(!text.contains(&reason), "{text} repeats its source");
                assert_eq!(report.matches(&reason).count(), 1, "{report}");
            }
        }
    }

    #[test]
    fn what_the_system_says_is_told_by_its_kind() {
        let of = |kind| OpenError::io("data", io::Error::from(kind));
        for (kind, expected) in [
            (ErrorKind::StorageFull, FaultKind::Full),
            (ErrorKind::QuotaExceeded, FaultKind::Full),
            (ErrorKind::FileTooLarge, FaultKind::Full),
            (ErrorKind::PermissionDenied, FaultKind::NotPermitted),
            (ErrorKind::ReadOnlyFilesystem, FaultKind::NotPermitted),
            (ErrorKind::NotFound, FaultKind::Storage),
        ] {
            assert_eq!(of(kind).kind(), expected, "{kind}");
        }
        assert!(matches!(of(ErrorKind::NotADirectory), OpenError::NotAFolder { .. }));
        let denied = io::Error::from_raw_os_error(13);
        let denied = fault(kind_of(&denied), Path::new("data"), denied);
        let report = ErrorReport::of(&denied).to_string();
        assert!(report.starts_with("data: ") && report.ends_with(DENIED), "{report}");
    }

    /// Nobody is told to give rights to what is none of the journal's, nor to end itself.
    #[test]
    fn the_advice_is_what_helps() {
        for error in all() {
            let is_permission = matches!(error, OpenError::NotPermitted { .. });
            let is_itself = matches!(error, OpenError::InUse { by_itself: true, .. });
            let fault = JournalFault::from(error);
            assert_eq!(fault.advice().contains("right to"), is_permission, "{fault}");
            assert!(!(is_itself && fault.advice().contains("end the other")), "{fault}");
        }
    }
}
