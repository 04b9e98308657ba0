//! The store: the log, and the indexes of its segments. What a journal does, a step at a time and for one
//! caller.
//!
//! 1. The log is the truth. An index is made from it: of the active segment in memory, of one that the log has
//!    left in a file beside it. A file that is missing, damaged or of another segment is made again.
//! 2. An append is in the log wholly and durable, or it is not there. Its condition is judged on everything that
//!    is durable.
//! 3. What matches is judged on the events themselves; an index only says where to look.

mod find;
mod read;

use std::io;
use std::sync::{Arc, OnceLock};

use bailiwick_core::journal::{
    AppendCondition, AppendError, Appended, EncodedEvent, FaultKind, Head, JournalFault,
};
use bailiwick_core::{Position, Timestamp};

use crate::files::{Folder, write_all};
use crate::index::{Active, Filter, IndexError, Of, Sealed};
use crate::log::{Entropy, Log, OpenError, Options, ReadError, Record, WriteError};
use crate::stored::{Decoder, Names, StoredError, encode};

/// A store, open for writing.
pub struct Store {
    folder: Arc<dyn Folder>,
    log: Log,
    /// Of the segments that the log has left, in their order.
    sealed: Vec<Segment>,
    filter_bytes: usize,
    active: Active,
    /// The segment of that index.
    number: u64,
    seed: u64,
    latest: Timestamp,
}

/// A segment that the log has left.
struct Segment {
    number: u64,
    first: Position,
    last: Position,
    /// Its index; none if the file could not be written, or opened.
    file: Option<Sealed>,
    /// The index in memory, where there is none in a file, or that is damaged.
    memory: OnceLock<Active>,
    /// What it certainly does not have, if there is memory for that.
    filter: Option<Filter>,
}

/// How a store is written, and what it may keep in memory.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How the log is written.
    pub log: Options,
    /// How many bytes the filters of the segments that the log has left may take together: those of the latest
    /// are kept, and the others are not asked.
    pub filter_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { log: Options::default(), filter_bytes: 32 * 1_024 * 1_024 }
    }
}

/// Why a store cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Opening the log.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading the log.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// An event of it is none.
    #[error("the event at position {position} cannot be read")]
    Event {
        /// Its position.
        position: Position,
        /// What is wrong.
        source: StoredError,
    },
    /// Reading an index.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl Store {
    /// Opens the store in a folder, or makes one.
    ///
    /// Nobody else may write there meanwhile: a lock of the folder is up to the caller.
    ///
    /// # Errors
    /// As of the log; and if an event is none.
    pub fn open(
        folder: Arc<dyn Folder>,
        bounds: Bounds,
        entropy: Entropy,
    ) -> Result<Store, StoreError> {
        let Bounds { log: options, filter_bytes } = bounds;
        let log = Log::open(folder.clone(), options, entropy)?.log;
        let (_, number, seed) = log.active();
        let active = Active::from(Position::START.plus(1));
        let latest = Timestamp::EPOCH;
        let sealed = Vec::new();
        let mut store = Store { folder, log, sealed, filter_bytes, active, number, seed, latest };
        store.index_all()?;
        Ok(store)
    }

    /// Makes the indexes that are missing, by one look at every event.
    fn index_all(&mut self) -> Result<(), StoreError> {
        let mut decoder = Decoder::default();
        let (mut index, mut of) = (Active::from(Position::START.plus(1)), None);
        let mut sealed = Vec::new();
        for record in self.log.records() {
            let Record { position, place, bytes } = record?;
            if of.is_some_and(|of| of != place.segment) {
                let next = Active::from(position);
                sealed.extend(of.zip(Some(std::mem::replace(&mut index, next))));
            }
            of = Some(place.segment);
            let names =
                Names::of(&bytes).map_err(|source| StoreError::Event { position, source })?;
            index.push(position, place.offset, &names);
            let event = decoder.decode(position, &bytes);
            let event = event.map_err(|source| StoreError::Event { position, source })?.event;
            self.latest = self.latest.max(event.recorded_at);
        }
        match of {
            Some(of) if of != self.number => {
                sealed.push((of, index));
                self.active = Active::from(self.log.durable().plus(1));
            }
            _ => self.active = index,
        }
        for (number, index) in sealed {
            self.seal(number, index);
        }
        Ok(())
    }

    /// The end.
    pub fn head(&self) -> Head {
        Head { position: self.log.durable(), recorded_at: self.latest }
    }

    /// Whether a write or sync failed: it takes no appends any more, and is to be opened again.
    pub fn is_closed(&self) -> bool {
        self.log.is_closed()
    }

    /// Appends `events` in one piece if `condition` holds. They are durable when this returns.
    ///
    /// # Errors
    /// As [`Journal::append`](bailiwick_core::journal::Journal::append).
    pub fn append(
        &mut self,
        events: &[EncodedEvent],
        condition: Option<&AppendCondition>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Err(AppendError::Empty);
        }
        if let Some(condition) = condition {
            let conflict = self.conflict(condition);
            let conflict = conflict.map_err(|error| AppendError::NotWritten(error.into()))?;
            if let Some(at) = conflict {
                return Err(AppendError::Conflict { at });
            }
        }
        let records: Vec<_> = events
            .iter()
            .map(|event| {
                let mut record = Vec::new();
                encode(event, &mut record);
                record
            })
            .collect();
        let first = self.log.durable().plus(1);
        let last = self.log.write(&records).and_then(|_| self.log.sync()).map_err(not_appended)?;
        self.index(first, &records);
        self.latest =
            events.iter().map(|event| event.recorded_at).fold(self.latest, Timestamp::max);
        Ok(Appended { first, last })
    }

    /// Indexes what was written.
    fn index(&mut self, first: Position, records: &[Vec<u8>]) {
        let (_, number, seed) = self.log.active();
        if number != self.number {
            let left = std::mem::replace(&mut self.active, Active::from(first));
            self.seal(self.number, left);
            (self.number, self.seed) = (number, seed);
        }
        for ((nth, record), offset) in records.iter().enumerate().zip(self.log.offsets()) {
            let names = Names::of(record).expect("it was encoded just now");
            self.active.push(first.plus(nth as u64), *offset, &names);
        }
    }

    /// Writes the index of a segment that the log has left. If that fails it stays in memory: it can be made
    /// again.
    fn seal(&mut self, number: u64, index: Active) {
        if index.is_empty() {
            return;
        }
        let (first, last, memory) = (index.first(), index.last(), OnceLock::new());
        let file = self.write_index(number, &index).ok();
        let filter = Some(index.filter());
        if file.is_none() {
            drop(memory.set(index));
        }
        self.sealed.push(Segment { number, first, last, file, memory, filter });
        self.keep_to_bounds();
    }

    /// Forgets the filters of the oldest segments if all of them take too much.
    fn keep_to_bounds(&mut self) {
        let mut bytes = 0;
        for segment in self.sealed.iter_mut().rev() {
            bytes += segment.filter.as_ref().map_or(0, Filter::bytes);
            if bytes > self.filter_bytes {
                segment.filter = None;
            }
        }
    }

    /// What has its name is whole, and durable.
    fn write_index(&self, number: u64, index: &Active) -> Result<Sealed, IndexError> {
        let of = Of { log: self.log.id(), segment: number, seed: self.log.seed_of(number)? };
        let (name, unfinished) = (index_name(number), unfinished_index_name(number));
        let names = self.folder.names()?;
        if names.contains(&name)
            && let Ok(known) = Sealed::open(self.folder.open(&name)?, of)
            && (known.first(), known.last()) == (index.first(), index.last())
        {
            return Ok(known);
        }
        for name in [&name, &unfinished].into_iter().filter(|name| names.contains(name)) {
            self.folder.remove(name)?;
        }
        let file = self.folder.create(&unfinished)?;
        write_all(&*file, &index.seal(of), 0)?;
        file.sync()?;
        self.folder.rename(&unfinished, &name)?;
        Sealed::open(file, of)
    }

    /// The index of a segment, made of its events.
    fn index_of(&self, segment: &Segment) -> Result<Active, StoreError> {
        let mut index = Active::from(segment.first);
        let before = Position::new(segment.first.get() - 1);
        for record in self.log.records_from(segment.number, before) {
            let Record { position, place, bytes } = record?;
            if position > segment.last {
                break;
            }
            let names =
                Names::of(&bytes).map_err(|source| StoreError::Event { position, source })?;
            index.push(position, place.offset, &names);
        }
        Ok(index)
    }
}

fn index_name(number: u64) -> String {
    format!("{number:010}.index")
}

fn unfinished_index_name(number: u64) -> String {
    format!("{number:010}.index.unfinished")
}

fn not_appended(error: WriteError) -> AppendError {
    match error {
        WriteError::Closed => AppendError::Closed(JournalFault::new(
            FaultKind::Storage,
            "",
            "see to the disk, and open the journal again",
            error,
        )),
        WriteError::NotWritten(_) => AppendError::NotWritten(error.into()),
        WriteError::Failed(_) => AppendError::Unknown(error.into()),
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        StoreError::Read(error.into())
    }
}
