//! Whether an event can be recorded: what a journal would notice only later, noticed in a test.

use std::fmt::Debug;

use crate::{BoxError, Event, Tags, tags_of};

/// The event as it comes back from its own encoding, which is equal to `event`.
pub(super) fn survivor<E: Event + PartialEq + Debug>(own: &Tags, event: &E) -> Result<E, BoxError> {
    tags_of(own, event)?;
    let mut payload = Vec::new();
    event.encode(&mut payload)?;
    let event_type = event.event_type();
    let back = E::decode(event_type, &payload).map_err(|error| {
        let payload = String::from_utf8_lossy(&payload);
        format!("{event_type} does not come back from its own encoding {payload}: {error}")
    })?;
    if back == *event {
        return Ok(back);
    }
    let payload = String::from_utf8_lossy(&payload);
    Err(format!(
        "{event_type} does not survive its own encoding {payload}: {event:?} comes back as {back:?}"
    )
    .into())
}
