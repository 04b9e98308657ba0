//! Whether an event can be recorded: what a journal would notice only later, noticed in a test.

use std::fmt::Debug;

use super::happened::Happened;
use crate::box_error::BoxError;
use crate::codec::show;
use crate::event::{Event, tags_of};
use crate::journal::{EncodedEvent, EventType, Metadata};
use crate::report::ErrorReport;
use crate::stored;
use crate::stored::Unstorable;
use crate::tag::Tags;
use crate::time::Timestamp;

/// The event as it comes back from its own encoding: what a replay would see.
pub(super) fn survivor<E: Event + PartialEq + Debug>(own: &Tags, event: &E) -> Result<E, BoxError> {
    tags_of(own, event)?;
    Ok(there_and_back(event)?.0)
}

/// A given event as a journal keeps it.
pub(super) fn given<H: Happened>(happened: &H, at: Timestamp) -> Result<EncodedEvent, BoxError> {
    let mut metadata = Metadata::default();
    metadata.origin = happened.origin()?;
    let own = metadata.origin.as_ref().map_or_else(Tags::none, |by| by.tag.clone().into());
    let event = happened.event();
    recorded(tags_of(&own, event)?, event, at, metadata)
}

/// The event as a journal keeps it.
pub(super) fn recorded<E: Event + PartialEq + Debug>(
    tags: Tags,
    event: &E,
    recorded_at: Timestamp,
    metadata: Metadata,
) -> Result<EncodedEvent, BoxError> {
    let (_, payload) = there_and_back(event)?;
    Ok(EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: event.descriptor().version(),
        tags,
        payload: payload.into(),
        recorded_at,
        metadata,
    })
}

/// Refuses what the runtime refuses, by its code. What the runtime does not read back, because its
/// type promises to come back as it was, is read back here.
fn there_and_back<E: Event + PartialEq + Debug>(event: &E) -> Result<(E, Vec<u8>), BoxError> {
    let mut payload = Vec::new();
    let stored = stored::event(event, &mut payload);
    let stored =
        stored.and_then(|read| read.map_or_else(|| stored::read_back(event, &payload), Ok));
    match stored {
        Ok(read) => Ok((read, payload)),
        Err(error) => Err(described(event, error)),
    }
}

/// With what a test may show: the encoding, and what comes back.
fn described<E: Event + Debug>(event: &E, error: Unstorable) -> BoxError {
    let (known, mut payload) = (event.descriptor(), Vec::new());
    let encoded = event.encode(&mut payload);
    let shown = show(&payload);
    let back = encoded.and_then(|()| E::decode(known.name, known.version(), &payload));
    match (&error, back) {
        (Unstorable::Undecodable { .. }, _) => {
            format!("{}. It was written as {shown}", ErrorReport::of(&error)).into()
        }
        (Unstorable::Different { .. }, Ok(Some(back))) => {
            format!("{error}. It was written as {shown} and comes back as {back:?}").into()
        }
        _ => error.into(),
    }
}
