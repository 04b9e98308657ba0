//! Frames: how a record stands in a segment. See `docs/journal-format.md`.
//!
//! 1. A frame proves itself: its header has a checksum of its own, and one of what follows. Both begin with
//!    the seed of the segment, so that nothing of another segment, or of an older use of the same blocks, passes.
//! 2. A frame proves its place: its position is in its header.
//! 3. A frame proves what came before: it says up to which position everything was durable when it was written.

use bailiwick_core::Position;

/// A header has so many bytes.
pub(super) const HEADER: usize = 32;
/// Where a frame begins is a multiple of this.
pub(super) const ALIGN: usize = 8;
/// Of a record, in bytes.
pub(super) const MOST_BYTES: usize = 1 << 30;

/// What stands before a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) position: Position,
    /// How many more frames of the same batch follow.
    pub(super) left: u32,
    /// Everything up to here was durable when the frame was written.
    pub(super) durable: Position,
    /// How long the record is.
    pub(super) len: usize,
    checksum: u32,
}

impl Header {
    /// Reads a header; none if it is no header of this segment.
    pub(super) fn read(bytes: &[u8], seed: u64) -> Option<Header> {
        let (header, _) = bytes.split_first_chunk::<HEADER>()?;
        let checksum = number(&header[28..32]);
        if checksum != of_bytes(&header[..28], seed) {
            return None;
        }
        let position = u64::from_le_bytes(header[..8].try_into().ok()?);
        let durable = u64::from_le_bytes(header[8..16].try_into().ok()?);
        let (len, left) = (number(&header[16..20]), number(&header[20..24]));
        Some(Header {
            position: Position::new(position),
            left,
            durable: Position::new(durable),
            len: len as usize,
            checksum: number(&header[24..28]),
        })
    }

    /// A mark: it has no record, and says that everything before it is durable.
    pub(super) fn is_mark(&self) -> bool {
        self.len == 0
    }

    /// How many bytes the whole frame takes.
    pub(super) fn frame_bytes(&self) -> usize {
        frame_bytes(self.len)
    }

    /// Whether this is its record.
    pub(super) fn checks(&self, record: &[u8], seed: u64) -> bool {
        record.len() == self.len && self.checksum == of_bytes(record, seed)
    }
}

/// How many bytes a frame takes whose record is so long.
pub(super) fn frame_bytes(record: usize) -> usize {
    (HEADER + record).next_multiple_of(ALIGN)
}

/// Writes the frame of a record at the end of `out`.
pub(super) fn push(
    record: &[u8],
    (position, left, durable): (Position, u32, Position),
    seed: u64,
    out: &mut Vec<u8>,
) {
    let begin = out.len();
    let len = u32::try_from(record.len()).expect("a record is shorter than 1 GiB");
    out.extend_from_slice(&position.get().to_le_bytes());
    out.extend_from_slice(&durable.get().to_le_bytes());
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&left.to_le_bytes());
    out.extend_from_slice(&of_bytes(record, seed).to_le_bytes());
    let checksum = of_bytes(&out[begin..], seed);
    out.extend_from_slice(&checksum.to_le_bytes());
    out.extend_from_slice(record);
    out.resize(out.len().next_multiple_of(ALIGN), 0);
}

/// Says in a frame that was written how many follow.
pub(super) fn set_left(frame: &mut [u8], left: u32, seed: u64) {
    frame[20..24].copy_from_slice(&left.to_le_bytes());
    let checksum = of_bytes(&frame[..28], seed);
    frame[28..32].copy_from_slice(&checksum.to_le_bytes());
}

/// Writes a mark: everything up to `durable` is.
pub(super) fn push_mark(durable: Position, seed: u64, out: &mut Vec<u8>) {
    push(&[], (durable, 0, durable), seed, out);
}

fn of_bytes(bytes: &[u8], seed: u64) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&seed.to_le_bytes()), bytes)
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 7;

    fn framed(record: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push(record, (Position::new(5), 2, Position::new(3)), SEED, &mut out);
        out
    }

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        for len in [1, 7, 8, 9, 1_000] {
            let record = vec![b'x'; len];
            let bytes = framed(&record);
            assert_eq!(bytes.len(), frame_bytes(len));
            let header = Header::read(&bytes, SEED).expect("a header");
            assert_eq!((header.position.get(), header.left, header.durable.get()), (5, 2, 3));
            assert!(header.checks(&bytes[HEADER..HEADER + len], SEED));
            assert!(!header.is_mark());
        }
    }

    #[test]
    fn every_flipped_bit_of_a_frame_is_seen() {
        let bytes = framed(b"a record");
        for bit in 0..(HEADER + 8) * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let whole = Header::read(&flipped, SEED)
                .is_some_and(|header| header.checks(&flipped[HEADER..HEADER + 8], SEED));
            assert!(!whole, "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_segment_is_none() {
        let bytes = framed(b"a record");
        assert_eq!(Header::read(&bytes, SEED + 1), None);
        assert_eq!(Header::read(&[0; HEADER], SEED), None);
        assert_eq!(Header::read(&bytes[..HEADER - 1], SEED), None);
    }
}
