//! Snapshots in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bailiwick_core::journal::{Answer, BoxError, JournalId};
use bailiwick_core::{SnapshotKey, SnapshotStore};
use bytes::Bytes;

use crate::context::Lock;

/// A [`SnapshotStore`] in memory, for tests: it outlives a runtime, and not the process. Cloning shares it.
///
/// It holds every snapshot that it is given, without a bound.
///
/// For an example see [`SnapshotCounts`](crate::SnapshotCounts).
#[derive(Clone, Default)]
pub struct MemorySnapshots(Arc<Lock<Contents>>);

#[derive(Default)]
struct Contents {
    journal: Option<JournalId>,
    snapshots: BTreeMap<SnapshotKey, Bytes>,
}

impl MemorySnapshots {
    /// Without any.
    pub fn new() -> Self {
        Self::default()
    }

    /// What there is, in the order of the keys.
    pub fn keys(&self) -> Vec<SnapshotKey> {
        self.0.lock().snapshots.keys().cloned().collect()
    }

    /// All there is, in the order of the keys.
    pub fn all(&self) -> Vec<(SnapshotKey, Bytes)> {
        let kept = self.0.lock();
        kept.snapshots.iter().map(|(key, kept)| (key.clone(), kept.clone())).collect()
    }

    /// Forgets all of them, and of which journal they are.
    pub fn delete_all(&self) {
        *self.0.lock() = Contents::default();
    }

    /// Changes the bytes of each.
    pub fn change(&self, mut change: impl FnMut(&SnapshotKey, &mut Vec<u8>)) {
        for (key, kept) in &mut self.0.lock().snapshots {
            let mut bytes = kept.to_vec();
            change(key, &mut bytes);
            *kept = bytes.into();
        }
    }
}

impl SnapshotStore for MemorySnapshots {
    fn claim(&self, journal: JournalId) -> Answer<Result<JournalId, BoxError>> {
        Answer::ready(Ok(*self.0.lock().journal.get_or_insert(journal)))
    }

    fn get(&self, key: &SnapshotKey) -> Answer<Result<Option<Bytes>, BoxError>> {
        Answer::ready(Ok(self.0.lock().snapshots.get(key).cloned()))
    }

    fn put(&self, key: SnapshotKey, snapshot: Bytes) -> Answer<Result<(), BoxError>> {
        self.0.lock().snapshots.insert(key, snapshot);
        Answer::ready(Ok(()))
    }

    fn remove(&self, key: &SnapshotKey) -> Answer<Result<(), BoxError>> {
        self.0.lock().snapshots.remove(key);
        Answer::ready(Ok(()))
    }

    fn clear(&self, view: &str) -> Answer<Result<(), BoxError>> {
        self.0.lock().snapshots.retain(|key, _| key.view() != view);
        Answer::ready(Ok(()))
    }
}

impl fmt::Debug for MemorySnapshots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemorySnapshots({})", self.0.lock().snapshots.len())
    }
}
