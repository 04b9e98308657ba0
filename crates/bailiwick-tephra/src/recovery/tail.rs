//! Whether what is behind the last whole append was cut off in a crash, or is corrupt.
//!
//! An append is synced before the next one is written. So a crash cuts off one append at most, and
//! what is missing of it reads as zero, because it was never written: everything from some byte on,
//! or, if the disk wrote the rest earlier, something up to the end of a sector. So it is corruption
//! if
//!
//! - more than one append ends behind the damage: at least one of them was acknowledged;
//! - nothing is missing, and it still cannot be read.
//!
//! What this cannot tell from a crash: damage to the last append that looks like bytes that were
//! never written.

use seglog::{COMMIT_MARKER_PAYLOAD, LENGTH_MASK, RECORD_HEAD_SIZE};

use super::walk::{MARKER, Walked, marker, record_at};

/// A disk writes at least so many bytes, from a multiple of it on.
const SECTOR: usize = 512;
/// So many zeros before the end of a sector were not written. No event has as many in a row, unless
/// its payload is binary.
const UNWRITTEN: usize = 8;

/// What is said of corruption.
pub(super) const WHAT: &str = "an event cannot be read, and no crash explains it";

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// There is nothing.
    Clean,
    /// What is there, up to here, was cut off.
    Torn {
        upto: usize,
    },
    Corrupt,
}

pub(super) fn judge(bytes: &[u8], walked: &Walked, base: u64) -> Tail {
    let end = super::end_of(bytes);
    if end <= walked.committed {
        return Tail::Clean;
    }
    let bad = walked.stopped;
    let last_position = base + walked.events - 1;
    let cut_off = match ends(bytes, bad, last_position)[..] {
        [] => {
            is_cut(bytes, bad, end, last_position + walked.open_records)
                || lacks_a_sector(bytes, bad, end)
        }
        [only] => lacks_a_sector(bytes, bad, only),
        _ => false,
    };
    if cut_off { Tail::Torn { upto: end } } else { Tail::Corrupt }
}

/// Where appends end behind `from`: two at most, which is enough to know.
fn ends(bytes: &[u8], from: usize, last_position: u64) -> Vec<usize> {
    let begins_like_one = &marker(0)[..4];
    let behind = bytes.get(from..).unwrap_or_default();
    let candidates = behind.windows(4).enumerate().filter(|(_, four)| *four == begins_like_one);
    let is_end = |at: &usize| {
        let marker = record_at(bytes, *at).and_then(|record| record.marker);
        marker.is_some_and(|position| position > last_position)
    };
    candidates.map(|(at, _)| from + at).filter(is_end).take(2).collect()
}

/// Whether the record at `bad` is there up to `end`, and then nothing.
fn is_cut(bytes: &[u8], bad: usize, end: usize, append_ends_at: u64) -> bool {
    if end <= bad + RECORD_HEAD_SIZE {
        return true;
    }
    let raw = u32::from_le_bytes([bytes[bad], bytes[bad + 1], bytes[bad + 2], bytes[bad + 3]]);
    let length = (raw & LENGTH_MASK) as usize;
    if length == COMMIT_MARKER_PAYLOAD {
        // No event is so short. A marker ends with zeros of its own, but it is known what it is.
        let there = bytes.get(bad..end).unwrap_or_default();
        return there.len() < MARKER && marker(append_ends_at).starts_with(there);
    }
    raw == raw & LENGTH_MASK && end < bad + RECORD_HEAD_SIZE + length
}

/// Whether something from `from` to `to` was not written, up to the end of a sector.
fn lacks_a_sector(bytes: &[u8], from: usize, to: usize) -> bool {
    let mut ends = (from + 1..=to).filter(|end| end.is_multiple_of(SECTOR));
    ends.any(|end| {
        let unwritten = &bytes[from.max(end - UNWRITTEN)..end];
        unwritten.iter().all(|byte| *byte == 0)
    })
}
