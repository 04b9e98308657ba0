//! Whether a journal takes appends, and how it does so again after it failed.
//!
//! A journal that failed while writing *closes itself for writing*: what is on the disk is no longer
//! what it believed to be there, so it takes nothing on top of it. It is opened again by
//! [`Journal::reopen`](crate::journal::Journal::reopen), which reads what is really there.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::BoxError;
use crate::text::Text;

/// Whether a journal takes appends.
///
/// ```
/// use bailiwick_core::ErrorReport;
/// use bailiwick_core::journal::{FaultKind, Health, JournalFault};
///
/// fn show(health: &Health) -> String {
///     match health {
///         Health::ClosedForWriting { why } => ErrorReport::of(why).to_string(),
///         _ => "open".into(),
///     }
/// }
///
/// let why = JournalFault::new(FaultKind::Full, "data/1.log", "make room", "No space left");
/// assert!(!why.kind().is_lasting());
/// let closed = Health::ClosedForWriting { why };
/// assert_eq!(show(&closed), "data/1.log: there is no room left; make room: No space left");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Health {
    /// It does.
    Open,
    /// It failed, and takes none until it was opened again. It can still be read, as far as it was
    /// acknowledged.
    ClosedForWriting {
        /// What failed, where, and what to do.
        why: JournalFault,
    },
}

impl Health {
    /// Whether it takes appends.
    pub fn is_open(&self) -> bool {
        matches!(self, Health::Open)
    }
}

/// What kind of trouble a journal is in.
///
/// For an example see [`Health`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// There is no room left.
    Full,
    /// It may not do what it must.
    NotPermitted,
    /// Another process has it.
    InUse,
    /// What was written is not what is there.
    Corrupt,
    /// It was written by a later version.
    NewerFormat,
    /// It could not be written or read, for another reason.
    Storage,
    /// A thread of it ended: a bug.
    Died,
    /// It is not there any more: its files were removed or replaced, or it was let go of.
    Gone,
}

impl FaultKind {
    /// Whether it stays like this until somebody has done something, so that trying again soon is
    /// of no use.
    pub fn is_lasting(self) -> bool {
        matches!(self, FaultKind::Corrupt | FaultKind::NewerFormat | FaultKind::NotPermitted)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FaultKind::Full => "there is no room left",
            FaultKind::NotPermitted => "it is not permitted",
            FaultKind::InUse => "another process has it",
            FaultKind::Corrupt => "it is corrupt",
            FaultKind::NewerFormat => "it was written by a later version",
            FaultKind::Storage => "it cannot be written or read",
            FaultKind::Died => "a thread of the journal ended",
            FaultKind::Gone => "it is not there any more",
        })
    }
}

/// Why a journal is closed for writing: what failed, where, and what to do. Cloning shares it.
///
/// For an example see [`Health`].
#[derive(Debug, Clone)]
pub struct JournalFault(Arc<Fault>);

#[derive(Debug)]
struct Fault {
    kind: FaultKind,
    place: Text,
    advice: Text,
    source: BoxError,
}

impl JournalFault {
    /// A fault of that kind at `place`: a file, a folder or an address. `advice` is a sentence that
    /// tells an operator what to do.
    pub fn new(
        kind: FaultKind,
        place: impl Into<Text>,
        advice: impl Into<Text>,
        source: impl Into<BoxError>,
    ) -> JournalFault {
        let (place, advice, source) = (place.into(), advice.into(), source.into());
        JournalFault(Arc::new(Fault { kind, place, advice, source }))
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> FaultKind {
        self.0.kind
    }

    /// The file, folder or address that it is about.
    pub fn place(&self) -> &str {
        self.0.place.as_str()
    }

    /// What to do.
    pub fn advice(&self) -> &str {
        self.0.advice.as_str()
    }
}

impl fmt::Display for JournalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.0.place, self.0.kind, self.0.advice)
    }
}

impl Error for JournalFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.source.as_ref())
    }
}

/// Why a journal could not be opened again.
///
/// For an example see [`ErrorReport`](crate::ErrorReport).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReopenError {
    /// It is still closed for writing, and can be read as before.
    #[error("the journal is still closed for writing")]
    StillClosed(#[source] JournalFault),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_names_the_place_and_what_to_do() {
        let fault = JournalFault::new(FaultKind::Full, "data/1.log", "make room", "No space left");
        assert_eq!(fault.to_string(), "data/1.log: there is no room left; make room");
        let source = fault.source().map(ToString::to_string);
        assert_eq!(source.as_deref(), Some("No space left"));
        assert_eq!((fault.place(), fault.advice()), ("data/1.log", "make room"));
        assert!(!fault.kind().is_lasting() && FaultKind::Corrupt.is_lasting());
    }
}
