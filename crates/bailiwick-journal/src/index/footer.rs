//! What is at the end of the file of an index: of what it is, and where all else is.

use bailiwick_core::Position;

use super::piece::{Place, SUM};
use super::run::Run;

const MAGIC: &[u8; 8] = b"BLWKIDX2";
/// Without its checksum.
pub(super) const FOOTER: usize = 128 - SUM;

/// It stands at the end so that a file is written from its begin to its end, and one that lacks its end is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) run: Run,
    pub(super) first: Position,
    pub(super) positions: u32,
    pub(super) height: u32,
    pub(super) root: Place,
    pub(super) types: Place,
    /// Where its pages begin.
    pub(super) filter: u64,
    pub(super) filter_pages: u32,
    /// How many terms and pairs are in it.
    pub(super) filter_count: u64,
}

impl Footer {
    pub(super) fn bytes(&self) -> [u8; FOOTER] {
        let Run { log, first, last, seeds } = self.run;
        let mut bytes = [0; FOOTER];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..24].copy_from_slice(&log.to_le_bytes());
        let long = [
            (24, first),
            (32, last),
            (48, self.first.get()),
            (64, self.root.at),
            (72, self.root.bytes),
            (80, self.types.at),
            (88, self.types.bytes),
            (96, self.filter),
            (104, self.filter_count),
        ];
        for (at, number) in long {
            bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        let short = [(40, seeds), (44, self.positions), (56, self.height), (60, self.filter_pages)];
        for (at, number) in short {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// Of the index of a run; none if this is none.
    pub(super) fn of(bytes: &[u8], run: Run) -> Option<Footer> {
        let bytes: &[u8; FOOTER] = bytes.try_into().ok()?;
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let short = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let footer = Footer {
            run,
            first: Position::new(long(48)),
            positions: short(44),
            height: short(56),
            root: Place { at: long(64), bytes: long(72) },
            types: Place { at: long(80), bytes: long(88) },
            filter: long(96),
            filter_pages: short(60),
            filter_count: long(104),
        };
        let is_whole =
            footer.bytes() == *bytes && footer.first > Position::START && footer.filter_pages > 0;
        is_whole.then_some(footer)
    }
}
