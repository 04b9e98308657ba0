//! Events for journals that are made up.

use bailiwick::journal::{EncodedEvent, EventType, Metadata};
use bailiwick::{Event, Id, Tags, Timestamp, tags_of};

/// An event of this aggregate, recorded at that time.
pub fn event(id: &impl Id, event: &impl Event, at: u64) -> EncodedEvent {
    let mut payload = Vec::new();
    event.encode(&mut payload).unwrap();
    let own: Tags = id.tag().unwrap().into();
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: event.descriptor().version(),
        tags: tags_of(&own, event).unwrap(),
        payload: payload.into(),
        recorded_at: Timestamp::from_millis(at),
        metadata: Metadata::default(),
    }
}
