//! Reading records in their order: each proves itself and its place.

use std::io::ErrorKind;

use bailiwick_core::Position;

use super::frame::{HEADER, Header};
use super::judge::{batches, has_batch};
use super::segment::{NoSegment, Segment, name};
use super::{Log, ReadError};

/// The records of a log up to where it was durable when this was made.
pub struct Records<'a> {
    log: &'a Log,
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

impl Log {
    /// All records that are durable, in their order.
    pub fn records(&self) -> Records<'_> {
        Records {
            log: self,
            number: self.first,
            current: None,
            at: 0,
            end: 0,
            last: Position::START,
            broken: None,
            upto: self.durable,
        }
    }
}

impl Records<'_> {
    fn step(&mut self) -> Result<Option<(Position, Vec<u8>)>, ReadError> {
        while self.last < self.upto {
            if self.at < self.end
                && let Some((segment, bytes)) = &self.current
                && let Some(header) = Header::read(&bytes[self.at..], segment.seed)
            {
                let record = self.at + HEADER..self.at + HEADER + header.len;
                (self.at, self.last) = (self.at + header.frame_bytes(), header.position);
                if header.is_mark() {
                    continue;
                }
                return Ok(Some((header.position, bytes[record].to_vec())));
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
            Segment::open(&*self.log.folder, self.number).map_err(|why| match why {
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

impl Iterator for Records<'_> {
    type Item = Result<(Position, Vec<u8>), ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
