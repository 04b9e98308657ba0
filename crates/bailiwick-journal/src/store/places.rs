//! Where the event of a position stands.

use std::sync::Arc;

use bailiwick_core::Position;
use parking_lot::Mutex;

use super::StoreError;
use super::view::{Left, RunIndex, View};
use crate::index::{Active, IndexError, Offsets, install};
use crate::log::Place;

/// How many files of offsets are kept open.
const OPEN_OFFSETS: usize = 64;

/// The files of offsets that are open: the one that was used last is the last.
#[derive(Default)]
pub(super) struct OpenOffsets(Mutex<Vec<(u64, Arc<Known>)>>);

/// Where the events of a segment stand.
enum Known {
    File(Offsets),
    /// It cannot be written to a file just now.
    Memory(Active),
}

impl OpenOffsets {
    fn get(&self, number: u64) -> Option<Arc<Known>> {
        let mut open = self.0.lock();
        let at = open.iter().rposition(|(known, _)| *known == number)?;
        open[at..].rotate_left(1);
        open.last().map(|(_, known)| known.clone())
    }

    fn keep(&self, number: u64, known: Arc<Known>) {
        let mut open = self.0.lock();
        open.retain(|(other, _)| *other != number);
        if open.len() == OPEN_OFFSETS {
            open.remove(0);
        }
        open.push((number, known));
    }
}

impl View {
    /// Where the event of a position stands; none if there is none.
    pub(super) fn place(&self, position: Position) -> Result<Option<Place>, StoreError> {
        let state = self.state();
        if position >= state.active.first() {
            let offset = state.active.offset(nth(position, state.active.first()));
            return Ok(offset.map(|offset| Place { segment: state.number, offset }));
        }
        let at = state.left.partition_point(|left| left.last < position);
        let Some(left) = state.left.get(at).copied().filter(|left| left.first <= position) else {
            return Ok(None);
        };
        let run = state.runs.partition_point(|run| run.last < position);
        let offset = match state.runs.get(run).map(|run| &run.index) {
            Some(RunIndex::Memory(index)) => index.offset(nth(position, index.first())),
            _ => {
                drop(state);
                self.offset_of(left, nth(position, left.first))?
            }
        };
        Ok(offset.map(|offset| Place { segment: left.number, offset }))
    }

    fn offset_of(&self, left: Left, nth: u32) -> Result<Option<u64>, StoreError> {
        let known = match self.offsets.get(left.number) {
            Some(known) => known,
            None => self.open_offsets(left)?,
        };
        let remade = match &*known {
            Known::Memory(index) => return Ok(index.offset(nth)),
            Known::File(offsets) => match offsets.offset(nth) {
                Ok(offset) => return Ok(offset),
                Err(IndexError::Damaged) => self.make_offsets(left)?,
                Err(error) => return Err(error.into()),
            },
        };
        match &*remade {
            Known::Memory(index) => Ok(index.offset(nth)),
            Known::File(offsets) => Ok(offsets.offset(nth)?),
        }
    }

    fn open_offsets(&self, left: Left) -> Result<Arc<Known>, StoreError> {
        match self.offsets_file(left.number) {
            Some(offsets) if (offsets.first(), offsets.last()) == (left.first, left.last) => {
                let known = Arc::new(Known::File(offsets));
                self.offsets.keep(left.number, known.clone());
                Ok(known)
            }
            _ => self.make_offsets(left),
        }
    }

    /// The file as it is; none if it is missing, damaged or another segment's.
    pub(super) fn offsets_file(&self, number: u64) -> Option<Offsets> {
        let segment = self.id_of(number)?;
        let file = self.folder.open(&segment.file_name()).ok()?;
        Offsets::open(file, segment).ok()
    }

    /// Makes the file of a segment again; in memory if it cannot be written.
    fn make_offsets(&self, left: Left) -> Result<Arc<Known>, StoreError> {
        let before = Position::new(left.first.get() - 1);
        let index = self.index_of(left.number, before, left.last)?;
        let _alone = self.sealing.lock();
        let known = Arc::new(match self.write_offsets(left.number, &index) {
            Ok(offsets) => Known::File(offsets),
            Err(_) => Known::Memory(index),
        });
        self.offsets.keep(left.number, known.clone());
        Ok(known)
    }

    /// Writes the file of a segment. When this returns it is whole and durable, if it is there at all.
    pub(super) fn write_offsets(&self, number: u64, index: &Active) -> Result<Offsets, IndexError> {
        self.may_write()?;
        let segment = self.id_of(number).ok_or(IndexError::Damaged)?;
        let name = segment.file_name();
        let file = install(&*self.folder, &name, |file| index.write_offsets(segment, file))?;
        Offsets::open(file, segment)
    }
}

/// How far a position is behind the first of an index.
pub(super) fn nth(position: Position, first: Position) -> u32 {
    u32::try_from(position.get() - first.get()).expect("an index has fewer than 2^32 positions")
}
