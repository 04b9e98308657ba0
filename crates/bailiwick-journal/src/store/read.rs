//! Pages of events, in their order.

use bailiwick_core::journal::{Page, Query, Read};

use super::find::{AnyIndex, matches};
use super::{Store, StoreError};
use crate::stored::{Decoder, Names};

impl Store {
    /// A page of the events that match, in the order of their positions.
    ///
    /// # Errors
    /// If something of it cannot be read: nothing is left out.
    pub fn read(&self, read: &Read) -> Result<Page, StoreError> {
        let head = self.head().position;
        let end = read.upto.map_or(head, |upto| upto.min(head));
        let (mut events, mut bytes) = (Vec::new(), 0);
        let mut decoder = Decoder::default();
        for segment in self.segments(read.after) {
            let first = segment.1.first();
            for nth in candidates(segment.1, &read.query)? {
                let position = first.plus(u64::from(nth));
                if position <= read.after {
                    continue;
                }
                if position > end {
                    break;
                }
                let event = self.look(segment, nth, |position, bytes, names| {
                    if !is_wanted(&read.query, names) {
                        return Ok(None);
                    }
                    let event = decoder.decode(position, bytes);
                    event.map(Some).map_err(|source| StoreError::Event { position, source })
                })?;
                let Some(event) = event.flatten() else { continue };
                bytes += event.event.counted_bytes();
                events.push(event);
                if events.len() >= read.limit.get() || bytes >= read.bytes.max(1) {
                    return Ok(Page { events, upto: position, more: position < end });
                }
            }
        }
        Ok(Page { events, upto: end.max(read.after), more: false })
    }
}

fn is_wanted(query: &Query, names: &Names<'_>) -> bool {
    query.items().is_none_or(|items| items.iter().any(|item| matches(item, names)))
}

/// Which events of a segment may match, in their order, each once.
fn candidates(index: AnyIndex<'_>, query: &Query) -> Result<Vec<u32>, StoreError> {
    let Some(items) = query.items() else {
        let count = index.last().get() + 1 - index.first().get();
        return Ok((0..u32::try_from(count).unwrap_or(u32::MAX)).collect());
    };
    if let [item] = items {
        return index.candidates(item);
    }
    let mut all = Vec::new();
    for item in items {
        all.extend(index.candidates(item)?);
    }
    all.sort_unstable();
    all.dedup();
    Ok(all)
}
