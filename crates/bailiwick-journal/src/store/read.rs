//! Pages of events, in their order.

use bailiwick_core::Position;
use bailiwick_core::journal::{Page, Query, Read, RecordedEvent};

use super::StoreError;
use super::find::Found;
use super::view::View;
use crate::stored::{Decoder, Names};

/// A page ends with the event that makes it so large, in bytes as they are counted...
const PAGE_BYTES: usize = 4 << 20;
/// ...or with so many events, whatever was asked for.
const PAGE_EVENTS: usize = 1 << 14;

impl View {
    /// A page of the events that match, in the order of their positions.
    ///
    /// # Errors
    /// If something of it cannot be read: nothing is left out.
    pub fn read(&self, read: &Read) -> Result<Page, StoreError> {
        let head = self.head().position;
        let end = read.upto.map_or(head, |upto| upto.min(head));
        let limit = read.limit.get().min(PAGE_EVENTS);
        let most = read.bytes.clamp(1, PAGE_BYTES);
        let (mut events, mut bytes) = (Vec::new(), 0);
        let (mut decoder, mut at) = (Decoder::default(), read.after);
        while at < end {
            let Found { positions, upto } =
                self.find(&read.query, (at, end), limit - events.len())?;
            for position in positions {
                let Some(record) = self.record(position)? else { continue };
                let Some(event) = matching(&read.query, position, &record, &mut decoder)? else {
                    continue;
                };
                bytes += event.event.counted_bytes();
                events.push(event);
                if events.len() >= limit || bytes >= most {
                    return Ok(Page { events, upto: position, more: position < end });
                }
            }
            at = upto;
        }
        Ok(Page { events, upto: end, more: false })
    }
}

/// The event, if it matches: an index is not believed that says so of another one.
fn matching(
    query: &Query,
    position: Position,
    record: &[u8],
    decoder: &mut Decoder,
) -> Result<Option<RecordedEvent>, StoreError> {
    let not_read = |source| StoreError::Event { position, source };
    let names = Names::of(record).map_err(not_read)?;
    let matches = query.items().is_none_or(|items| {
        items.iter().any(|item| {
            let mut types = item.types().iter();
            (item.types().is_empty() || types.any(|name| name.as_str() == names.event_type()))
                && item.tags().iter().all(|tag| names.tags().any(|has| has == tag.as_str()))
        })
    });
    if !matches {
        return Ok(None);
    }
    decoder.decode(position, record).map(Some).map_err(not_read)
}
