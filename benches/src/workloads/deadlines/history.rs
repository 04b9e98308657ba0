//! A journal with a past: leases that were taken before the runtime starts.

use bailiwick::Id;
use bailiwick::journal::EncodedEvent;
use bailiwick::journal::{EventType, Journal, Metadata, Origin, RecordedDeadline};
use bailiwick::{Aggregate, Event, MemoryJournal, Tags, Text, Timestamp};

use crate::domain::{Credit, CreditEvent, CreditId};

const EVENTS_PER_APPEND: usize = 1_000;

/// Writes that each of these took a lease at `now`, as the runtime would have written it.
pub(super) async fn write<'a>(
    journal: &MemoryJournal,
    now: Timestamp,
    leases: impl Iterator<Item = (&'a CreditId, Timestamp)>,
) {
    let mut events = Vec::with_capacity(EVENTS_PER_APPEND);
    for (id, until) in leases {
        events.push(leased(id, until, now));
        if events.len() == EVENTS_PER_APPEND {
            append(journal, &mut events).await;
        }
    }
    if !events.is_empty() {
        append(journal, &mut events).await;
    }
}

async fn append(journal: &MemoryJournal, events: &mut Vec<EncodedEvent>) {
    let next = Vec::with_capacity(EVENTS_PER_APPEND);
    let events = std::mem::replace(events, next);
    journal.append(events, None).await.expect("it is in memory");
}

fn leased(id: &CreditId, until: Timestamp, now: Timestamp) -> EncodedEvent {
    let event = CreditEvent::Leased { until };
    let mut payload = Vec::new();
    event.encode(&mut payload).expect("it can be encoded");
    let tag = id.tag().expect("a valid tag");
    let mut metadata = Metadata::default();
    let aggregate = Text::literal(Credit::NAME);
    let deadline = RecordedDeadline::new(Some(until), Credit::DEADLINE_VERSION);
    metadata.origin = Some(Origin { aggregate, tag: tag.clone(), deadline });
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: Tags::from(tag),
        payload: payload.into(),
        recorded_at: now,
        metadata,
    }
}
