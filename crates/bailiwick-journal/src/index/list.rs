//! The events with a term, as they stand in a file: the value of its entry in the tree.
//!
//! 1. A short list is in the value itself. A long one has in the value, for each of its types, the newest event and how
//!    many there are; so the last event of a rare type under a busy tag costs what one event costs.
//! 2. The events of a long list are in chunks of 1 024, which are pieces of their own. More than one chunk have a
//!    directory, in pages, so that it takes few reads to find a place in a list of millions.
//! 3. In a list of one type no event has its type with it.

use std::io;

use super::number;
use super::piece::{Place, Sink};
use super::term::Posting;

/// The longest list that is in the value itself, in bytes.
const INLINE: usize = 128;
const IN_CHUNK: u32 = 1_024;
/// An entry of a directory: its first event, how many bytes the chunk has, and where it is.
pub(super) const ENTRY: usize = 16;
pub(super) const ON_PAGE: u32 = 255;

/// The events of a type in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) event_type: u32,
    pub(super) newest: u32,
    pub(super) count: u32,
}

/// Adds some events to a head of those before.
pub(super) fn add(heads: &mut Vec<Head>, more: Head) {
    match heads.iter_mut().find(|head| head.event_type == more.event_type) {
        Some(head) => {
            head.newest = head.newest.max(more.newest);
            head.count = head.count.saturating_add(more.count);
        }
        None => heads.push(more),
    }
}

/// Writes lists, one after the other.
#[derive(Default)]
pub(super) struct ListWriter {
    has_one_type: bool,
    chunk: Vec<u8>,
    held: u32,
    first: u32,
    before: u32,
    directory: Vec<(u32, Place)>,
}

impl ListWriter {
    /// Begins a list of so many types.
    pub(super) fn begin(&mut self, types: usize) {
        self.has_one_type = types == 1;
        self.directory.clear();
        self.clear();
    }

    fn clear(&mut self) {
        self.chunk.clear();
        (self.held, self.before) = (0, 0);
    }

    /// Adds an event, which is behind those before.
    pub(super) fn push(&mut self, posting: Posting, sink: &mut Sink<'_>) -> io::Result<()> {
        if self.held == IN_CHUNK {
            self.flush(sink)?;
        }
        if self.held == 0 {
            self.first = posting.nth;
        }
        number::write(u64::from(posting.nth - self.before), &mut self.chunk);
        if !self.has_one_type {
            number::write(u64::from(posting.event_type), &mut self.chunk);
        }
        self.before = posting.nth;
        self.held += 1;
        Ok(())
    }

    fn flush(&mut self, sink: &mut Sink<'_>) -> io::Result<()> {
        self.directory.push((self.first, sink.piece(&self.chunk)?));
        self.clear();
        Ok(())
    }

    /// Writes what is left of a list, and its value.
    pub(super) fn end(
        &mut self,
        heads: &[Head],
        sink: &mut Sink<'_>,
        value: &mut Vec<u8>,
    ) -> io::Result<()> {
        let types = (heads.len() as u64) << 1;
        if self.directory.is_empty() && self.chunk.len() <= INLINE {
            number::write(types, value);
            if let [head] = heads {
                number::write(u64::from(head.event_type), value);
            }
            value.extend_from_slice(&self.chunk);
            return Ok(());
        }
        self.flush(sink)?;
        number::write(types | 1, value);
        for Head { event_type, newest, count } in heads {
            [event_type, newest, count]
                .iter()
                .for_each(|field| number::write(u64::from(**field), value));
        }
        number::write(self.directory.len() as u64, value);
        let place = match self.directory[..] {
            [(_, chunk)] => chunk,
            _ => self.write_directory(sink)?,
        };
        place.write(value);
        Ok(())
    }

    fn write_directory(&mut self, sink: &mut Sink<'_>) -> io::Result<Place> {
        let (at, bytes) = (sink.at(), (self.directory.len() * ENTRY) as u64);
        for page in self.directory.chunks(ON_PAGE as usize) {
            self.chunk.clear();
            for (first, Place { at, bytes }) in page {
                let bytes = u32::try_from(*bytes).expect("a chunk is small");
                self.chunk.extend_from_slice(&first.to_le_bytes());
                self.chunk.extend_from_slice(&bytes.to_le_bytes());
                self.chunk.extend_from_slice(&at.to_le_bytes());
            }
            sink.piece(&self.chunk)?;
        }
        Ok(Place { at, bytes })
    }
}

/// A list that was read: for each of its types what there is of it, and where its events are.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) heads: Vec<Head>,
    pub(super) body: Body,
}

/// Where the events of a list are.
#[derive(Debug, Clone)]
pub(super) enum Body {
    Inline(Vec<Posting>),
    Chunked(Chunked),
}

/// A list of chunks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Chunked {
    pub(super) only_type: Option<u32>,
    pub(super) chunks: u32,
    /// Of a single chunk; of more, of their directory.
    pub(super) place: Place,
}

impl List {
    /// Of a value; none if it is none.
    pub(super) fn of(mut value: &[u8]) -> Option<List> {
        let types = number::read(&mut value)?;
        let (types, is_chunked) = (types >> 1, types & 1 == 1);
        let mut heads = Vec::new();
        if !is_chunked {
            let only_type = if types == 1 { Some(number::read_short(&mut value)?) } else { None };
            let mut postings = Vec::new();
            decode(value, only_type, &mut postings)?;
            for Posting { nth, event_type } in &postings {
                add(&mut heads, Head { event_type: *event_type, newest: *nth, count: 1 });
            }
            return Some(List { heads, body: Body::Inline(postings) });
        }
        for _ in 0..types {
            let mut field = || number::read_short(&mut value);
            heads.push(Head { event_type: field()?, newest: field()?, count: field()? });
        }
        let only_type = if let [head] = heads[..] { Some(head.event_type) } else { None };
        let chunks = number::read_short(&mut value)?;
        let place = Place::read(&mut value)?;
        Some(List { heads, body: Body::Chunked(Chunked { only_type, chunks, place }) })
    }
}

/// Reads events; none if these are none.
pub(super) fn decode(
    mut bytes: &[u8],
    only_type: Option<u32>,
    out: &mut Vec<Posting>,
) -> Option<()> {
    let mut nth = 0_u32;
    while !bytes.is_empty() {
        nth = nth.checked_add(number::read_short(&mut bytes)?)?;
        let event_type = match only_type {
            Some(only) => only,
            None => number::read_short(&mut bytes)?,
        };
        out.push(Posting { nth, event_type });
    }
    Some(())
}
