//! Postings: the events with a key, in their order, each with its type.
//!
//! In a file: how many types there are, and for each its number and its newest event, so that the last event
//! of a rare type under a busy tag costs what one event costs; then how many events there are, and for each
//! how many places it is behind the one before, and its type. All numbers are LEB128.

use std::collections::HashSet;

/// An event with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    /// How far its position is behind that of the first event of the segment.
    pub nth: u32,
    /// The number of its type in this index.
    pub event_type: u32,
}

/// Writes them; they are in order.
pub(super) fn write(postings: &[Posting], out: &mut Vec<u8>) {
    let mut known = HashSet::new();
    let is_newest = |posting: &&Posting| known.insert(posting.event_type);
    let newest: Vec<Posting> = postings.iter().rev().filter(is_newest).copied().collect();
    number(newest.len() as u64, out);
    for Posting { nth, event_type } in newest {
        number(u64::from(event_type), out);
        number(u64::from(nth), out);
    }
    number(postings.len() as u64, out);
    let mut before = 0;
    for Posting { nth, event_type } in postings {
        number(u64::from(nth - before), out);
        number(u64::from(*event_type), out);
        before = *nth;
    }
}

/// The newest event of each type; none if these are no postings.
pub(super) fn newest(bytes: &mut &[u8]) -> Option<Vec<Posting>> {
    let count = read(bytes)?;
    let mut newest = Vec::new();
    for _ in 0..count {
        let event_type = u32::try_from(read(bytes)?).ok()?;
        newest.push(Posting { event_type, nth: u32::try_from(read(bytes)?).ok()? });
    }
    Some(newest)
}

/// All of them, once [`newest`] was read.
pub(super) fn all(bytes: &mut &[u8]) -> Option<Vec<Posting>> {
    let count = read(bytes)?;
    let (mut all, mut nth) = (Vec::new(), 0_u32);
    for _ in 0..count {
        nth = nth.checked_add(u32::try_from(read(bytes)?).ok()?)?;
        all.push(Posting { nth, event_type: u32::try_from(read(bytes)?).ok()? });
    }
    Some(all)
}

pub(super) fn number(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        if number == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}

pub(super) fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
