//! The outline of what the log has left: kept up in the background, and read when somebody asks.
//!
//! 1. What is said is of events that are durable and in segments that are there: a checkpoint of others is removed when
//!    the store is opened, before anything is written that it might be taken for.
//! 2. The segment that is written is not in it: a start reads that by itself.
//! 3. It is extended by a segment at a time, from the last file on. The outline itself is in memory only meanwhile.

use std::io;

use bailiwick_core::Position;
use bailiwick_core::journal::Outline;
use parking_lot::Mutex;

use super::StoreError;
use super::view::{Left, View};
use crate::checkpoint::{self, Covered};
use crate::stored::Decoder;

/// After so many segments a file is written, if there are more to come: who is interrupted goes on there.
const SEGMENTS_EACH: u64 = 64;

/// What is known of the checkpoint.
#[derive(Default)]
pub(super) struct Checkpoint {
    /// Up to where the file comes; none if it has to be made anew.
    covered: Mutex<Option<Covered>>,
    /// Held by who makes the next one, which has come so far.
    making: Mutex<Option<Making>>,
}

struct Making {
    outline: Outline,
    /// The last segment that is in it.
    number: u64,
    upto: Position,
}

impl View {
    /// Takes the file that is there, if it is of this log. Called before anything is written.
    pub(super) fn open_checkpoint(&self) -> Result<(), StoreError> {
        let found = checkpoint::covered(&*self.folder)?;
        if let Some(covered) = found.filter(|covered| self.is_there(covered)) {
            *self.checkpoint.covered.lock() = Some(covered);
            return Ok(());
        }
        match self.folder.remove(checkpoint::FILE) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => {
                tracing::debug!("the checkpoint is damaged or of another journal: it is made anew");
                removed?;
                Ok(self.folder.sync()?)
            }
        }
    }

    /// Whether the log has left these segments, and there are no others.
    fn is_there(&self, covered: &Covered) -> bool {
        let state = self.state();
        let number = covered.segment.number;
        let left = state.left.iter().rfind(|left| left.number == number);
        left.is_some_and(|left| left.last == covered.upto)
            && self.id_of(number) == Some(covered.segment)
    }

    /// What the events show of themselves that are in segments that the log has left, as far as that is known already.
    pub fn outline(&self) -> Outline {
        let covered = *self.checkpoint.covered.lock();
        covered.and_then(|covered| self.read_checkpoint(covered)).unwrap_or_default()
    }

    /// None if the file is missing or damaged; then another one is made.
    fn read_checkpoint(&self, expected: Covered) -> Option<Outline> {
        let read = checkpoint::read(&*self.folder, expected);
        let mut covered = self.checkpoint.covered.lock();
        match read {
            Ok(Some(outline)) => return Some(outline),
            // There is another one by now.
            Ok(None) if *covered != Some(expected) => {
                let expected = (*covered)?;
                return checkpoint::read(&*self.folder, expected).ok().flatten();
            }
            Ok(None) => tracing::warn!("the checkpoint is damaged, and is made anew"),
            Err(error) => tracing::warn!(%error, "the checkpoint cannot be read"),
        }
        *covered = None;
        None
    }

    /// Brings the checkpoint forward by a segment that the log has left; false if there is none.
    ///
    /// # Errors
    /// If the segment cannot be read, or the file not written. Then the next time begins at the last file.
    pub fn checkpoint(&self) -> Result<bool, StoreError> {
        let mut making = self.checkpoint.making.lock();
        let covered = *self.checkpoint.covered.lock();
        let (last, next) = {
            let state = self.state();
            let Some(last) = state.left.last().copied() else { return Ok(false) };
            let number = making.as_ref().map(|making| making.number);
            let number = number.or(covered.map(|covered| covered.segment.number));
            let next = state.left.iter().find(|left| Some(left.number) > number).copied();
            (last, next)
        };
        let Some(next) = next else { return Ok(false) };
        let mut made = match making.take() {
            Some(made) => made,
            None => match covered {
                Some(covered) => {
                    let Some(outline) = self.read_checkpoint(covered) else { return Ok(true) };
                    let Covered { segment, upto } = covered;
                    Making { outline, number: segment.number, upto }
                }
                None => self.begin(last),
            },
        };
        self.extend(&mut made, next)?;
        if made.number == last.number || made.number.is_multiple_of(SEGMENTS_EACH) {
            self.write_checkpoint(&made)?;
        }
        *making = Some(made).filter(|made| made.number < last.number);
        Ok(true)
    }

    fn begin(&self, last: Left) -> Making {
        let number = self.segments.first() - 1;
        let segments = last.number - number;
        if segments > 1 {
            tracing::info!(segments, "a checkpoint of the journal is made of its events");
        }
        Making { outline: Outline::default(), number, upto: Position::START }
    }

    fn extend(&self, made: &mut Making, left: Left) -> Result<(), StoreError> {
        let mut decoder = Decoder::default();
        if left.first <= left.last {
            for record in self.segments.records(left.number, made.upto, left.last) {
                let record = record?;
                let (position, event) = (record.position, &record.bytes);
                let event = decoder.decode(position, event);
                made.outline.take(&event.map_err(|source| StoreError::Event { position, source })?);
            }
        }
        (made.number, made.upto) = (left.number, left.last);
        tracing::trace!(segment = left.number, "the checkpoint comes to the end of a segment");
        Ok(())
    }

    fn write_checkpoint(&self, made: &Making) -> Result<(), StoreError> {
        let Some(segment) = self.id_of(made.number) else { return Ok(()) };
        let covered = Covered { segment, upto: made.upto };
        checkpoint::write(&*self.folder, covered, &made.outline)?;
        *self.checkpoint.covered.lock() = Some(covered);
        Ok(())
    }
}
