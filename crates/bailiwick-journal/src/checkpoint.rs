//! The file with the outline of the segments that the log has left. See `docs/journal-format.md`.
//!
//! 1. It is derived: whoever deletes it loses time, and nothing else.
//! 2. It is read wholly as it was written, or it is none.
//! 3. It says of which log it is, and up to where. Whether that log is still there is up to whoever reads it.

use std::io;

use bailiwick_core::Position;
use bailiwick_core::journal::Outline;

use crate::files::{File, Folder, read_up_to, write_all};
use crate::index::{SegmentId, install};

/// Its name.
pub(crate) const FILE: &str = "checkpoint";
const MAGIC: &[u8; 8] = b"BLWKCHK1";
/// What stands before the outline, in bytes.
const HEADER: usize = 64;

/// Up to where a checkpoint comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Covered {
    /// The last segment.
    pub(crate) segment: SegmentId,
    /// The last position in it, or before it if it has none.
    pub(crate) upto: Position,
}

/// Up to where the one in a folder comes; none if there is none, or it is damaged at its beginning.
pub(crate) fn covered(folder: &dyn Folder) -> io::Result<Option<Covered>> {
    let file = match folder.open(FILE) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    Ok(header(&*file)?.map(|(covered, ..)| covered))
}

/// The outline in the file, if it is whole and covers just that.
pub(crate) fn read(folder: &dyn Folder, expected: Covered) -> io::Result<Option<Outline>> {
    let file = folder.open(FILE)?;
    let Some((covered, length, checksum)) = header(&*file)? else { return Ok(None) };
    if covered != expected || file.size()? != HEADER as u64 + length {
        return Ok(None);
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    let read = read_up_to(&*file, &mut bytes, HEADER as u64)?;
    if read < bytes.len() || crc32c::crc32c(&bytes) != checksum {
        return Ok(None);
    }
    Ok(Outline::decode(&bytes).ok().filter(|outline| outline.upto() == covered.upto))
}

/// Writes it, in the place of the one that is there.
pub(crate) fn write(folder: &dyn Folder, covered: Covered, outline: &Outline) -> io::Result<()> {
    let mut bytes = vec![0; HEADER];
    outline.encode(&mut bytes);
    let (length, checksum) = (bytes.len() - HEADER, crc32c::crc32c(&bytes[HEADER..]));
    bytes[..HEADER].copy_from_slice(&encode(covered, length as u64, checksum));
    install(folder, FILE, |file| write_all(file, &bytes, 0)).map(drop)
}

/// What the file says it covers, how long its outline is, and the checksum of that.
fn header(file: &dyn File) -> io::Result<Option<(Covered, u64, u32)>> {
    let mut header = [0; HEADER];
    let read = read_up_to(file, &mut header, 0)?;
    let long = |at: usize| u64::from_le_bytes(header[at..at + 8].try_into().expect("8 bytes"));
    let log = u128::from_le_bytes(header[8..24].try_into().expect("16 bytes"));
    let segment = SegmentId { log, number: long(24), seed: long(32) };
    let covered = Covered { segment, upto: Position::new(long(40)) };
    let checksum = u32::from_le_bytes(header[56..60].try_into().expect("4 bytes"));
    let is_whole = read == HEADER && header == encode(covered, long(48), checksum);
    Ok(is_whole.then(|| (covered, long(48), checksum)))
}

fn encode(covered: Covered, length: u64, checksum: u32) -> [u8; HEADER] {
    let Covered { segment: SegmentId { log, number, seed }, upto } = covered;
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..24].copy_from_slice(&log.to_le_bytes());
    header[24..32].copy_from_slice(&number.to_le_bytes());
    header[32..40].copy_from_slice(&seed.to_le_bytes());
    header[40..48].copy_from_slice(&upto.get().to_le_bytes());
    header[48..56].copy_from_slice(&length.to_le_bytes());
    header[56..60].copy_from_slice(&checksum.to_le_bytes());
    let checksum = crc32c::crc32c(&header[..60]);
    header[60..].copy_from_slice(&checksum.to_le_bytes());
    header
}
