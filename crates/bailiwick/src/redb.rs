//! Snapshots in a file, from its crate.
//!
//! Behind the feature `snapshots`. [`RedbSnapshots`] is a file that one process has; [`Options`] says how many
//! bytes of snapshots it may hold. It is derived: it may be deleted at any time.
//!
//! ```no_run
//! use bailiwick::{RedbSnapshots, Runtime, FileJournal};
//!
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let journal = FileJournal::open("data")?;
//! let snapshots = RedbSnapshots::open("data.redb")?;
//! let runtime = Runtime::builder(journal).snapshots(snapshots).start().await?;
//! # Ok(())
//! # }
//! ```

pub use bailiwick_redb::{OpenError, Options, RedbSnapshots};
