//! Whether the files that hold the events are still in their folder. What is written into a file
//! that was removed, or without the one before it, is not found by the next start.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

use bailiwick_core::Position;

use super::place::{Identity, identity, is_missing};
use crate::{OpenError, recovery};

/// The files, by the positions of their first events.
pub(super) struct Files {
    folder: PathBuf,
    known: BTreeSet<u64>,
    /// The last one: it is written to.
    last: Option<Last>,
    /// When the folder had last changed before it was listed.
    changed_at: Option<SystemTime>,
}

struct Last {
    base: u64,
    path: PathBuf,
    identity: Identity,
}

impl Files {
    pub(super) fn new(folder: PathBuf) -> Files {
        Files { folder, known: BTreeSet::new(), last: None, changed_at: None }
    }

    /// Learns which there are.
    pub(super) fn learn(&mut self) {
        self.known.clear();
        self.last = None;
        self.changed_at = None;
        let changed_at = self.changed_at();
        if let Ok(found) = recovery::bases(&self.folder) {
            self.list(found, changed_at);
        }
    }

    /// Whether all are there that were, of those that begin up to `upto`; new ones are learnt. That
    /// the folder cannot be looked at says nothing.
    ///
    /// It is listed only if it has changed, so this costs two looks at files, of a microsecond each.
    /// Two changes within one tick of the file system's clock (4 ms at most) may look like one: of a
    /// file that is not the last the second is noticed with the next change then.
    pub(super) fn check(&mut self, upto: Position) -> Result<(), OpenError> {
        let last = self.last.as_ref().filter(|last| last.base <= upto.get());
        if let Some(last) = last.filter(|last| last.is_gone()) {
            return Err(OpenError::Removed { path: last.path.clone() });
        }
        let changed_at = self.changed_at();
        if changed_at.is_none() || changed_at == self.changed_at {
            return Ok(());
        }
        let Ok(found) = recovery::bases(&self.folder) else { return Ok(()) };
        let mut known = self.known.range(..=upto.get());
        if let Some(gone) = known.find(|base| !found.contains(base)) {
            return Err(OpenError::Removed { path: recovery::path_of(&self.folder, *gone) });
        }
        self.list(found, changed_at);
        Ok(())
    }

    fn list(&mut self, found: BTreeSet<u64>, changed_at: Option<SystemTime>) {
        if self.last.as_ref().map(|last| last.base) != found.last().copied() {
            self.last = found.last().and_then(|base| {
                let path = recovery::path_of(&self.folder, *base);
                identity(&path).ok().map(|identity| Last { base: *base, path, identity })
            });
        }
        self.known = found;
        self.changed_at = changed_at;
    }

    fn changed_at(&self) -> Option<SystemTime> {
        fs::metadata(&self.folder).and_then(|folder| folder.modified()).ok()
    }
}

impl Last {
    fn is_gone(&self) -> bool {
        match identity(&self.path) {
            Ok(found) => found != self.identity,
            Err(error) => is_missing(&error),
        }
    }
}
