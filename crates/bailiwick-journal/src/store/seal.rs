//! The indexes of the segments that the log has left: written to files, and made again where they are damaged, by
//! whoever has the time.

use std::io::ErrorKind;
use std::sync::Arc;

use super::StoreError;
use super::view::{Left, Run, RunIndex, View};
use crate::index::{self, Active, Index, IndexError, install};

/// So many indexes may be in memory that are to be written to files; who appends writes one itself then.
const MOST_UNSEALED: usize = 4;

impl View {
    /// Whether so many indexes are to be written that who appends has to.
    pub(super) fn is_behind(&self) -> bool {
        let state = self.state();
        let unsealed = state.runs.iter().filter(|run| run.file().is_none());
        unsealed.count() >= MOST_UNSEALED
    }

    /// Writes the index of a segment that the log has left to a file; false if there is none to be written.
    ///
    /// # Errors
    /// If none of them can be written. They stay in memory.
    pub fn seal(&self) -> Result<bool, IndexError> {
        let _alone = self.sealing.lock();
        let unsealed: Vec<_> = {
            let state = self.state();
            state.runs.iter().filter(|run| run.file().is_none()).cloned().collect()
        };
        let mut failed = None;
        for run in unsealed {
            match self.seal_run(&run) {
                Ok(()) => {
                    self.keep_filters();
                    return Ok(true);
                }
                // One that cannot be written is not in the way of others.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(false), Err)
    }

    fn seal_run(&self, run: &Arc<Run>) -> Result<(), IndexError> {
        let RunIndex::Memory(index) = &run.index else { return Ok(()) };
        let number = run.segments.0;
        self.write_offsets(number, index)?;
        let file = self.write_index(number, index)?;
        self.replace(run, vec![Run { index: RunIndex::File(file), ..of_one(number, index) }]);
        Ok(())
    }

    /// Makes the index of a run again, of its events: it is damaged.
    pub(super) fn remake(&self, run: &Arc<Run>) -> Result<(), StoreError> {
        let _alone = self.sealing.lock();
        let left: Vec<Left> = {
            let state = self.state();
            if !state.runs.iter().any(|known| Arc::ptr_eq(known, run)) {
                // Somebody has done it.
                return Ok(());
            }
            let (first, last) = run.segments;
            let within = |left: &&Left| (first..=last).contains(&left.number);
            state.left.iter().filter(within).copied().collect()
        };
        tracing::warn!(segments = ?run.segments, "an index is damaged, and is made again");
        let mut remade = Vec::new();
        for Left { number, first, last } in left {
            let before = bailiwick_core::Position::new(first.get() - 1);
            let index = self.index_of(number, before, last)?;
            remade.push(self.sealed(number, index));
        }
        self.replace(run, remade);
        self.keep_filters();
        Ok(())
    }

    /// In a file; in memory if it cannot be written.
    pub(super) fn sealed(&self, number: u64, index: Active) -> Run {
        match self.write_index(number, &index) {
            Ok(file) => Run { index: RunIndex::File(file), ..of_one(number, &index) },
            Err(error) => {
                tracing::debug!(%error, "an index cannot be written, and stays in memory");
                Run::in_memory(number, index)
            }
        }
    }

    fn replace(&self, run: &Arc<Run>, by: Vec<Run>) {
        let mut state = self.change();
        if let Some(at) = state.runs.iter().position(|known| Arc::ptr_eq(known, run)) {
            state.runs.splice(at..=at, by.into_iter().map(Arc::new));
        }
    }

    fn write_index(&self, number: u64, index: &Active) -> Result<Index, IndexError> {
        self.may_write()?;
        let run = self.run_of((number, number))?;
        let name = run.file_name();
        let file = install(&*self.folder, &name, |file| index.write_index(&run, file))?;
        Index::open(file, &run)
    }

    pub(super) fn may_write(&self) -> Result<(), IndexError> {
        if self.is_read_only {
            Err(IndexError::Io(ErrorKind::ReadOnlyFilesystem.into()))
        } else {
            Ok(())
        }
    }

    /// What an index of these segments says of itself.
    pub(super) fn run_of(&self, (first, last): (u64, u64)) -> Result<index::Run, IndexError> {
        let seeds = (first..=last).map(|number| self.segments.seed_of(number));
        let seeds: Option<Vec<_>> = seeds.collect();
        Ok(index::Run::of(self.log, first, seeds.ok_or(IndexError::Damaged)?))
    }

    /// Keeps the filters of the newest indexes in memory, as many as there is room for. It has no other effect than
    /// on how long looking something up takes.
    pub fn keep_filters(&self) {
        let runs = self.state().runs.clone();
        let mut bytes = 0;
        for index in runs.iter().rev().filter_map(|run| run.file()) {
            bytes += index.filter_bytes();
            if bytes > self.filter_bytes {
                index.drop_filter();
            } else {
                // It is asked in its file if it cannot be read now, and made again if it is damaged.
                drop(index.load_filter());
            }
        }
    }
}

fn of_one(number: u64, index: &Active) -> Run {
    let empty = RunIndex::Memory(Active::from(index.first()));
    let (first, last) = (index.first(), index.last());
    Run { segments: (number, number), first, last, index: empty }
}
