//! Whether an event can be recorded: what a journal would notice only later, noticed in a test.

use std::fmt::Debug;

use crate::codec::show;
use crate::{BoxError, EncodedEvent, Event, EventType, Metadata, Tags, Timestamp, tags_of};

/// The event as it comes back from its own encoding, which is equal to `event`.
pub(super) fn survivor<E: Event + PartialEq + Debug>(own: &Tags, event: &E) -> Result<E, BoxError> {
    tags_of(own, event)?;
    Ok(there_and_back(event)?.0)
}

/// The event as a journal keeps it.
pub(super) fn recorded<E: Event + PartialEq + Debug>(
    tags: Tags,
    event: &E,
    recorded_at: Timestamp,
) -> Result<EncodedEvent, BoxError> {
    let (_, payload) = there_and_back(event)?;
    Ok(EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: event.descriptor().version(),
        tags,
        payload: payload.into(),
        recorded_at,
        metadata: Metadata::default(),
    })
}

fn there_and_back<E: Event + PartialEq + Debug>(event: &E) -> Result<(E, Vec<u8>), BoxError> {
    let mut payload = Vec::new();
    event.encode(&mut payload)?;
    let known = event.descriptor();
    let event_type = known.name;
    let back = E::decode(event_type, known.version(), &payload).map_err(|error| {
        let payload = show(&payload);
        format!("{event_type} does not come back from its own encoding {payload}: {error}")
    })?;
    match back {
        Some(back) if back == *event => Ok((back, payload)),
        Some(back) => {
            let payload = show(&payload);
            Err(format!(
                "{event_type} does not survive its own encoding {payload}: {event:?} comes back \
                 as {back:?}"
            )
            .into())
        }
        None => Err(format!("{event_type} is retired: nobody may record it any more").into()),
    }
}
