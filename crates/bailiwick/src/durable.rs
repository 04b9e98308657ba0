//! The embedded durable journal: what was acknowledged survives any crash, with nothing to install.
//!
//! Behind the feature `durable`, which is on unless it is told otherwise. [`FileJournal`] is a
//! folder that one process writes; [`Options`] says how large its files are, how long opening waits
//! for a process that still has the folder, and what may wait. [`OpenError`] says which file is in
//! the way, and what to do. [`FileFollower`] reads such a folder beside the process that writes it.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use bailiwick::{FileJournal, Runtime};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = FileJournal::options().lock_timeout(Duration::from_secs(30)).open("data")?;
//! let runtime = Runtime::builder(journal).reopen_journal().start().await?;
//! # Ok(())
//! # }
//! ```

pub use bailiwick_journal::{FileFollower, FileJournal, OpenError, Options};
