//! Walking over the records of a segment, as tephra does when it opens it.
//!
//! A segment is a header, and then appends: records, each with its length and a check sum, and a
//! *marker* that says which position the append ends at. What is not yet written is zero.

use seglog::{
    COMMIT_MARKER_PAYLOAD, CONTROL_FLAG, LENGTH_MASK, RECORD_HEAD_SIZE, calculate_crc32c, control,
};
use tephra::log::header::SEGMENT_HEADER_SIZE;

/// The size of a marker, in bytes.
pub(super) const MARKER: usize = RECORD_HEAD_SIZE + COMMIT_MARKER_PAYLOAD;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Walked {
    /// Where the last whole append begins, and where it ends.
    pub(super) last_append: usize,
    pub(super) committed: usize,
    /// How many events there are up to there.
    pub(super) events: u64,
    /// How many whole records are behind it, of an append without its end.
    pub(super) open_records: u64,
    /// Where the first record is that is not whole.
    pub(super) stopped: usize,
}

/// Walks from the first record to the first that is not whole.
pub(super) fn walk(bytes: &[u8]) -> Walked {
    walk_upto(bytes, u64::MAX)
}

/// The same, but not beyond the append with which there are so many events.
pub(super) fn walk_upto(bytes: &[u8], events: u64) -> Walked {
    let start = SEGMENT_HEADER_SIZE;
    let mut walked =
        Walked { last_append: start, committed: start, events: 0, open_records: 0, stopped: start };
    while walked.events < events
        && let Some(record) = record_at(bytes, walked.stopped)
    {
        walked.stopped += record.bytes;
        if record.marker.is_some() {
            walked.last_append = walked.committed;
            walked.committed = walked.stopped;
            walked.events += std::mem::take(&mut walked.open_records);
        } else if !record.control {
            walked.open_records += 1;
        }
    }
    walked
}

pub(super) struct WholeRecord {
    bytes: usize,
    control: bool,
    /// The position that it says the append ends at.
    pub(super) marker: Option<u64>,
}

/// The record there, if it is whole.
pub(super) fn record_at(bytes: &[u8], at: usize) -> Option<WholeRecord> {
    let head = bytes.get(at..at.checked_add(RECORD_HEAD_SIZE)?)?;
    if head.iter().all(|byte| *byte == 0) {
        return None;
    }
    let (length, sum) = head.split_at(4);
    let length: [u8; 4] = length.try_into().ok()?;
    let raw = u32::from_le_bytes(length);
    if raw & !(CONTROL_FLAG | LENGTH_MASK) != 0 {
        return None;
    }
    let payload_at = at + RECORD_HEAD_SIZE;
    let payload = bytes.get(payload_at..payload_at + (raw & LENGTH_MASK) as usize)?;
    if calculate_crc32c(&length, &[], payload).to_le_bytes() != *sum {
        return None;
    }
    let control = raw & CONTROL_FLAG != 0;
    let is_marker = control && payload.len() == COMMIT_MARKER_PAYLOAD;
    let marker = match payload.split_first() {
        Some((&control::BATCH_COMMIT, position)) if is_marker => {
            Some(u64::from_le_bytes(position.try_into().ok()?))
        }
        _ => None,
    };
    Some(WholeRecord { bytes: RECORD_HEAD_SIZE + payload.len(), control, marker })
}

/// The marker of an append that ends at `position`.
pub(super) fn marker(position: u64) -> [u8; MARKER] {
    let mut marker = [0; MARKER];
    let payload_bytes = u32::try_from(COMMIT_MARKER_PAYLOAD).unwrap_or(u32::MAX);
    let length = (payload_bytes | CONTROL_FLAG).to_le_bytes();
    marker[RECORD_HEAD_SIZE] = control::BATCH_COMMIT;
    marker[RECORD_HEAD_SIZE + 1..].copy_from_slice(&position.to_le_bytes());
    let sum = calculate_crc32c(&length, &[], &marker[RECORD_HEAD_SIZE..]);
    marker[..4].copy_from_slice(&length);
    marker[4..RECORD_HEAD_SIZE].copy_from_slice(&sum.to_le_bytes());
    marker
}
