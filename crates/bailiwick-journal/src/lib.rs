//! The embedded durable journal of Bailiwick: a folder, written by one process.
//!
//! What is here: the [`log`], which is the truth; the [index](mod@lookup) of its segments; the [`store`] of both; and
//! the [`files`] under them, with a disk to simulate. The format is in `docs/journal-format.md`. What makes it a
//! journal (the port, its writer and readers) rests on that and is not here yet.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bailiwick_journal::files::Disk;
//! use bailiwick_journal::log::{Log, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let disk = Arc::new(Disk::at(folder.path()));
//! let options = Options { segment_bytes: 64 * 1_024 };
//! // Of a real log it is chance.
//! let mut numbers = 1..;
//! let entropy = Box::new(move || numbers.next().unwrap_or_default());
//! let mut log = Log::open(disk, options, entropy)?.log;
//! log.write(&["one", "two"])?;
//! assert_eq!(log.sync()?.get(), 2, "durable from here on");
//! let records: Result<Vec<_>, _> = log.records().collect();
//! assert_eq!(records?[1].bytes, b"two");
//! # Ok(())
//! # }
//! ```

mod appends;
mod background;
mod checkpoint;
mod error;
pub mod files;
pub mod folder;
mod follower;
mod journal;
pub mod log;
pub mod lookup;
mod options;
mod reads;
#[cfg(feature = "fault-injection")]
mod sabotage;
#[cfg(feature = "simulation")]
mod steps;
pub mod store;
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
