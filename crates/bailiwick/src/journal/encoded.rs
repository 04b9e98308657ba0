//! Events in the journal's form.

use bailiwick_core::journal::{EncodedEvent, EventType, Metadata};
use bailiwick_core::{Event, Tags, Timestamp, stored};

use crate::error::Cause;

/// By far the most events have fewer: spared the growing.
const PAYLOAD_BYTES: usize = 64;

/// An event as it will stand in the journal.
pub(crate) fn encoded<E: Event>(
    event: &E,
    tags: Tags,
    recorded_at: Timestamp,
    metadata: Metadata,
) -> Result<EncodedEvent, Cause> {
    let mut payload = Vec::with_capacity(PAYLOAD_BYTES);
    // Views fold it from these bytes, whether it was read back or not.
    stored::event(event, &mut payload)?;
    let known = event.descriptor();
    let (event_type, version) = (EventType::literal(known.name), known.version());
    Ok(EncodedEvent { event_type, version, tags, payload: payload.into(), recorded_at, metadata })
}
