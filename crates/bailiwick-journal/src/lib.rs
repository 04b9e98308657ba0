//! The embedded durable journal: a folder that one process writes.
//!
//! ```no_run
//! let journal = bailiwick_journal::FileJournal::open("data")?;
//! # Ok::<_, bailiwick_journal::OpenError>(())
//! ```
//!
//! [`FileJournal`] keeps what every [`Journal`](bailiwick_core::journal::Journal) promises, and:
//!
//! - **An acknowledged append is on the disk**: it was synced before. There is no other mode.
//! - Appends of many callers share one sync. What was called while a batch was being written is the
//!   next one.
//! - When a write or a sync fails, the journal closes itself for writing: see
//!   [`Journal::health`](bailiwick_core::journal::Journal::health). Reads go on. What was being written is
//!   [`Unknown`](bailiwick_core::journal::AppendError::Unknown), what still waited is certainly not written.
//! - Where there is no room for another file it closes itself, too, and nothing is unknown then. It can be opened again
//!   when there is room.
//! - Opening leaves out what a crash cut off. What no crash explains is reported, and nothing is
//!   changed.
//! - One process has the folder; the next one waits for it, so that a restart hands over. Others may read it
//!   meanwhile: [`FileFollower`].
//! - No async runtime is needed, and none is kept waiting for the disk: writing and reading are done by threads
//!   of the journal's own.
//!
//! What it is made of, from the bottom to the top: `files` (every call to the system, and a disk to simulate),
//! `folder` (had by one process), `log` (the truth), `index` (where the events are, derived from it), `store` (both
//! together), `appends` and `writer`, `reads`. These are open to the tests, and nothing to rely on.
//!
//! The format is in docs/journal-format.md. Why it is as it is: docs/decisions/file-journal.md.

mod appends;
mod background;
mod checkpoint;
mod error;
#[doc(hidden)]
pub mod files;
#[doc(hidden)]
pub mod folder;
mod follower;
#[doc(hidden)]
pub mod index;
mod journal;
#[doc(hidden)]
pub mod log;
mod options;
mod reads;
#[cfg(feature = "fault-injection")]
mod sabotage;
#[cfg(feature = "simulation")]
mod steps;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod stored;
mod waking;
mod writer;

pub use error::OpenError;
pub use follower::FileFollower;
pub use journal::FileJournal;
pub use options::Options;
#[cfg(feature = "fault-injection")]
pub use sabotage::Sabotage;
#[cfg(feature = "simulation")]
pub use steps::Steps;
