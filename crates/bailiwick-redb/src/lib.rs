//! Snapshots in a file, on [redb](https://docs.rs/redb).
//!
//! [`RedbSnapshots`] keeps what a [`SnapshotStore`](bailiwick_core::SnapshotStore) has to keep, and:
//!
//! - **The file may be deleted at any time**, also while it is used, cut, or overwritten: what is lost is
//!   time. One that cannot be read is removed and made anew, with a line in the log.
//! - One process has the file.
//! - It has a bound in bytes ([`Options::most_bytes`]): what was saved first gives way.
//! - No thread of an executor waits for the disk: reads and writes run on two threads of the store's own. It
//!   syncs once in [`SYNC_EVERY`](Options::SYNC_EVERY) at most, so a crash loses what was saved since, and the
//!   journal hardly has to share the disk with it.
//!
//! ```no_run
//! let snapshots = bailiwick_redb::RedbSnapshots::open("data/snapshots.redb")?;
//! # Ok::<_, bailiwick_redb::OpenError>(())
//! ```
//!
//! redb is named in this crate alone. None of its types are seen.
//!
//! Why it is as it is: docs/decisions/snapshots.md.

mod file;
mod store;
mod tables;
mod worker;

pub use file::OpenError;
pub use store::{Options, RedbSnapshots};
