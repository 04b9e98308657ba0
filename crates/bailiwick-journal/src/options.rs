//! How a journal is set up: every bound has a name and a unit.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use crate::store::Bounds;
use crate::{FileJournal, OpenError, log};

/// How to open a journal; made by [`FileJournal::options`].
///
/// ```no_run
/// # use std::time::Duration;
/// let journal = bailiwick_journal::FileJournal::options()
///     .lock_timeout(Duration::from_secs(30))
///     .open("data")?;
/// # Ok::<_, bailiwick_journal::OpenError>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "options do nothing until a journal is opened with them"]
pub struct Options {
    pub(crate) segment_bytes: Option<u64>,
    pub(crate) lock_timeout: Duration,
    pub(crate) reader_threads: NonZeroUsize,
    pub(crate) waiting_appends: usize,
    pub(crate) waiting_bytes: usize,
    pub(crate) filter_bytes: usize,
    #[cfg(feature = "fault-injection")]
    pub(crate) sabotage: Option<crate::Sabotage>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            segment_bytes: None,
            lock_timeout: Duration::from_secs(10),
            reader_threads: NonZeroUsize::new(2).expect("two"),
            waiting_appends: 65_536,
            waiting_bytes: 64 << 20,
            filter_bytes: 32 << 20,
            #[cfg(feature = "fault-injection")]
            sabotage: None,
        }
    }
}

impl Options {
    /// The smallest segment, in bytes.
    pub const MIN_SEGMENT_BYTES: u64 = 16 << 10;
    /// The largest segment, in bytes.
    pub const MAX_SEGMENT_BYTES: u64 = 256 << 20;

    /// How large the files of the log are that are made from now on, in bytes. If it is not said, as large as the first
    /// one; that of a new journal has 8 MiB. A batch that is larger has a file of its own size.
    ///
    /// A start reads the file that is written, 50 000 small events or so with 8 MiB, and their index is in memory.
    ///
    /// Between [`MIN_SEGMENT_BYTES`](Self::MIN_SEGMENT_BYTES) and
    /// [`MAX_SEGMENT_BYTES`](Self::MAX_SEGMENT_BYTES): the nearest of them is taken.
    pub fn segment_bytes(self, bytes: u64) -> Self {
        let bytes = bytes.clamp(Self::MIN_SEGMENT_BYTES, Self::MAX_SEGMENT_BYTES);
        Options { segment_bytes: Some(bytes), ..self }
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

    /// How many bytes of memory the filters of the indexes may take (32 MiB), which say what is certainly not in
    /// one; the others are asked on the disk.
    pub fn filter_bytes(self, filter_bytes: usize) -> Self {
        Options { filter_bytes, ..self }
    }

    /// Switches on a bug, to see that a test finds it.
    #[cfg(feature = "fault-injection")]
    pub fn sabotage(self, sabotage: Option<crate::Sabotage>) -> Self {
        Options { sabotage, ..self }
    }

    /// Opens the journal in `folder`, which is made if it is not there, and waits for it as long as
    /// [`lock_timeout`](Self::lock_timeout) says.
    ///
    /// Blocks the thread.
    ///
    /// # Errors
    /// See [`OpenError`]: each names the file and what to do.
    pub fn open(self, folder: impl AsRef<Path>) -> Result<FileJournal, OpenError> {
        FileJournal::open_with(&self, folder.as_ref())
    }

    pub(crate) fn bounds(&self) -> Bounds {
        let log = log::Options { segment_bytes: self.segment_bytes };
        Bounds { log, filter_bytes: self.filter_bytes }
    }
}
