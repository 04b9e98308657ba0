//! What a page of a read has in it, and the last match.
//!
//! tephra fixes the head when a read begins: what is appended meanwhile is not seen.

use std::num::NonZeroUsize;
use std::path::Path;

use bailiwick_core::journal::{Head, LastMatch, Page, Query, Read, RecordedEvent, ValueIndex};
use bailiwick_core::{BoxError, Position};
use tephra::ReadHandle;
use tephra::read::Reads;

use crate::event::Decoder;
use crate::faults::{read_failed, undecodable};
use crate::terms;

/// A page ends with the event that makes it so large, in bytes of tephra's form...
const PAGE_BYTES: usize = 4 << 20;
/// ...or with so many events, whatever was asked for: tephra looks up their places beforehand.
const PAGE_EVENTS: u64 = 1 << 14;

/// Where it reads, and which file it names when it cannot.
pub(crate) struct Source<'a> {
    pub(crate) reader: ReadHandle,
    pub(crate) folder: &'a Path,
}

pub(crate) fn page(source: &Source<'_>, read: &Read) -> Result<Page, BoxError> {
    let mut limit = u64::try_from(read.limit.get()).unwrap_or(u64::MAX).min(PAGE_EVENTS);
    if let Some(upto) = read.upto {
        // No more than there are places: tephra's positions are dense, whatever the port says. One at
        // least, to have the head.
        limit = limit.min(upto.get().saturating_sub(read.after.get())).max(1);
    }
    let query = terms::query(&read.query);
    let mut reads = source.reader.read(&query, terms::position(read.after), Some(limit));
    let head = Position::new(reads.watermark().get());
    let end = read.upto.map_or(head, |upto| upto.min(head));
    let (mut decoder, mut events, mut bytes) = (Decoder::default(), Vec::new(), 0);
    let most = read.bytes.clamp(1, PAGE_BYTES);
    while bytes < most && (events.len() as u64) < limit {
        let next = next(source, &mut reads, &mut decoder)?;
        let Some((event, size)) = next.filter(|(event, _)| event.position <= end) else {
            return Ok(Page { events, upto: end, more: false });
        };
        bytes += size;
        events.push(event);
    }
    let upto = events.last().map_or(end, |event| event.position);
    Ok(Page { events, upto, more: upto < end })
}

/// Whether there is an event beyond `after` that matches.
pub(crate) fn any(source: &Source<'_>, query: &Query, after: Position) -> Result<bool, BoxError> {
    let read = Read::new(query.clone()).after(after).limit(NonZeroUsize::MIN);
    Ok(!page(source, &read)?.events.is_empty())
}

/// Adds the next events that the index does not have. Whether it has all up to `head` then.
pub(crate) fn continue_index(
    source: &Source<'_>,
    index: &mut ValueIndex,
    head: Position,
) -> Result<bool, BoxError> {
    if index.upto() >= head {
        return Ok(true);
    }
    let page = page(source, &Read::new(Query::all()).after(index.upto()))?;
    page.events.iter().for_each(|recorded| index.add(recorded.position, &recorded.event));
    index.reached(page.upto);
    Ok(index.upto() >= head)
}

pub(crate) fn last(source: &Source<'_>, query: &Query) -> Result<LastMatch, BoxError> {
    let query = terms::query(query);
    let mut reads = source.reader.read_back(&query, tephra::Position::MAX, Some(1));
    let upto = Position::new(reads.watermark().get());
    let found = next(source, &mut reads, &mut Decoder::default())?;
    Ok(LastMatch { event: found.map(|(event, _)| event), upto })
}

/// The head, if `known` is one of before.
pub(crate) fn latest(source: &Source<'_>, known: Head) -> Result<Head, BoxError> {
    let after = terms::position(known.position);
    let mut reads = source.reader.read(&tephra::Query::All, after, None);
    let position = Position::new(reads.watermark().get());
    let (mut decoder, mut recorded_at) = (Decoder::default(), known.recorded_at);
    while let Some((event, _)) = next(source, &mut reads, &mut decoder)? {
        recorded_at = recorded_at.max(event.event.recorded_at);
    }
    Ok(Head { position: position.max(known.position), recorded_at })
}

/// The next event, and how many bytes it has.
fn next(
    source: &Source<'_>,
    reads: &mut Reads,
    decoder: &mut Decoder,
) -> Result<Option<(RecordedEvent, usize)>, BoxError> {
    let Some(found) = reads.next() else {
        return Ok(None);
    };
    let found = found.map_err(|error| read_failed(source.folder, error))?;
    let position = Position::new(found.position.get());
    let event = decoder.decode(position, found.event);
    let event = event.map_err(|error| undecodable(source.folder, position, error))?;
    Ok(Some((event, found.event.as_bytes().len())))
}
