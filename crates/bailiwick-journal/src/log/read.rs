//! Reading records: each proves itself and its place.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;

use bailiwick_core::Position;
use parking_lot::{Mutex, RwLock};

use super::ReadError;
use super::frame::{HEADER, Header};
use super::judge::{batches, has_batch};
use super::segment::{NoSegment, Segment, name};
use crate::files::{Folder, read_up_to};

/// How many segments are kept open to be read.
const OPEN_SEGMENTS: usize = 64;
/// How much is read of a record at first, in bytes: most have no more.
const FIRST_READ: usize = 512;

/// A record of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its position.
    pub position: Position,
    /// Where it stands.
    pub place: Place,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// In which segment.
    pub segment: u64,
    /// Where its frame begins there, in bytes.
    pub offset: u64,
}

/// The segments of a log, to be read by anybody at any time.
pub struct Segments {
    folder: Arc<dyn Folder>,
    /// Their seeds, by their numbers.
    seeds: RwLock<BTreeMap<u64, u64>>,
    /// The one that was used last is the last.
    open: Mutex<Vec<Segment>>,
}

impl Segments {
    /// Those in a folder, with their seeds by their numbers.
    pub(super) fn of(folder: Arc<dyn Folder>, seeds: BTreeMap<u64, u64>) -> Segments {
        Segments { folder, seeds: RwLock::new(seeds), open: Mutex::default() }
    }

    /// The records beyond `last`, which stand in `segment` or behind it, up to `upto`.
    pub fn records(self: &Arc<Self>, segment: u64, last: Position, upto: Position) -> Records {
        let segments = self.clone();
        Records {
            segments,
            number: segment,
            current: None,
            at: 0,
            end: 0,
            last,
            broken: None,
            upto,
        }
    }

    /// The record at a position, which stands there.
    ///
    /// # Errors
    /// If it cannot be read, or is not that record.
    pub fn record(&self, position: Position, place: Place) -> Result<Vec<u8>, ReadError> {
        let Place { segment, offset } = place;
        let damaged = || ReadError::Damaged { file: name(segment), offset };
        let segment = self.segment(segment)?;
        let mut first = [0; FIRST_READ];
        let read = read_up_to(&*segment.file, &mut first, offset)?;
        let header = Header::read(&first[..read], segment.seed).ok_or_else(damaged)?;
        if header.position != position || offset + header.frame_bytes() as u64 > segment.size {
            return Err(damaged());
        }
        let mut record = vec![0; header.len];
        let there = header.len.min(read - HEADER);
        record[..there].copy_from_slice(&first[HEADER..HEADER + there]);
        if there < header.len {
            read_up_to(&*segment.file, &mut record[there..], offset + (HEADER + there) as u64)?;
        }
        if header.checks(&record, segment.seed) { Ok(record) } else { Err(damaged()) }
    }

    /// The seed of a segment; none if there is no such segment.
    pub fn seed_of(&self, number: u64) -> Option<u64> {
        self.seeds.read().get(&number).copied()
    }

    /// The number of the first segment.
    pub fn first(&self) -> u64 {
        self.seeds.read().keys().next().copied().unwrap_or(1)
    }

    /// It is read from here on as it was made.
    pub(super) fn learn(&self, segment: &Segment) {
        self.seeds.write().insert(segment.number, segment.seed);
        self.keep_open(segment);
    }

    fn keep_open(&self, segment: &Segment) {
        let mut open = self.open.lock();
        open.retain(|known| known.number != segment.number);
        if open.len() == OPEN_SEGMENTS {
            open.remove(0);
        }
        open.push(segment.clone());
    }

    fn segment(&self, number: u64) -> Result<Segment, ReadError> {
        let mut open = self.open.lock();
        if let Some(at) = open.iter().rposition(|known| known.number == number) {
            let last = open.len() - 1;
            open[at..].rotate_left(1);
            return Ok(open[last].clone());
        }
        drop(open);
        let segment = self.open(number)?;
        self.keep_open(&segment);
        Ok(segment)
    }

    /// As it is now, whatever it was before.
    pub(super) fn open(&self, number: u64) -> Result<Segment, ReadError> {
        let damaged = ReadError::Damaged { file: name(number), offset: 0 };
        let (_, segment) = Segment::open(&*self.folder, number).map_err(|why| match why {
            NoSegment::Io(error) => ReadError::Io(error),
            NoSegment::Damaged => damaged,
        })?;
        Ok(segment)
    }
}

/// Records of a log in their order.
pub struct Records {
    segments: Arc<Segments>,
    number: u64,
    current: Option<(Segment, Vec<u8>)>,
    /// Where the next record stands, and where the last whole batch of the segment ends.
    at: usize,
    end: usize,
    last: Position,
    /// What is to blame if the log goes on nowhere: where something stands that cannot be read, or else where
    /// the last segment ends that could.
    broken: Option<(u64, u64)>,
    upto: Position,
}

impl Records {
    fn step(&mut self) -> Result<Option<Record>, ReadError> {
        while self.last < self.upto {
            if self.at < self.end
                && let Some((segment, bytes)) = &self.current
                && let Some(header) = Header::read(&bytes[self.at..], segment.seed)
            {
                let record = self.at + HEADER..self.at + HEADER + header.len;
                let place = Place { segment: segment.number, offset: self.at as u64 };
                (self.at, self.last) = (self.at + header.frame_bytes(), header.position);
                if header.is_mark() {
                    continue;
                }
                let bytes = bytes[record].to_vec();
                return Ok(Some(Record { position: header.position, place, bytes }));
            }
            self.next_segment()?;
        }
        Ok(None)
    }

    /// Goes on in the next segment: with the batches that are whole and follow what was read. What stands
    /// behind them was on its way, or is damaged: then what is durable goes on nowhere.
    fn next_segment(&mut self) -> Result<(), ReadError> {
        if let Some((segment, bytes)) = &self.current {
            let stands_something = bytes[self.end..].iter().any(|byte| *byte != 0);
            if stands_something || self.broken.is_none() {
                self.broken = Some((segment.number, self.end as u64));
            }
            self.number += 1;
        }
        let (number, offset) = self.broken.unwrap_or((self.number, 0));
        let damaged = || ReadError::Damaged { file: name(number), offset };
        let (_, segment) =
            Segment::open(&*self.segments.folder, self.number).map_err(|why| match why {
                NoSegment::Io(error) if error.kind() != ErrorKind::NotFound => ReadError::Io(error),
                NoSegment::Io(_) | NoSegment::Damaged => damaged(),
            })?;
        let bytes = segment.contents()?;
        let batches = batches(&bytes, segment.seed, self.last);
        if batches.is_empty() && has_batch(&bytes, segment.seed) {
            // Something before it is missing.
            return Err(damaged());
        }
        if !batches.is_empty() {
            self.broken = None;
        }
        (self.at, self.end) = (batches.start, batches.end);
        self.current = Some((segment, bytes));
        Ok(())
    }
}

impl Iterator for Records {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
