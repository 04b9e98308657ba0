//! How a journal is set up: every bound has a name and a unit.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use crate::{OpenError, TephraJournal};

/// How large the files of a new journal are unless told otherwise, in bytes.
pub(crate) const SEGMENT_BYTES: usize = 32 << 20;

/// How to open a journal; made by [`TephraJournal::options`].
///
/// ```no_run
/// # use std::time::Duration;
/// let journal = bailiwick_tephra::TephraJournal::options()
///     .lock_timeout(Duration::from_secs(30))
///     .open("data")?;
/// # Ok::<_, bailiwick_tephra::OpenError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "options do nothing until a journal is opened with them"]
pub struct Options {
    pub(crate) segment_bytes: usize,
    pub(crate) lock_timeout: Duration,
    pub(crate) reader_threads: NonZeroUsize,
    pub(crate) waiting_appends: usize,
    pub(crate) waiting_bytes: usize,
    #[cfg(feature = "fault-injection")]
    sabotage: Option<crate::Sabotage>,
}

impl Options {
    /// The smallest segment, in bytes.
    pub const MIN_SEGMENT_BYTES: usize = 16 << 10;
    /// The largest segment, in bytes.
    pub const MAX_SEGMENT_BYTES: usize = 256 << 20;

    /// How large the files of a **new** journal are, in bytes (32 MiB); an existing one keeps its
    /// size. An append is never larger than a file: with smaller ones the journal takes less at once
    /// than [others](bailiwick_core::journal::AppendLimits::STANDARD), with larger ones more. The writer pauses for its index when a file is
    /// full, longer for larger files; each file has its index in memory.
    ///
    /// Between [`MIN_SEGMENT_BYTES`](Self::MIN_SEGMENT_BYTES) and
    /// [`MAX_SEGMENT_BYTES`](Self::MAX_SEGMENT_BYTES): the nearest of them is taken.
    pub fn segment_bytes(self, bytes: usize) -> Self {
        let segment_bytes = bytes.clamp(Self::MIN_SEGMENT_BYTES, Self::MAX_SEGMENT_BYTES);
        Options { segment_bytes, ..self }
    }

    /// How long opening waits for another process to let the folder go (10 s), so that a restart
    /// hands over.
    pub fn lock_timeout(self, lock_timeout: Duration) -> Self {
        Options { lock_timeout, ..self }
    }

    /// How many reads run at once (2), each on a thread of its own.
    pub fn reader_threads(self, reader_threads: NonZeroUsize) -> Self {
        Options { reader_threads, ..self }
    }

    /// How many appends may wait for those before them (65 536); further ones are refused as
    /// [`Busy`](bailiwick_core::journal::AppendError::Busy).
    pub fn waiting_appends(self, waiting_appends: usize) -> Self {
        Options { waiting_appends, ..self }
    }

    /// How many bytes of appends may wait for those before them (64 MiB); further appends are refused
    /// as [`Busy`](bailiwick_core::journal::AppendError::Busy).
    pub fn waiting_bytes(self, waiting_bytes: usize) -> Self {
        Options { waiting_bytes, ..self }
    }

    /// Switches on a bug, to see that a test finds it.
    #[cfg(feature = "fault-injection")]
    pub fn sabotage(self, sabotage: Option<crate::Sabotage>) -> Self {
        Options { sabotage, ..self }
    }

    #[cfg(feature = "fault-injection")]
    pub(crate) fn saboteur(
        &self,
        head: bailiwick_core::Position,
    ) -> Option<crate::sabotage::Saboteur> {
        self.sabotage.map(|bug| crate::sabotage::Saboteur::new(bug, head))
    }

    /// Opens the journal in `folder`, which is made if it is not there, and waits for it as long as
    /// [`lock_timeout`](Self::lock_timeout) says.
    ///
    /// Blocks the thread: it reads the journal once.
    ///
    /// # Errors
    /// See [`OpenError`]: each names the file and what to do.
    pub fn open(self, folder: impl AsRef<Path>) -> Result<TephraJournal, OpenError> {
        TephraJournal::open_with(&self, folder.as_ref())
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            segment_bytes: SEGMENT_BYTES,
            lock_timeout: Duration::from_secs(10),
            reader_threads: NonZeroUsize::new(2).unwrap(),
            waiting_appends: 1 << 16,
            waiting_bytes: 64 << 20,
            #[cfg(feature = "fault-injection")]
            sabotage: None,
        }
    }
}
