//! Following a log that another process writes: what is certainly durable, and nothing else.
//!
//! What stands in a segment may not be synced yet. It is believed up to where a frame or a mark behind it says that it
//! was durable, and left alone until then: if the power goes, something else may stand there afterwards, or the log
//! goes on in the next segment as if it was not there.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::sync::Arc;

use bailiwick_core::Position;

use super::frame::{HEADER, Header};
use super::segment::{FIRST_FRAME, Segment, name};
use super::{Place, ReadError, Record, Segments};
use crate::files::read_up_to;

/// How much is read at once, in bytes; more only of a record that is larger.
const READ: usize = 256 * 1_024;

/// A reader beside the writer. It changes nothing.
pub struct Follower {
    segments: Arc<Segments>,
    current: Segment,
    /// Where the next frame stands, or will.
    at: u64,
    /// Something of it was given.
    begun: bool,
    /// The last position that was given.
    given: Position,
    /// Everything up to here is durable, as something says that was read.
    durable: Position,
    /// What stands behind what was given, as far as it was read.
    unproven: VecDeque<Record>,
}

impl Follower {
    /// Begins behind `given`, which is before the first record of `segment`.
    ///
    /// # Errors
    /// If the segment cannot be read.
    pub fn behind(
        segments: Arc<Segments>,
        segment: u64,
        given: Position,
    ) -> Result<Follower, ReadError> {
        let (current, at, unproven) = (segments.open(segment)?, FIRST_FRAME, VecDeque::new());
        Ok(Follower { segments, current, at, begun: false, given, durable: given, unproven })
    }

    /// The next record that is certainly durable; none if there is none yet.
    ///
    /// # Errors
    /// If something cannot be read.
    pub fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        loop {
            if let Some(record) = self.proven() {
                return Ok(Some(record));
            }
            if self.read()? {
                continue;
            }
            let Some((next, durable)) = self.next_segment()? else {
                if self.is_replaced()? {
                    continue;
                }
                return Ok(None);
            };
            self.durable = self.durable.max(durable);
            if self.given == durable {
                // What stands behind it here was on its way when the power went.
                self.unproven.clear();
                self.segments.learn(&next);
                (self.current, self.at, self.begun) = (next, FIRST_FRAME, false);
            } else if self.unproven.is_empty() && !self.read()? {
                let (file, offset) = (name(self.current.number), self.at);
                return Err(ReadError::Damaged { file, offset });
            }
        }
    }

    fn proven(&mut self) -> Option<Record> {
        let record = self.unproven.pop_front_if(|record| record.position <= self.durable)?;
        (self.given, self.begun) = (record.position, true);
        Some(record)
    }

    /// Reads what stands behind what was read. Whether that was anything that is whole.
    fn read(&mut self) -> Result<bool, ReadError> {
        let (mut bytes, before) = (vec![0; READ], self.at);
        let read = read_up_to(&*self.current.file, &mut bytes, self.at)?;
        bytes.truncate(read);
        let mut at = 0;
        while let Some(header) =
            bytes.get(at..).and_then(|rest| Header::read(rest, self.current.seed))
        {
            let place = Place { segment: self.current.number, offset: before + at as u64 };
            let end = at + HEADER + header.len;
            let record = match bytes.get(at + HEADER..end) {
                Some(record) => record.to_vec(),
                None if at > 0 => break,
                None => self.long_record(header.len)?,
            };
            if !header.checks(&record, self.current.seed) || !self.follows(&header) {
                // It is being written, or was on its way when the power went.
                break;
            }
            self.durable = self.durable.max(header.durable);
            at += header.frame_bytes();
            if !header.is_mark() {
                let position = header.position;
                self.unproven.push_back(Record { position, place, bytes: record });
            }
        }
        self.at = before + at as u64;
        Ok(at > 0)
    }

    /// Whether a frame is the next one. One that is not is of a batch that was torn, and left.
    fn follows(&self, header: &Header) -> bool {
        let last = self.unproven.back().map_or(self.given, |record| record.position);
        match header.is_mark() {
            true => header.position == last,
            false => header.position == last.plus(1) && header.durable <= last,
        }
    }

    fn long_record(&self, len: usize) -> Result<Vec<u8>, ReadError> {
        let left = self.current.size.saturating_sub(self.at + HEADER as u64);
        let mut record = vec![0; len.min(usize::try_from(left).unwrap_or(usize::MAX))];
        read_up_to(&*self.current.file, &mut record, self.at + HEADER as u64)?;
        Ok(record)
    }

    /// The next segment that has a frame, and up to where everything was durable when that was written.
    fn next_segment(&self) -> Result<Option<(Segment, Position)>, ReadError> {
        for number in self.current.number + 1.. {
            // Anew: one without a frame may have been replaced.
            let next = match self.segments.open(number) {
                Ok(next) => next,
                Err(ReadError::Io(error)) if error.kind() == ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            };
            let mut header = [0; HEADER];
            read_up_to(&*next.file, &mut header, FIRST_FRAME)?;
            if let Some(header) = Header::read(&header, next.seed) {
                return Ok(Some((next, header.durable)));
            }
        }
        Ok(None)
    }

    /// Whether the segment was made anew, as the writer does at its start with one that has no batch; then it is read
    /// from its begin.
    fn is_replaced(&mut self) -> Result<bool, ReadError> {
        if self.begun {
            return Ok(false);
        }
        let current = self.segments.open(self.current.number)?;
        if current.identity == self.current.identity {
            return Ok(false);
        }
        self.unproven.clear();
        self.segments.learn(&current);
        (self.current, self.at) = (current, FIRST_FRAME);
        Ok(true)
    }
}
