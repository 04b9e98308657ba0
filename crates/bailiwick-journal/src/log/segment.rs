//! Segments: the files of a log. See `docs/journal-format.md`.
//!
//! A segment is made ahead of its use: filled with zeros to its full size, with its header, synced, and only
//! then given its name. So what is not zero in it behind the header was written by an append, an append changes
//! no length and no name, and a power loss while it is made leaves a file that nobody asks for.

use std::io;
use std::sync::Arc;

use crate::files::{File, Folder, Identity, read_up_to, write_all};

/// Where the first frame of a segment stands, in bytes.
pub(super) const FIRST_FRAME: u64 = 4_096;
/// What stands before that, in bytes.
const HEADER: usize = 52;
const MAGIC: &[u8; 8] = b"BLWKSEG1";
/// The format that is written, and the latest one that can be read: the last digit of the magic.
pub(super) const FORMAT: u64 = 1;
/// How much is filled with zeros by one call, in bytes.
const ZEROS: usize = 256 * 1_024;
const EXTENSION: &str = ".segment";
const UNFINISHED: &str = ".unfinished";

/// An open segment.
#[derive(Clone)]
pub(super) struct Segment {
    pub(super) file: Arc<dyn File>,
    pub(super) number: u64,
    pub(super) seed: u64,
    pub(super) size: u64,
    pub(super) identity: Identity,
}

/// Why a segment cannot be opened.
#[derive(Debug)]
pub(super) enum NoSegment {
    Io(io::Error),
    /// Its header is none, or that of another one.
    Damaged,
}

impl From<io::Error> for NoSegment {
    fn from(error: io::Error) -> Self {
        NoSegment::Io(error)
    }
}

/// The size of a segment for so many bytes: indexes have 4 bytes for a place in it.
pub(super) fn size_for(bytes: u64) -> io::Result<u64> {
    let size = bytes.max(FIRST_FRAME).checked_next_multiple_of(FIRST_FRAME);
    let size = size.filter(|size| *size <= u64::from(u32::MAX));
    size.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "a segment has less than 4 GiB"))
}

pub(super) fn name(number: u64) -> String {
    format!("{number:010}{EXTENSION}")
}

/// Which segment has this name; none if it is no segment's.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_suffix(EXTENSION)?.parse().ok()?;
    (self::name(number) == name).then_some(number)
}

/// Whether it is what was left of a segment that was never finished.
pub(super) fn is_unfinished(name: &str) -> bool {
    name.strip_suffix(UNFINISHED).is_some_and(|name| number_of(name).is_some())
}

impl Segment {
    /// Makes one, of `size` bytes. When this returns it is durable, and so is its name.
    pub(super) fn make(
        folder: &dyn Folder,
        (log, number): (u128, u64),
        seed: u64,
        size: u64,
    ) -> io::Result<Segment> {
        let name = name(number);
        let unfinished = format!("{name}{UNFINISHED}");
        if folder.names()?.contains(&unfinished) {
            folder.remove(&unfinished)?;
        }
        let made = fill(folder, &unfinished, &header(log, number, seed, size), size);
        let made = made.and_then(|file| folder.rename(&unfinished, &name).map(|()| file));
        // It may have taken all the room that others need.
        let file = made.inspect_err(|_| drop(folder.remove(&unfinished)))?;
        folder.sync()?;
        let identity = file.identity()?;
        Ok(Segment { file, number, seed, size, identity })
    }

    /// Opens one that was made. Returns to which log it belongs, too.
    pub(super) fn open(folder: &dyn Folder, number: u64) -> Result<(u128, Segment), NoSegment> {
        let file = folder.open(&name(number))?;
        let mut bytes = [0; HEADER];
        let read = read_up_to(&*file, &mut bytes, 0)?;
        let (log, seed, size) = fields(&bytes);
        let is_whole = read == HEADER && bytes == header(log, number, seed, size);
        if !is_whole || file.size()? != size {
            return Err(NoSegment::Damaged);
        }
        let identity = file.identity()?;
        Ok((log, Segment { file, number, seed, size, identity }))
    }

    /// The format of one that cannot be opened, if a later version has written it. Of that format no more is known
    /// than where it says which it is.
    pub(super) fn newer_format(folder: &dyn Folder, number: u64) -> io::Result<Option<u64>> {
        let mut bytes = [0; HEADER];
        read_up_to(&*folder.open(&name(number))?, &mut bytes, 0)?;
        let (magic, digit) = (&bytes[..7], bytes[7]);
        let found = u64::from(digit.saturating_sub(b'0'));
        let is_newer = magic == &MAGIC[..7] && digit.is_ascii_digit() && found > FORMAT;
        // With everything else right for this format, its checksum too, it is the digit that is damaged.
        let (log, seed, size) = fields(&bytes);
        let is_ours = bytes[8..] == header(log, number, seed, size)[8..];
        Ok((is_newer && !is_ours).then_some(found))
    }

    /// All that is in it.
    pub(super) fn contents(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.size).map_err(io::Error::other)?];
        let read = read_up_to(&*self.file, &mut bytes, 0)?;
        if read < bytes.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

/// Makes a file of zeros behind that header, durable but for its name.
fn fill(folder: &dyn Folder, name: &str, header: &[u8], size: u64) -> io::Result<Arc<dyn File>> {
    let file = folder.create(name)?;
    let zeros = vec![0; ZEROS];
    let mut at = 0;
    while at < size {
        let some = usize::try_from(size - at).unwrap_or(ZEROS).min(ZEROS);
        write_all(&*file, &zeros[..some], at)?;
        at += some as u64;
    }
    write_all(&*file, header, 0)?;
    file.sync()?;
    Ok(file)
}

/// The log, the seed and the size that a header names.
fn fields(header: &[u8; HEADER]) -> (u128, u64, u64) {
    let log = u128::from_le_bytes(header[8..24].try_into().expect("16 bytes"));
    (log, long(&header[32..40]), long(&header[40..48]))
}

fn header(log: u128, number: u64, seed: u64, size: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..24].copy_from_slice(&log.to_le_bytes());
    header[24..32].copy_from_slice(&number.to_le_bytes());
    header[32..40].copy_from_slice(&seed.to_le_bytes());
    header[40..48].copy_from_slice(&size.to_le_bytes());
    let checksum = crc32c::crc32c(&header[..48]);
    header[48..52].copy_from_slice(&checksum.to_le_bytes());
    header
}

fn long(bytes: &[u8]) -> u64 {
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}
