//! The log: records in their order, in segments, each once, for ever.
//!
//! 1. A batch is written with one write, and durable with one sync. It is in the log wholly or not at all.
//! 2. Batches are in the order in which they were written, and a batch is written only when everything before it
//!    is durable: so each proves the one before.
//! 3. Whatever fails in between closes the log for writing. Nothing is written after that, so nothing is written
//!    over. It is opened again to see what is there.
//! 4. Opening finds everything that was durable, and leaves out what was on its way. If something is broken that
//!    was durable, or may have been, it names file and offset. See `judge.rs`.
//! 5. What is read proves itself and its place; what does not is an error and never left out.
//!
//! Nothing here is asynchronous: each step is one or a few calls of the [files](crate::files), to be taken by a
//! thread, or by a simulation.

mod ahead;
mod error;
mod follow;
mod frame;
mod judge;
mod open;
mod read;
mod segment;

use std::io;
use std::sync::Arc;

use bailiwick_core::Position;

use crate::files::{Folder, Identity, write_all};
pub use ahead::Ahead;
use ahead::Wanted;
pub use error::{OpenError, ReadError, WriteError};
pub use follow::Follower;
pub use open::Opened;
pub use read::{Place, Record, Records, Segments};
use segment::{FIRST_FRAME, Segment};

/// How a log is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// How large a segment is that is made from now on, in bytes: if it is not said, as large as the first one, which
    /// has 8 MiB then. One batch that is larger has one of its own size.
    pub segment_bytes: Option<u64>,
}

/// Opening reads the segment that is written, and its index is in memory: larger ones make that longer, and smaller ones
/// are more files.
const SEGMENT_BYTES: u64 = 8 * 1_024 * 1_024;

/// Where random numbers come from.
pub type Entropy = Box<dyn FnMut() -> u64 + Send>;

/// A log, open for writing.
pub struct Log {
    folder: Arc<dyn Folder>,
    segments: Arc<Segments>,
    segment_bytes: u64,
    entropy: Entropy,
    id: u128,
    /// The number of the first segment, and of the last.
    first: u64,
    latest: u64,
    active: Segment,
    /// Where the next frame goes.
    end: u64,
    durable: Position,
    /// What was written, and is not durable yet: where it ends, and its last position.
    written: Option<(u64, Position)>,
    ahead: Arc<Ahead>,
    /// A mark says that everything is durable.
    marked: bool,
    closed: bool,
    /// The frames that are written next, and where each of them begins.
    buffer: Vec<u8>,
    frames: Vec<usize>,
}

/// So many bytes are kept for the next batch.
const KEPT_BYTES: usize = 1 << 20;

impl Log {
    /// Which log it is: another one than any that was made apart.
    pub fn id(&self) -> u128 {
        self.id
    }

    /// The last position that is durable.
    pub fn durable(&self) -> Position {
        self.durable
    }

    /// Its segments, to be read.
    pub fn segments(&self) -> &Arc<Segments> {
        &self.segments
    }

    /// All records that are durable, in their order.
    pub fn records(&self) -> Records {
        self.segments.records(self.first, Position::START, self.durable)
    }

    /// Which log and segment is written, and the seed of that.
    pub fn active(&self) -> (u128, u64, u64) {
        (self.id, self.active.number, self.active.seed)
    }

    /// Whether something failed: it takes nothing any more.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Writes a batch. It is durable after [`sync`](Self::sync), and until then nobody may be told of it. Returns
    /// its last position.
    ///
    /// # Errors
    /// [`WriteError::NotWritten`]: nothing was written, and the log is as it was. [`WriteError::Failed`]: it may be
    /// written, and the log is closed.
    ///
    /// # Panics
    /// If there is no record, one is empty or has 1 GiB or more, or the last batch was not synced.
    pub fn write(&mut self, records: &[impl AsRef<[u8]>]) -> Result<Position, WriteError> {
        assert!(!records.is_empty(), "a batch has a record");
        self.make_room(frames_bytes(records.iter().map(|record| record.as_ref().len())))?;
        for record in records {
            self.push(record.as_ref());
        }
        self.write_pushed()
    }

    /// Adds a record to the batch that is [written](Self::write_pushed) next, for which there is
    /// [room](Self::make_room). Returns its position, and where its frame will stand in the active segment, in bytes.
    ///
    /// # Panics
    /// If it is empty, has 1 GiB or more, or there is no room for it.
    pub fn push(&mut self, record: &[u8]) -> (Position, u64) {
        assert!((1..frame::MOST_BYTES).contains(&record.len()), "a record has 1 B to 1 GiB");
        let position = self.durable.plus(self.frames.len() as u64 + 1);
        let (begin, seed) = (self.buffer.len(), self.active.seed);
        self.frames.push(begin);
        // How many follow is not known yet.
        frame::push(record, (position, 0, self.durable), seed, &mut self.buffer);
        let end = self.end + self.buffer.len() as u64;
        assert!(self.written.is_none() && end <= self.active.size, "there is room for it");
        (position, self.end + begin as u64)
    }

    /// Writes what was pushed, if anything was. It is durable after [`sync`](Self::sync), and until then nobody may be
    /// told of it. Returns its last position.
    ///
    /// # Errors
    /// It may be written, and the log is closed.
    pub fn write_pushed(&mut self) -> Result<Position, WriteError> {
        let last = self.durable.plus(self.frames.len() as u64);
        for (behind, begin) in (0..).zip(self.frames.drain(..).rev()) {
            frame::set_left(&mut self.buffer[begin..], behind, self.active.seed);
        }
        if self.closed {
            return Err(WriteError::Closed);
        }
        if self.buffer.is_empty() {
            return Ok(last);
        }
        self.marked = false;
        // Before it is known whether it succeeds: what comes after a failure must not be written.
        self.closed = true;
        write_all(&*self.active.file, &self.buffer, self.end).map_err(WriteError::Failed)?;
        self.closed = false;
        self.written = Some((self.end + self.buffer.len() as u64, last));
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES);
        Ok(last)
    }

    /// Makes durable what was written. Returns the last position.
    ///
    /// # Errors
    /// Nobody knows what is durable now, and the log is closed.
    pub fn sync(&mut self) -> Result<Position, WriteError> {
        if self.closed {
            return Err(WriteError::Closed);
        }
        if let Some((end, last)) = self.written {
            self.closed = true;
            self.active.file.sync().map_err(WriteError::Failed)?;
            self.closed = false;
            (self.end, self.durable, self.written) = (end, last, None);
        }
        Ok(self.durable)
    }

    /// Says behind the last batch that it is durable, for when nothing else comes that does. To be synced, or left
    /// to the system.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn mark(&mut self) -> Result<(), WriteError> {
        if self.closed {
            return Err(WriteError::Closed);
        }
        let mut mark = Vec::new();
        frame::push_mark(self.durable, self.active.seed, &mut mark);
        let has_room = self.end + mark.len() as u64 <= self.active.size;
        let any = self.end > FIRST_FRAME;
        if self.marked || self.written.is_some() || !any || !has_room {
            return Ok(());
        }
        self.closed = true;
        write_all(&*self.active.file, &mark, self.end).map_err(WriteError::Failed)?;
        (self.closed, self.marked) = (false, true);
        self.end += mark.len() as u64;
        Ok(())
    }

    /// Ends well: says that everything is durable, and syncs that.
    ///
    /// # Errors
    /// As [`write`](Self::write) and [`sync`](Self::sync). What was durable is so all the same.
    pub fn close(mut self) -> Result<(), WriteError> {
        self.sync()?;
        self.mark()?;
        self.active.file.sync().map_err(WriteError::Failed)
    }

    /// The next segment, to be made ahead of its use by whoever has the time.
    pub fn ahead(&self) -> &Arc<Ahead> {
        &self.ahead
    }

    /// Which file is written, by its name and whatever its name.
    pub fn file(&self) -> (String, Identity) {
        (segment::name(self.active.number), self.active.identity)
    }

    /// The names of its segments, up to that which is written.
    pub fn files(&self) -> impl Iterator<Item = String> + use<> {
        (self.first..=self.active.number).map(segment::name)
    }

    /// Where the frame of the next record will stand, if there is room for it.
    pub fn next_place(&self) -> Place {
        Place { segment: self.active.number, offset: self.end }
    }

    /// Goes on in the next segment if this one has no room for frames of so many bytes.
    ///
    /// # Errors
    /// [`WriteError::NotWritten`]: there is no room for another segment. The log is as it was.
    ///
    /// # Panics
    /// If the last batch was not synced.
    pub fn make_room(&mut self, bytes: u64) -> Result<(), WriteError> {
        if self.closed {
            return Err(WriteError::Closed);
        }
        assert!(self.written.is_none(), "a batch is written when the one before it is durable");
        // And the mark behind them.
        let bytes = bytes + frame::HEADER as u64;
        while self.end + bytes > self.active.size {
            self.active = self.next_segment(bytes).map_err(WriteError::NotWritten)?;
            self.end = FIRST_FRAME;
            self.latest = self.active.number;
            self.segments.learn(&self.active);
            self.want_segment();
        }
        Ok(())
    }

    /// The next segment, with room for so many bytes.
    fn next_segment(&mut self, bytes: u64) -> io::Result<Segment> {
        let ahead = match self.ahead.take() {
            Some(segment) if FIRST_FRAME + bytes <= segment.size => return Ok(segment),
            ahead => ahead,
        };
        let made = self.wanted(bytes).and_then(|wanted| wanted.make(&*self.folder));
        // Unless the larger one has its name by now.
        let has_its_name = |segment: &Segment| {
            let found = self.folder.identity(&segment::name(segment.number));
            found.is_ok_and(|found| found == segment.identity)
        };
        if made.is_err()
            && let Some(segment) = ahead.filter(has_its_name)
        {
            self.ahead.put_back(segment);
        }
        made
    }

    fn wanted(&mut self, bytes: u64) -> io::Result<Wanted> {
        let size = segment::size_for(self.segment_bytes.max(FIRST_FRAME + bytes))?;
        let (number, seed) = (self.latest + 1, (self.entropy)());
        Ok(Wanted { log: self.id, number, seed, size })
    }

    fn want_segment(&mut self) {
        if let Ok(wanted) = self.wanted(0) {
            self.ahead.want(wanted);
        }
    }
}

/// Nothing of it is made any more: who opens it again makes segments of the same numbers.
impl Drop for Log {
    fn drop(&mut self) {
        drop(self.ahead.take());
    }
}

/// Whether this is the name of a segment.
pub fn is_segment(name: &str) -> bool {
    segment::number_of(name).is_some()
}

/// How many bytes the frames of such records take.
pub fn frames_bytes(records: impl IntoIterator<Item = usize>) -> u64 {
    records.into_iter().map(|record| frame::frame_bytes(record) as u64).sum()
}
