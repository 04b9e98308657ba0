//! What is in a segment, and whether what is broken in it may be left out. Pure.
//!
//! A batch is written only when everything before it is durable. So at most the last batch of a log was on its
//! way when the power went, and nobody was told of it. It is left where it is, and left out; anything else that is
//! broken was acknowledged, and is refused by name. Of a broken batch it is known that it was on its way if
//! - nothing behind it says that it was durable, by a frame or a [mark](super::frame::Header::is_mark), and
//! - it looks torn: part of a sector where it is broken is zero, as the segment was before; or it ends too early,
//!   as after a write that was short. A disk writes a sector wholly or not at all: where none is missing, all
//!   arrived, and something else has broken it.
//!
//! What is not told apart: something that breaks the last batch before the mark behind it is durable, where that
//! batch has a sector of nothing but zeros, or ends with zeros.

use std::ops::Range;

use bailiwick_core::Position;

use super::frame::{ALIGN, HEADER, Header};
use super::segment::FIRST_FRAME;

/// The least that a disk writes wholly or not at all, in bytes.
const SECTOR: usize = 512;

/// What is in a segment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contents {
    /// The last position in it, or before it; none if that is not known.
    pub(super) last: Option<Position>,
    /// Whether it has a record.
    pub(super) any: bool,
    /// Where the last batch begins, or the mark before it.
    pub(super) last_batch: usize,
    /// Where the next one goes.
    pub(super) end: usize,
    /// A mark says that all of it is durable.
    pub(super) marked: bool,
    /// There stands a batch that was on its way.
    pub(super) torn: bool,
}

/// Something is broken there that may have been acknowledged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) offset: usize,
}

/// How the frames of a segment end.
enum Ending {
    /// With zeros.
    Clean,
    Bad(Bad),
}

/// What is wrong with a frame.
#[derive(Clone, Copy)]
enum Bad {
    Header,
    /// Its record, which is so long.
    Record(usize),
    /// It is whole, and not what should be there.
    Order,
}

/// Judges the end of a log. `last`: the last position before this segment. Only if it [has a batch](has_batch)
/// that need not be known.
///
/// # Errors
/// If something is broken that may have been acknowledged.
pub(super) fn judge(bytes: &[u8], seed: u64, last: Option<Position>) -> Result<Contents, Broken> {
    let begin = begin();
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(begin, |at| begin.max(at + 1));
    let (mut found, ending, at) = walk(bytes, seed, last, begin..end);
    let is_torn = match ending {
        Ending::Clean => return Ok(found),
        Ending::Bad(Bad::Header) => is_torn(bytes, at..at + HEADER, end),
        Ending::Bad(Bad::Record(len)) => is_torn(bytes, at + HEADER..at + HEADER + len, end),
        Ending::Bad(Bad::Order) => false,
    };
    // A header may end with zeros.
    let behind = &bytes[found.end..(end + HEADER).clamp(found.end, bytes.len())];
    if !is_torn || says_durable(behind, seed, found.last) {
        return Err(Broken { offset: at });
    }
    found.torn = true;
    Ok(found)
}

/// Where the first frame stands.
pub(super) fn begin() -> usize {
    usize::try_from(FIRST_FRAME).expect("a small number")
}

/// Whether there is a whole batch at the beginning.
pub(super) fn has_batch(bytes: &[u8], seed: u64) -> bool {
    walk(bytes, seed, None, begin()..bytes.len()).0.any
}

/// Where the whole batches stand that follow `last`.
pub(super) fn batches(bytes: &[u8], seed: u64, last: Position) -> Range<usize> {
    begin()..walk(bytes, seed, Some(last), begin()..bytes.len()).0.end
}

/// Goes from frame to frame. Returns how they end, and where.
fn walk(
    bytes: &[u8],
    seed: u64,
    last: Option<Position>,
    Range { start: begin, end }: Range<usize>,
) -> (Contents, Ending, usize) {
    let (any, marked, torn) = (false, false, false);
    let mut found = Contents { last, any, last_batch: begin, end: begin, marked, torn };
    let (mut at, mut previous, mut left) = (begin, last, 0);
    let mut batch_end = begin;
    loop {
        if at >= end && left == 0 {
            return (found, Ending::Clean, at);
        }
        let header = match frame_at(bytes, at, seed) {
            Ok(header) => header,
            Err(bad) => return (found, Ending::Bad(bad), at),
        };
        let follows = previous.is_none_or(|previous| header.position == previous.plus(1));
        if header.is_mark() && left == 0 && previous == Some(header.position) {
            at += HEADER;
            (found.end, found.marked) = (at, true);
            continue;
        }
        if header.is_mark() || !follows || (left > 0 && header.left + 1 != left) {
            return (found, Ending::Bad(Bad::Order), at);
        }
        (previous, left) = (Some(header.position), header.left);
        at += header.frame_bytes();
        if left == 0 {
            (found.last_batch, found.end) = (batch_end, at);
            batch_end = at;
            (found.last, found.any, found.marked) = (previous, true, false);
        }
    }
}

fn frame_at(bytes: &[u8], at: usize, seed: u64) -> Result<Header, Bad> {
    let bytes = bytes.get(at..).unwrap_or_default();
    let header = Header::read(bytes, seed).ok_or(Bad::Header)?;
    match bytes.get(HEADER..HEADER + header.len) {
        Some(record) if header.checks(record, seed) => Ok(header),
        Some(_) => Err(Bad::Record(header.len)),
        None => Err(Bad::Order),
    }
}

/// Whether the part of a sector in this range is as it was before anything was written, or nothing is from
/// `end` on, within it.
fn is_torn(bytes: &[u8], range: Range<usize>, end: usize) -> bool {
    if end < range.end {
        return true;
    }
    let range = range.start..range.end.min(bytes.len());
    let sectors = range.start / SECTOR..range.end.div_ceil(SECTOR);
    sectors.map(|sector| sector * SECTOR).any(|begin| {
        let part = begin.max(range.start)..(begin + SECTOR).min(range.end);
        bytes[part].iter().all(|byte| *byte == 0)
    })
}

/// Whether a frame in here says that something beyond `last` was durable.
fn says_durable(bytes: &[u8], seed: u64, last: Option<Position>) -> bool {
    let headers = (0..bytes.len()).step_by(ALIGN);
    let mut headers = headers.filter_map(|at| Header::read(&bytes[at..], seed));
    headers.any(|header| Some(header.durable) > last)
}

#[cfg(test)]
mod tests {
    use super::super::frame::{push, push_mark};
    use super::*;

    const SEED: u64 = 11;
    const SIZE: usize = 16 * 1_024;
    #[expect(clippy::cast_possible_truncation, reason = "it is small")]
    const BEGIN: usize = FIRST_FRAME as usize;

    /// A segment with so many batches of three records, the last of them as long as `last`; and where they end.
    fn segment(batches: u64, last: usize, mark: bool) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = vec![0; BEGIN];
        let mut ends = vec![bytes.len()];
        for batch in 0..batches {
            let durable = Position::new(batch * 3);
            for nth in 0..3_u32 {
                let len = if batch + 1 == batches { last } else { 50 };
                let record = vec![b"abc"[nth as usize]; len];
                let position = durable.plus(u64::from(nth) + 1);
                push(&record, (position, 2 - nth, durable), SEED, &mut bytes);
            }
            ends.push(bytes.len());
        }
        if mark {
            push_mark(Position::new(batches * 3), SEED, &mut bytes);
        }
        bytes.resize(SIZE, 0);
        (bytes, ends)
    }

    fn judged(bytes: &[u8]) -> Result<Contents, Broken> {
        judge(bytes, SEED, Some(Position::START))
    }

    #[test]
    fn what_is_whole_is_kept() {
        for mark in [false, true] {
            let (bytes, ends) = segment(3, 700, mark);
            let found = judged(&bytes).expect("it is whole");
            assert_eq!(found.last, Some(Position::new(9)));
            assert_eq!(found.last_batch, ends[2]);
            assert_eq!(found.end, ends[3] + if mark { HEADER } else { 0 });
            assert!(!found.torn);
        }
        let found = judged(&segment(0, 0, false).0).expect("it is empty");
        assert_eq!((found.any, found.last), (false, Some(Position::START)));
    }

    /// Whichever sectors of the last batch are missing, it is left out, and nothing else.
    #[test]
    fn a_torn_batch_is_left_out() {
        let (whole, ends) = segment(3, 700, false);
        let (before, end) = (ends[2], ends[3]);
        let sectors: Vec<_> = (before / SECTOR..end.div_ceil(SECTOR)).collect();
        for missing in 1_u32..1 << sectors.len() {
            let mut bytes = whole.clone();
            for (nth, sector) in sectors.iter().enumerate() {
                if missing & (1 << nth) != 0 {
                    bytes[(sector * SECTOR).max(before)..(sector + 1) * SECTOR].fill(0);
                }
            }
            let found = judged(&bytes).unwrap_or_else(|broken| panic!("{missing:b}: {broken:?}"));
            assert_eq!((found.last, found.end), (Some(Position::new(6)), before));
            assert_eq!(found.torn, bytes[before..].iter().any(|byte| *byte != 0));
        }
    }

    /// No bit of what was acknowledged can be flipped unseen, once the mark behind it is durable.
    #[test]
    fn what_was_acknowledged_is_never_left_out() {
        let (whole, ends) = segment(3, 700, true);
        let last = ends[3];
        for bit in (BEGIN * 8..last * 8).step_by(3) {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            match judged(&bytes) {
                Err(broken) => assert!(broken.offset <= bit / 8, "bit {bit}"),
                // What fills a frame up is nobody's.
                Ok(found) => assert_eq!(found.last, Some(Position::new(9)), "bit {bit}"),
            }
        }
    }
}
