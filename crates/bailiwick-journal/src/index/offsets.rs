//! Where the events of a segment stand in it: a file for each segment that the log has left.
//!
//! Pages are of 512 bytes, since each event that is found costs the reading of one: pages of 4 096 bytes take twice as
//! long to read and to check.

use std::io;
use std::sync::Arc;

use bailiwick_core::{Position, Timestamp};

use super::active::Active;
use super::piece::{Place, SUM, Sink, Source, read};
use super::run::SegmentId;
use super::term::IndexError;
use crate::files::File;

const MAGIC: &[u8; 8] = b"BLWKOFS1";
/// How many offsets are on a page.
const ON_PAGE: usize = 127;
const PAGE: usize = ON_PAGE * 4 + SUM;
/// What is behind the pages, without its checksum.
const FOOTER: usize = 60;

/// The open file of a segment.
pub struct Offsets {
    source: Source,
    first: Position,
    positions: u32,
    latest: Timestamp,
}

impl Active {
    /// Writes where its events stand into a file, from the begin of that, and does not sync it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_offsets(&self, segment: SegmentId, file: &dyn File) -> io::Result<()> {
        let mut sink = Sink::to(file, segment.identity());
        let mut page = Vec::with_capacity(PAGE);
        for offsets in self.offsets.chunks(ON_PAGE) {
            page.clear();
            page.extend(offsets.iter().flat_map(|offset| offset.to_le_bytes()));
            page.resize(PAGE - SUM, 0);
            sink.piece(&page)?;
        }
        let positions = u32::try_from(self.offsets.len()).expect("fewer than 2^32 events");
        sink.piece(&footer(segment, self.first(), positions, self.latest()))?;
        sink.finish()
    }
}

impl Offsets {
    /// Opens the file of a segment.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or belongs to another segment.
    pub fn open(file: Arc<dyn File>, segment: SegmentId) -> Result<Offsets, IndexError> {
        let size = file.size()?;
        let source = Source { file, identity: segment.identity(), size };
        let at = size.checked_sub((FOOTER + SUM) as u64).ok_or(IndexError::Damaged)?;
        let found = source.piece(Place { at, bytes: FOOTER as u64 })?;
        let first = u64::from_le_bytes(found[40..48].try_into().expect("8 bytes"));
        let positions = u32::from_le_bytes(found[48..52].try_into().expect("4 bytes"));
        let first = Position::new(first);
        let latest = u64::from_le_bytes(found[52..60].try_into().expect("8 bytes"));
        let latest = Timestamp::from_millis(latest);
        if found != footer(segment, first, positions, latest) || first == Position::START {
            return Err(IndexError::Damaged);
        }
        Ok(Offsets { source, first, positions, latest })
    }

    /// The position of the first event.
    pub fn first(&self) -> Position {
        self.first
    }

    /// That of the last; the one before the first if there is none.
    pub fn last(&self) -> Position {
        Position::new(self.first.get() + u64::from(self.positions) - 1)
    }

    /// The latest time at which one of its events was recorded.
    pub fn latest(&self) -> Timestamp {
        self.latest
    }

    /// Where an event stands in the segment, in bytes; none if there is none.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn offset(&self, nth: u32) -> Result<Option<u64>, IndexError> {
        if nth >= self.positions {
            return Ok(None);
        }
        let (number, nth) = (nth as usize / ON_PAGE, nth as usize % ON_PAGE);
        let (mut page, at) = ([0; PAGE], (number * PAGE) as u64);
        read(&*self.source.file, &mut page, at)?;
        let (offsets, sum) = page.split_at(PAGE - SUM);
        if self.source.identity.checksum(at, offsets) != sum {
            return Err(IndexError::Damaged);
        }
        let offset = offsets[nth * 4..nth * 4 + 4].try_into().expect("4 bytes");
        let offset = u64::from(u32::from_le_bytes(offset));
        Ok(Some(offset).filter(|offset| *offset > 0))
    }
}

fn footer(segment: SegmentId, first: Position, positions: u32, latest: Timestamp) -> [u8; FOOTER] {
    let mut footer = [0; FOOTER];
    footer[..8].copy_from_slice(MAGIC);
    footer[8..24].copy_from_slice(&segment.log.to_le_bytes());
    footer[24..32].copy_from_slice(&segment.number.to_le_bytes());
    footer[32..40].copy_from_slice(&segment.seed.to_le_bytes());
    footer[40..48].copy_from_slice(&first.get().to_le_bytes());
    footer[48..52].copy_from_slice(&positions.to_le_bytes());
    footer[52..60].copy_from_slice(&latest.as_millis().to_le_bytes());
    footer
}
