//! Where snapshots are: a small port, for any key-value store.

use std::fmt;

use bytes::Bytes;

use crate::box_error::BoxError;
use crate::journal::{Answer, JournalId};
use crate::tag::Tag;

/// Where snapshots are kept.
///
/// What a store has to keep is little, because all of it is derived. It may lose any snapshot, or all of
/// them, at any time, and may refuse what it has no room for. It may not give one under another key, nor of
/// another journal. What it gives is looked at before it is used: bytes that were changed are noticed.
///
/// A call is never waited for by a command, but [`get`](Self::get) is, by the one that needs the aggregate:
/// so it takes a disk no longer than a read of the journal does. No call may keep the thread of an executor
/// waiting for a sync.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Mutex;
///
/// use bailiwick_core::journal::{Answer, BoxError, JournalId};
/// use bailiwick_core::{SnapshotKey, SnapshotStore};
/// use bytes::Bytes;
///
/// /// Lost with the process.
/// #[derive(Default)]
/// struct InMemory {
///     journal: Mutex<Option<JournalId>>,
///     snapshots: Mutex<BTreeMap<SnapshotKey, Bytes>>,
/// }
///
/// impl SnapshotStore for InMemory {
///     fn claim(&self, journal: JournalId) -> Answer<Result<JournalId, BoxError>> {
///         Answer::ready(Ok(*self.journal.lock().unwrap().get_or_insert(journal)))
///     }
///     fn get(&self, key: &SnapshotKey) -> Answer<Result<Option<Bytes>, BoxError>> {
///         Answer::ready(Ok(self.snapshots.lock().unwrap().get(key).cloned()))
///     }
///     fn put(&self, key: SnapshotKey, snapshot: Bytes) -> Answer<Result<(), BoxError>> {
///         self.snapshots.lock().unwrap().insert(key, snapshot);
///         Answer::ready(Ok(()))
///     }
///     fn remove(&self, key: &SnapshotKey) -> Answer<Result<(), BoxError>> {
///         self.snapshots.lock().unwrap().remove(key);
///         Answer::ready(Ok(()))
///     }
///     fn clear(&self, view: &str) -> Answer<Result<(), BoxError>> {
///         self.snapshots.lock().unwrap().retain(|key, _| key.view() != view);
///         Answer::ready(Ok(()))
///     }
/// }
/// ```
pub trait SnapshotStore: Send + Sync + 'static {
    /// Of which journal its snapshots are: of this one from now on, if it has none yet.
    fn claim(&self, journal: JournalId) -> Answer<Result<JournalId, BoxError>>;

    /// The snapshot under this key.
    fn get(&self, key: &SnapshotKey) -> Answer<Result<Option<Bytes>, BoxError>>;

    /// Keeps a snapshot, in place of the one that was there.
    fn put(&self, key: SnapshotKey, snapshot: Bytes) -> Answer<Result<(), BoxError>>;

    /// Forgets the snapshot under this key.
    fn remove(&self, key: &SnapshotKey) -> Answer<Result<(), BoxError>>;

    /// Forgets all snapshots of this [view](SnapshotKey::view).
    fn clear(&self, view: &str) -> Answer<Result<(), BoxError>>;
}

/// Under what a snapshot is kept: of which view, and of what. As a text, one line for the view and one for
/// each tag of its key.
///
/// For an example see [`SnapshotStore`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotKey {
    text: String,
    view: usize,
}

impl SnapshotKey {
    /// Neither has a control character: so no two are the same text.
    pub(crate) fn new(view: String, tags: &[Tag]) -> SnapshotKey {
        let (mut text, view) = (view.clone(), view.len());
        for tag in tags {
            text.push('\n');
            text.push_str(&tag.to_string());
        }
        SnapshotKey { text, view }
    }

    /// Which view.
    pub fn view(&self) -> &str {
        &self.text[..self.view]
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// `aggregate bank::Account account:a1`.
impl fmt::Display for SnapshotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text.replace('\n', " "))
    }
}

impl fmt::Debug for SnapshotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SnapshotKey({self})")
    }
}
