//! The chunks of a long list, of which those are read that are asked for.

use std::ops::Range;

use super::list::{Chunked, ENTRY, ON_PAGE, decode};
use super::piece::{Place, SUM, Source};
use super::term::{IndexError, Posting};

/// Reads the chunks of a list.
pub(super) struct Chunks<'a> {
    source: &'a Source,
    list: Chunked,
    /// The page of the directory that was read last.
    page: Option<(u32, Vec<u8>)>,
}

impl<'a> Chunks<'a> {
    pub(super) fn of(source: &'a Source, list: Chunked) -> Chunks<'a> {
        Chunks { source, list, page: None }
    }

    /// The events of a chunk, instead of those of another.
    pub(super) fn read(&mut self, number: u32, out: &mut Vec<Posting>) -> Result<(), IndexError> {
        let place = if self.list.chunks == 1 { self.list.place } else { self.entry(number)?.1 };
        out.clear();
        let chunk = self.source.piece(place)?;
        decode(&chunk, self.list.only_type, out).ok_or(IndexError::Damaged)
    }

    /// The last of these chunks that begins not beyond an event; none if all do.
    pub(super) fn last_from(
        &mut self,
        chunks: Range<u32>,
        nth: u32,
    ) -> Result<Option<u32>, IndexError> {
        let (mut low, mut high) = (chunks.start, chunks.end);
        if low < high && self.begins_by(high - 1, nth)? {
            return Ok(Some(high - 1));
        }
        // It is mostly near the first: so a read of the directory mostly does.
        let mut step = 1;
        while low < high {
            let at = (low + step - 1).min(low + (high - low) / 2);
            if self.begins_by(at, nth)? {
                (low, step) = (at + 1, step * 2);
            } else {
                high = at;
            }
        }
        Ok(low.checked_sub(1).filter(|last| *last >= chunks.start))
    }

    fn begins_by(&mut self, number: u32, nth: u32) -> Result<bool, IndexError> {
        // A single one has no directory, and is read in any case.
        Ok(self.list.chunks == 1 || self.entry(number)?.0 <= nth)
    }

    fn entry(&mut self, number: u32) -> Result<(u32, Place), IndexError> {
        let (page, nth) = (number / ON_PAGE, (number % ON_PAGE) as usize);
        if self.page.as_ref().is_none_or(|(known, _)| *known != page) {
            let entries = (self.list.chunks - page * ON_PAGE).min(ON_PAGE);
            let full = ON_PAGE as usize * ENTRY + SUM;
            let at = self.list.place.at + u64::from(page) * full as u64;
            let bytes = u64::from(entries) * ENTRY as u64;
            self.page = Some((page, self.source.piece(Place { at, bytes })?));
        }
        let entry = self.page.as_ref().and_then(|(_, page)| page.get(nth * ENTRY..)?.first_chunk());
        let entry: &[u8; ENTRY] = entry.ok_or(IndexError::Damaged)?;
        let short = |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().expect("4 bytes"));
        let at = u64::from_le_bytes(entry[8..].try_into().expect("8 bytes"));
        Ok((short(0), Place { at, bytes: u64::from(short(4)) }))
    }
}
