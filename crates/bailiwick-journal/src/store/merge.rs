//! Merging indexes of neighbouring segments, so that there are few of them however long the history is.
//!
//! It takes long, and nobody waits for it: the ones that are merged are asked until the new one is there, and if one of
//! them is made again meanwhile, the new one is nothing.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::StoreError;
use super::view::{Run, RunIndex, View};
use crate::files::{File, Identity};
use crate::index::{Index, IndexError, MergeError, install, merge, next_merge};

impl View {
    /// Makes one index of some neighbours, if they are many; false if they are few.
    ///
    /// # Errors
    /// If that fails. They stay as they are.
    pub fn merge(&self) -> Result<bool, StoreError> {
        let _alone = self.merging.lock();
        let runs: Vec<_> = {
            let state = self.state();
            let sealed = state.runs.iter().take_while(|run| run.file().is_some());
            sealed.cloned().collect()
        };
        let segments: Vec<_> = runs.iter().map(|run| run.segments.1 - run.segments.0 + 1).collect();
        let Some(range) = next_merge(&segments) else { return Ok(false) };
        match self.merge_runs(&runs[range.clone()]) {
            Ok(()) => Ok(true),
            Err(MergeError::Input { nth, source: IndexError::Damaged }) => {
                self.remake(&runs[range.start + nth]).map(|()| true)
            }
            Err(MergeError::Input { source, .. }) => Err(source.into()),
            Err(MergeError::Write(error)) => Err(error.into()),
        }
    }

    /// Whoever merges stops soon, with an error.
    pub fn abandon_merge(&self) {
        self.is_merge_abandoned.store(true, Ordering::Relaxed);
    }

    fn merge_runs(&self, runs: &[Arc<Run>]) -> Result<(), MergeError> {
        let (first, last) = (&runs[0], &runs[runs.len() - 1]);
        let segments = (first.segments.0, last.segments.1);
        let of_first = |source| MergeError::Input { nth: 0, source };
        let run = self.run_of(segments).map_err(of_first)?;
        let inputs: Vec<_> = runs.iter().filter_map(|run| run.file()).collect();
        let name = run.file_name();
        let file = install(&*self.folder, &name, |file| {
            let file = Abandonable { file, is_abandoned: &self.is_merge_abandoned };
            merge(&inputs, &run, &file)
        })?;
        let index = Index::open(file, &run).map_err(of_first)?;
        let (first, last) = (first.first, last.last);
        let merged = Run { segments, first, last, index: RunIndex::File(index) };
        if !self.replace_all(runs, merged) {
            self.folder.remove(&name)?;
            return Ok(());
        }
        self.keep_filters();
        // The new one is to be found before the others are gone.
        self.folder.sync()?;
        for run in runs.iter().filter_map(|run| run.file()) {
            drop(self.folder.remove(&run.run().file_name()));
        }
        Ok(())
    }

    /// False if they are not those that there are any more.
    fn replace_all(&self, runs: &[Arc<Run>], by: Run) -> bool {
        let mut state = self.change();
        let is_first = |known: &Arc<Run>| Arc::ptr_eq(known, &runs[0]);
        let Some(at) = state.runs.iter().position(is_first) else { return false };
        let known = state.runs.get(at..at + runs.len()).unwrap_or_default();
        if !known.iter().map(Arc::as_ptr).eq(runs.iter().map(Arc::as_ptr)) {
            return false;
        }
        state.runs.splice(at..at + runs.len(), [Arc::new(by)]);
        true
    }
}

/// A file that cannot be written any more once nobody waits for it.
struct Abandonable<'a> {
    file: &'a dyn File,
    is_abandoned: &'a AtomicBool,
}

impl File for Abandonable<'_> {
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn read_at(&self, to: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(to, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        if self.is_abandoned.load(Ordering::Relaxed) {
            return Err(io::Error::other("the journal is closed, or was opened again"));
        }
        self.file.write_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn identity(&self) -> io::Result<Identity> {
        self.file.identity()
    }
}
