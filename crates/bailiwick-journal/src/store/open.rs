//! Opening: the indexes that are there are taken, and those that are missing are made of the log.

use std::iter::Peekable;
use std::sync::Arc;

use bailiwick_core::journal::Head;
use bailiwick_core::{Position, Timestamp};

use super::view::{Left, Run, RunIndex, State, View, push};
use super::{Bounds, Store, StoreError};
use crate::checkpoint;
use crate::files::Folder;
use crate::index::{Active, Index, segments_of};
use crate::log::{Entropy, Log, Record, Records, is_segment};

impl Store {
    /// Opens the store in a folder, or makes one. What is read of the log is its end, if all indexes are there.
    ///
    /// Nobody else may write there meanwhile: a lock of the folder is up to the caller.
    ///
    /// # Errors
    /// As of the log; if there is a checkpoint of events, and no file of them; and if an event is none.
    pub fn open(
        folder: Arc<dyn Folder>,
        bounds: Bounds,
        entropy: Entropy,
    ) -> Result<Store, StoreError> {
        check_not_lost(&*folder)?;
        let log = Log::open(folder.clone(), bounds.log, entropy)?.log;
        let number = log.next_place().segment;
        let head = Head { position: log.durable(), recorded_at: Timestamp::EPOCH };
        let active = Active::from(Position::START.plus(1));
        let state = State { left: Vec::new(), runs: Vec::new(), active, number, head };
        let view = Arc::new(View::new(
            log.segments().clone(),
            log.id(),
            folder,
            bounds.filter_bytes,
            state,
        ));
        view.forget_indexes_from(number)?;
        let (active, latest) = view.open_left(number, head.position)?;
        let head = Head { recorded_at: latest.max(active.latest()), ..head };
        {
            let mut state = view.change();
            (state.active, state.head) = (active, head);
        }
        view.open_checkpoint()?;
        Ok(Store { log, view, pushed: head })
    }
}

/// A journal whose segments are all gone is none that could be made anew.
fn check_not_lost(folder: &dyn Folder) -> Result<(), StoreError> {
    let names = folder.names()?;
    if names.iter().any(|name| is_segment(name))
        || !names.iter().any(|name| name == checkpoint::FILE)
    {
        return Ok(());
    }
    let covered = checkpoint::covered(folder)?;
    let acknowledged = covered.map_or(Position::START, |covered| covered.upto);
    Err(StoreError::Lost { acknowledged })
}

impl View {
    /// Removes what indexes there are of the segment that is written, and of those behind it: the log may have left it
    /// already when the power went, and goes on in it.
    fn forget_indexes_from(&self, number: u64) -> Result<(), StoreError> {
        let of_active = self.id_of(number).map(|segment| segment.file_name());
        let mut any = false;
        for name in self.folder.names()? {
            let is_beyond = segments_of(&name).is_some_and(|(_, last)| last >= number);
            if is_beyond || Some(&name) == of_active.as_ref() {
                self.folder.remove(&name)?;
                any = true;
            }
        }
        if any {
            self.folder.sync()?;
        }
        Ok(())
    }

    /// Takes the indexes of the segments before `number`, and makes those that are missing, and that of `number`. When
    /// the latest of the events before was recorded.
    pub(super) fn open_left(
        &self,
        number: u64,
        head: Position,
    ) -> Result<(Active, Timestamp), StoreError> {
        let (mut runs, mut latest, mut before) =
            (self.indexes()?, Timestamp::EPOCH, Position::START);
        let mut reading = Reading { view: self, head, records: None };
        for number in self.segments.first()..number {
            let offsets = self.offsets_file(number).filter(|known| known.first() == before.plus(1));
            let covered = runs.iter().any(|run| is_within(run, number));
            let left = match offsets {
                Some(known) if covered => {
                    reading.records = None;
                    latest = latest.max(known.latest());
                    Left { number, first: known.first(), last: known.last() }
                }
                _ => {
                    let index = reading.index_of(number, before)?;
                    latest = latest.max(index.latest());
                    self.remade(number, index, &mut runs, covered)
                }
            };
            before = left.last;
            self.change().left.push(left);
        }
        let active = reading.index_of(number, before)?;
        runs.sort_unstable_by_key(|run| run.segments);
        self.change().runs = runs.into_iter().map(Arc::new).collect();
        Ok((active, latest))
    }

    /// Keeps what was made of the events of a segment, because some of it was missing.
    fn remade(&self, number: u64, index: Active, runs: &mut Vec<Run>, covered: bool) -> Left {
        tracing::debug!(segment = number, "its index is made again");
        let left = Left { number, first: index.first(), last: index.last() };
        // What cannot be written now is made when it is asked for.
        drop(self.write_offsets(number, &index));
        if !covered {
            runs.push(self.sealed(number, index));
        }
        left
    }

    /// The indexes that are there, each of other segments: the longest of those that begin alike.
    pub(super) fn indexes(&self) -> Result<Vec<Run>, StoreError> {
        let names = self.folder.names()?;
        let mut known: Vec<_> = names.iter().filter_map(|name| segments_of(name)).collect();
        known.sort_unstable_by_key(|(first, last)| (*first, u64::MAX - *last));
        let (mut runs, mut next) = (Vec::<Run>::new(), 0);
        for segments in known {
            if segments.0 < next {
                continue;
            }
            if let Some(run) = self.index_file(segments) {
                next = segments.1 + 1;
                runs.push(run);
            }
        }
        Ok(runs)
    }

    /// None if it is missing, damaged, or of other segments than those that are there.
    fn index_file(&self, segments: (u64, u64)) -> Option<Run> {
        let run = self.run_of(segments).ok()?;
        let index = Index::open(self.folder.open(&run.file_name()).ok()?, &run).ok()?;
        let (first, last) = (index.first(), index.last());
        Some(Run { segments, first, last, index: RunIndex::File(index) })
    }
}

/// The log, read from the first segment without an index on, as long as those behind have none either.
struct Reading<'a> {
    view: &'a View,
    head: Position,
    records: Option<Peekable<Records>>,
}

impl Reading<'_> {
    /// The index of a segment, made of its events.
    fn index_of(&mut self, number: u64, before: Position) -> Result<Active, StoreError> {
        let segments = &self.view.segments;
        let records = || segments.records(number, before, self.head).peekable();
        let records = self.records.get_or_insert_with(records);
        let mut index = Active::from(before.plus(1));
        let is_in = |record: &Result<Record, _>| {
            record.as_ref().map_or(true, |record| record.place.segment == number)
        };
        while let Some(record) = records.next_if(is_in) {
            push(&mut index, &record?)?;
        }
        Ok(index)
    }
}

fn is_within(run: &Run, number: u64) -> bool {
    (run.segments.0..=run.segments.1).contains(&number)
}
