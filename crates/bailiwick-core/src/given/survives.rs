//! Whether an event can be recorded: what a journal would notice only later, noticed in a test.

use std::fmt::Debug;

use crate::codec::show;
use crate::{BoxError, Event, Tags, tags_of};

/// The event as it comes back from its own encoding, which is equal to `event`.
pub(super) fn survivor<E: Event + PartialEq + Debug>(own: &Tags, event: &E) -> Result<E, BoxError> {
    tags_of(own, event)?;
    let mut payload = Vec::new();
    event.encode(&mut payload)?;
    let known = event.descriptor();
    let event_type = known.name;
    let back = E::decode(event_type, known.version(), &payload).map_err(|error| {
        let payload = show(&payload);
        format!("{event_type} does not come back from its own encoding {payload}: {error}")
    })?;
    match back {
        Some(back) if back == *event => Ok(back),
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
