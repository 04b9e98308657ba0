//! What can be read: by anybody, at any time, beside the one who appends.
//!
//! 1. Nobody sees what is not durable: the index of the active segment has it before, to judge conditions by.
//! 2. The lock is held for moments, and never while a file is read.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bailiwick_core::Position;
use bailiwick_core::journal::Head;
use parking_lot::{Mutex, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::StoreError;
use super::checkpoint::Checkpoint;
use super::places::OpenOffsets;
use crate::files::Folder;
use crate::index::{Active, Index, SegmentId};
use crate::log::{Record, Segments};
use crate::stored::Names;

/// The reading side of a store.
pub struct View {
    pub(super) segments: Arc<Segments>,
    pub(super) folder: Arc<dyn Folder>,
    /// Which log it is.
    pub(super) log: u128,
    pub(super) filter_bytes: usize,
    /// Somebody else writes here.
    pub(super) is_read_only: bool,
    state: RwLock<State>,
    pub(super) offsets: OpenOffsets,
    /// Held by who writes the index of a segment.
    pub(super) sealing: Mutex<()>,
    /// Held by who merges indexes, which takes long: who appends does not wait for it.
    pub(super) merging: Mutex<()>,
    pub(super) is_merge_abandoned: AtomicBool,
    pub(super) checkpoint: Checkpoint,
}

pub(super) struct State {
    /// The segments that the log has left, in their order.
    pub(super) left: Vec<Left>,
    /// The indexes of these.
    pub(super) runs: Vec<Arc<Run>>,
    pub(super) active: Active,
    /// The segment of that index.
    pub(super) number: u64,
    /// The end of what is durable.
    pub(super) head: Head,
}

/// A segment that the log has left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub(super) number: u64,
    pub(super) first: Position,
    pub(super) last: Position,
}

/// Neighbouring segments that have one index.
pub(super) struct Run {
    /// The numbers of the first segment and of the last.
    pub(super) segments: (u64, u64),
    pub(super) first: Position,
    pub(super) last: Position,
    pub(super) index: RunIndex,
}

pub(super) enum RunIndex {
    /// Of one segment: it is to be written to a file.
    Memory(Active),
    File(Index),
}

impl View {
    pub(super) fn new(
        segments: Arc<Segments>,
        log: u128,
        folder: Arc<dyn Folder>,
        filter_bytes: usize,
        state: State,
    ) -> View {
        View {
            segments,
            folder,
            log,
            filter_bytes,
            is_read_only: false,
            state: RwLock::new(state),
            offsets: OpenOffsets::default(),
            sealing: Mutex::new(()),
            merging: Mutex::new(()),
            is_merge_abandoned: AtomicBool::new(false),
            checkpoint: Checkpoint::default(),
        }
    }

    /// The same of a store that somebody else writes.
    pub(super) fn read_only(self) -> View {
        View { is_read_only: true, ..self }
    }

    /// The end of what is durable.
    pub fn head(&self) -> Head {
        self.state.read().head
    }

    pub(super) fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read()
    }

    pub(super) fn change(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write()
    }

    pub(super) fn id_of(&self, number: u64) -> Option<SegmentId> {
        let seed = self.segments.seed_of(number)?;
        Some(SegmentId { log: self.log, number, seed })
    }

    /// The index of a segment, made of its events: those behind `before`, up to `upto`.
    pub(super) fn index_of(
        &self,
        number: u64,
        before: Position,
        upto: Position,
    ) -> Result<Active, StoreError> {
        let mut index = Active::from(before.plus(1));
        for record in self.segments.records(number, before, upto) {
            let record = record?;
            if record.place.segment != number {
                break;
            }
            push(&mut index, &record)?;
        }
        Ok(index)
    }
}

/// Adds an event to an index.
pub(super) fn push(index: &mut Active, record: &Record) -> Result<(), StoreError> {
    let position = record.position;
    let not_read = |source| StoreError::Event { position, source };
    let names = Names::of(&record.bytes).map_err(not_read)?;
    index.push(position, record.place.offset, &names);
    index.recorded(names.recorded_at().map_err(not_read)?);
    Ok(())
}

impl Run {
    /// Of one segment, in memory.
    pub(super) fn in_memory(number: u64, index: Active) -> Run {
        let (first, last) = (index.first(), index.last());
        Run { segments: (number, number), first, last, index: RunIndex::Memory(index) }
    }

    /// Its file; none if it is in memory still.
    pub(super) fn file(&self) -> Option<&Index> {
        match &self.index {
            RunIndex::File(index) => Some(index),
            RunIndex::Memory(_) => None,
        }
    }
}

impl State {
    /// The indexes with events beyond `after`, but that of the active segment, the oldest first.
    pub(super) fn runs_beyond(&self, after: Position) -> &[Arc<Run>] {
        let from = self.runs.partition_point(|run| run.last <= after);
        &self.runs[from..]
    }

    /// The log goes on in the segment `next`: the index of the one before is in memory until it is
    /// [written](View::seal).
    pub(super) fn leave(&mut self, next: u64) {
        let after = Position::new(self.active.last().get() + 1);
        let index = std::mem::replace(&mut self.active, Active::from(after));
        self.push_left(self.number, index);
        // Where a batch was on its way when the power went.
        for empty in self.number + 1..next {
            self.push_left(empty, Active::from(after));
        }
        self.number = next;
    }

    fn push_left(&mut self, number: u64, index: Active) {
        let (first, last) = (index.first(), index.last());
        self.left.push(Left { number, first, last });
        self.runs.push(Arc::new(Run::in_memory(number, index)));
    }
}
