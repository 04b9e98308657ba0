//! The index of a segment that the log has left: a file, read a piece at a time.
//!
//! In memory are its header, the names of its types and of its tags' keys, and one hash for 255 keys. Each piece that
//! is read has a checksum: what is damaged is an error, upon which the index is made again from its segment.

use std::io;
use std::sync::Arc;

use bailiwick_core::Position;

use super::active::Active;
use super::filter::Filter;
use super::key::Key;
use super::postings::{self, Posting};
use crate::files::{File, read_up_to};

const MAGIC: &[u8; 8] = b"BLWKIDX1";
/// What is before the sections, in bytes.
const HEADER: usize = 128;
/// A page of keys or of offsets, in bytes: its entries, and a checksum.
const PAGE: usize = 4_096;
const KEYS_PER_PAGE: usize = 255;
const KEY_BYTES: usize = 16;
const OFFSETS_PER_PAGE: usize = 1_023;

/// To which segment an index belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Of {
    /// Which log.
    pub log: u128,
    /// Which segment.
    pub segment: u64,
    /// The seed of the segment.
    pub seed: u64,
}

/// Why something cannot be looked up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The system says no.
    #[error("an index cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is damaged, or of another segment: it is to be made again.
    #[error("an index is damaged, or belongs to another segment")]
    Damaged,
}

/// An open index.
pub struct Sealed {
    file: Arc<dyn File>,
    seed: u64,
    first: Position,
    positions: u32,
    /// The first key of each page.
    pages: Vec<Key>,
    keys: u32,
    types: Vec<String>,
    sections: Sections,
}

/// Where the sections begin.
#[derive(Debug, Clone, Copy, Default)]
struct Sections {
    offsets: u64,
    keys: u64,
    postings: u64,
    filter: u64,
    end: u64,
}

impl Active {
    /// The bytes of its file.
    pub fn seal(&self, of: Of) -> Vec<u8> {
        let mut keys: Vec<_> = self.postings.iter().collect();
        keys.sort_unstable_by_key(|(key, _)| **key);
        let mut out = vec![0; HEADER];
        let mut sections = Sections::default();
        push_checked(of.seed, &names(&self.types), &mut out);
        let firsts = keys.chunks(KEYS_PER_PAGE).flat_map(|page| page[0].0.0.to_le_bytes());
        push_checked(of.seed, &firsts.collect::<Vec<_>>(), &mut out);

        sections.offsets = out.len() as u64;
        for page in self.offsets.chunks(OFFSETS_PER_PAGE) {
            push_page(of.seed, page.iter().flat_map(|offset| offset.to_le_bytes()), &mut out);
        }
        let mut lists = Vec::new();
        sections.keys = out.len() as u64;
        for page in keys.chunks(KEYS_PER_PAGE) {
            let entries = page.iter().flat_map(|(key, postings)| {
                let begin = lists.len();
                let mut list = Vec::new();
                postings::write(postings, &mut list);
                lists.extend_from_slice(&checksum(of.seed, key.0, &list));
                lists.extend_from_slice(&list);
                entry(**key, begin, lists.len() - begin)
            });
            push_page(of.seed, entries.collect::<Vec<_>>().into_iter(), &mut out);
        }
        sections.postings = out.len() as u64;
        out.extend_from_slice(&lists);
        sections.filter = out.len() as u64;
        let mut filter = Vec::new();
        self.filter().write(&mut filter);
        push_checked(of.seed, &filter, &mut out);
        sections.end = out.len() as u64;
        let counts = (short(self.offsets.len()), short(keys.len()));
        out[..HEADER].copy_from_slice(&header(of, self.first, counts, sections));
        out
    }
}

impl Sealed {
    /// Opens the index of a segment.
    ///
    /// # Errors
    /// If it cannot be read, is damaged, or belongs to another segment.
    pub fn open(file: Arc<dyn File>, of: Of) -> Result<Sealed, IndexError> {
        let mut bytes = [0; HEADER];
        read(&*file, &mut bytes, 0)?;
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("8 bytes"));
        let short = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("4 bytes"));
        let (first, positions, keys) = (Position::new(long(88)), short(40), short(44));
        let sections = Sections {
            offsets: long(48),
            keys: long(56),
            postings: long(64),
            filter: long(72),
            end: long(80),
        };
        if bytes != header(of, first, (positions, keys), sections) || file.size()? != sections.end {
            return Err(IndexError::Damaged);
        }
        let mut at = HEADER as u64;
        let types = checked(&*file, of.seed, &mut at)?;
        let types = read_names(&types).ok_or(IndexError::Damaged)?;
        let firsts = checked(&*file, of.seed, &mut at)?;
        let key = |bytes: &[u8]| Key(u64::from_le_bytes(bytes.try_into().expect("8 bytes")));
        let pages: Vec<_> = firsts.chunks_exact(8).map(key).collect();
        let is_whole = pages.len() == (keys as usize).div_ceil(KEYS_PER_PAGE)
            && positions > 0
            && first > Position::START;
        if !is_whole {
            return Err(IndexError::Damaged);
        }
        let seed = of.seed;
        Ok(Sealed { file, seed, first, positions, pages, keys, types, sections })
    }

    /// The position of the first event.
    pub fn first(&self) -> Position {
        self.first
    }

    /// That of the last.
    pub fn last(&self) -> Position {
        Position::new(self.first.get() + u64::from(self.positions) - 1)
    }

    /// The number of a type here; none if it has no event of it.
    pub fn type_number(&self, event_type: &str) -> Option<u32> {
        let number = self.types.iter().position(|known| known == event_type)?;
        u32::try_from(number).ok()
    }

    /// Its filter.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn filter(&self) -> Result<Filter, IndexError> {
        let mut at = self.sections.filter;
        Filter::read(&checked(&*self.file, self.seed, &mut at)?).ok_or(IndexError::Damaged)
    }

    /// The events with a key, in their order.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn postings(&self, key: Key) -> Result<Vec<Posting>, IndexError> {
        let Some(list) = self.list(key)? else { return Ok(Vec::new()) };
        let mut rest = &list[..];
        postings::newest(&mut rest).ok_or(IndexError::Damaged)?;
        postings::all(&mut rest).ok_or(IndexError::Damaged)
    }

    /// The newest event with a key that is of one of these types; of any, if none is given.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn newest(&self, key: Key, types: &[u32]) -> Result<Option<Posting>, IndexError> {
        let Some(list) = self.list(key)? else { return Ok(None) };
        let newest = postings::newest(&mut &list[..]).ok_or(IndexError::Damaged)?;
        let is_one = |posting: &Posting| types.is_empty() || types.contains(&posting.event_type);
        Ok(newest.into_iter().filter(is_one).max())
    }

    /// Where an event stands in the segment, in bytes; none if there is none.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn offset(&self, nth: u32) -> Result<Option<u64>, IndexError> {
        if nth >= self.positions {
            return Ok(None);
        }
        let (page, nth) = (nth as usize / OFFSETS_PER_PAGE, nth as usize % OFFSETS_PER_PAGE);
        let page = self.page(self.sections.offsets, page)?;
        let offset = page[nth * 4..nth * 4 + 4].try_into().expect("4 bytes");
        let offset = u64::from(u32::from_le_bytes(offset));
        Ok(Some(offset).filter(|offset| *offset > 0))
    }

    fn list(&self, key: Key) -> Result<Option<Vec<u8>>, IndexError> {
        let Some(number) = self.pages.partition_point(|first| *first <= key).checked_sub(1) else {
            return Ok(None);
        };
        let page = self.page(self.sections.keys, number)?;
        let count = KEYS_PER_PAGE.min(self.keys as usize - number * KEYS_PER_PAGE);
        let entries = &page[..count * KEY_BYTES];
        let mut entries = entries.chunks_exact(KEY_BYTES);
        let Some(entry) = entries.find(|entry| entry[..8] == key.0.to_le_bytes()) else {
            return Ok(None);
        };
        let short = |at: usize| u32::from_le_bytes(entry[at..at + 4].try_into().expect("4 bytes"));
        let mut list = vec![0; short(12) as usize];
        read(&*self.file, &mut list, self.sections.postings + u64::from(short(8)))?;
        let (sum, list) = list.split_first_chunk::<4>().ok_or(IndexError::Damaged)?;
        if checksum(self.seed, key.0, list) != *sum {
            return Err(IndexError::Damaged);
        }
        Ok(Some(list.to_vec()))
    }

    fn page(&self, section: u64, number: usize) -> Result<[u8; PAGE], IndexError> {
        let (mut page, at) = ([0; PAGE], section + (number * PAGE) as u64);
        read(&*self.file, &mut page, at)?;
        let (entries, sum) = page.split_at(PAGE - 4);
        if checksum(self.seed, at, entries) == sum { Ok(page) } else { Err(IndexError::Damaged) }
    }
}

/// Begins with the seed of the segment and something of the place: nothing of another index, or of another
/// place in this one, passes.
fn checksum(seed: u64, place: u64, bytes: &[u8]) -> [u8; 4] {
    let seeded = crc32c::crc32c(&seed.to_le_bytes());
    let placed = crc32c::crc32c_append(seeded, &place.to_le_bytes());
    crc32c::crc32c_append(placed, bytes).to_le_bytes()
}

fn header(
    of: Of,
    first: Position,
    (positions, keys): (u32, u32),
    sections: Sections,
) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(MAGIC);
    header[8..24].copy_from_slice(&of.log.to_le_bytes());
    header[24..32].copy_from_slice(&of.segment.to_le_bytes());
    header[32..40].copy_from_slice(&of.seed.to_le_bytes());
    header[40..44].copy_from_slice(&positions.to_le_bytes());
    header[44..48].copy_from_slice(&keys.to_le_bytes());
    let Sections { offsets, keys, postings, filter, end } = sections;
    for (nth, begin) in [offsets, keys, postings, filter, end].into_iter().enumerate() {
        header[48 + nth * 8..56 + nth * 8].copy_from_slice(&begin.to_le_bytes());
    }
    header[88..96].copy_from_slice(&first.get().to_le_bytes());
    let checksum = crc32c::crc32c(&header[..HEADER - 4]);
    header[HEADER - 4..].copy_from_slice(&checksum.to_le_bytes());
    header
}

fn short(number: usize) -> u32 {
    u32::try_from(number).expect("an index has less than 4 GiB")
}

fn entry(key: Key, begin: usize, bytes: usize) -> impl Iterator<Item = u8> {
    let begin = u64::from(short(begin)) | u64::from(short(bytes)) << 32;
    key.0.to_le_bytes().into_iter().chain(begin.to_le_bytes())
}

fn names(names: &[String]) -> Vec<u8> {
    let mut out = Vec::new();
    for name in names {
        postings::number(name.len() as u64, &mut out);
        out.extend_from_slice(name.as_bytes());
    }
    out
}

fn read_names(mut bytes: &[u8]) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !bytes.is_empty() {
        let length = usize::try_from(postings::read(&mut bytes)?).ok()?;
        let (name, rest) = bytes.split_at_checked(length)?;
        names.push(std::str::from_utf8(name).ok()?.to_owned());
        bytes = rest;
    }
    Some(names)
}

fn push_page(seed: u64, entries: impl Iterator<Item = u8>, out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend(entries);
    out.resize(begin + PAGE - 4, 0);
    let sum = checksum(seed, begin as u64, &out[begin..]);
    out.extend_from_slice(&sum);
}

/// How long it is, its checksum, and the piece itself.
fn push_checked(seed: u64, piece: &[u8], out: &mut Vec<u8>) {
    let length = piece.len() as u64;
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&checksum(seed, length, piece));
    out.extend_from_slice(piece);
}

fn checked(file: &dyn File, seed: u64, at: &mut u64) -> Result<Vec<u8>, IndexError> {
    let mut head = [0; 12];
    read(file, &mut head, *at)?;
    let length = u64::from_le_bytes(head[..8].try_into().expect("8 bytes"));
    let begin = *at + head.len() as u64;
    if length > file.size()?.saturating_sub(begin) {
        return Err(IndexError::Damaged);
    }
    let mut piece = vec![0; usize::try_from(length).map_err(|_| IndexError::Damaged)?];
    read(file, &mut piece, begin)?;
    *at = begin + length;
    if checksum(seed, length, &piece) == head[8..] { Ok(piece) } else { Err(IndexError::Damaged) }
}

fn read(file: &dyn File, to: &mut [u8], offset: u64) -> Result<(), IndexError> {
    if read_up_to(file, to, offset)? == to.len() { Ok(()) } else { Err(IndexError::Damaged) }
}
