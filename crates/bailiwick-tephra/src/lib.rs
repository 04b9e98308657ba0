//! The embedded durable journal: a folder that one process writes.
//!
//! ```no_run
//! let journal = bailiwick_tephra::TephraJournal::open("data")?;
//! # Ok::<_, bailiwick_tephra::OpenError>(())
//! ```
//!
//! [`TephraJournal`] keeps what every [`Journal`](bailiwick_core::journal::Journal) promises, and:
//!
//! - **An acknowledged append is on the disk**: it was synced before. There is no other mode.
//! - Appends of many callers share one sync. What was called while a batch was being written is the
//!   next one.
//! - When a write or a sync fails, the journal closes itself for writing: see
//!   [`Journal::health`](bailiwick_core::journal::Journal::health). Reads go on. What tephra had by then is
//!   [`Unknown`](bailiwick_core::journal::AppendError::Unknown), what still waited is certainly not written.
//! - Opening removes what a crash cut off. What no crash explains is reported, and nothing is
//!   changed.
//! - One process has the folder; the next one waits for it, so that a restart hands over.
//! - No async runtime is needed, and none is kept waiting for the disk: reads run on threads of the
//!   journal's own.
//!
//! Underneath is the crate `tephra`. None of its types are seen.
//!
//! Why it is as it is: docs/decisions/tephra.md.

mod appends;
mod error;
mod event;
mod faults;
mod folder;
mod journal;
mod options;
mod reads;
mod recovery;
#[cfg(feature = "fault-injection")]
mod sabotage;
mod store;
mod terms;
mod writing;

pub use error::OpenError;
pub use journal::TephraJournal;
pub use options::Options;
#[cfg(feature = "fault-injection")]
pub use sabotage::Sabotage;
