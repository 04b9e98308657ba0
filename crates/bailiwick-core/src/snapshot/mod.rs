//! Snapshots: states of views that are kept outside of the journal, so that less of it has to be read.
//!
//! They are derived: whoever loses them loses time and nothing else. A snapshot shortens the read and never
//! the condition: what is decided on it is appended on the condition that it always was.
//!
//! For an example see [`Snapshots`](crate::Snapshots).
//!
//! Why it is as it is: docs/decisions/snapshots.md.

mod declared;
mod golden;
mod record;
mod store;

use crate::codec::CodecError;
use crate::short_name::short_name;
use crate::view::View;

#[doc(hidden)]
pub use declared::{Declared, SnapshotOf};
pub use golden::assert_snapshot;
#[doc(hidden)]
pub use record::{Body, Header, digest};
pub use store::{SnapshotKey, SnapshotStore};

/// Whether a state comes back from a snapshot of it as it was.
///
/// # Errors
/// If it does not.
pub(crate) fn survives<V: View>(state: &V) -> Result<(), NotKept> {
    let Some(snapshots) = V::SNAPSHOTS else { return Ok(()) };
    let back = snapshots.encode(state).and_then(|form| snapshots.decode(&form));
    NotKept::unless(short_name::<V>(), back.map(|back| snapshots.is_same(state, &back)))
}

/// Why a state cannot be kept as a snapshot.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotKept {
    #[error(
        "a snapshot of {view} cannot be read back: mend its Serialize or Deserialize, or take \
         `SNAPSHOTS` away"
    )]
    Unreadable { view: &'static str, source: CodecError },
    #[error(
        "a snapshot of {view} comes back as another state: something of it is not part of its \
         Serialize or Deserialize (a field that is skipped?). Mend that, or take `SNAPSHOTS` away"
    )]
    Different { view: &'static str },
}

impl NotKept {
    /// Unless it came back as the same.
    pub(crate) fn unless(
        view: &'static str,
        same: Result<bool, CodecError>,
    ) -> Result<(), NotKept> {
        match same {
            Ok(true) => Ok(()),
            Ok(false) => Err(NotKept::Different { view }),
            Err(source) => Err(NotKept::Unreadable { view, source }),
        }
    }
}
