//! Short ways to write events, queries and conditions.

use bytes::Bytes;

use crate::journal::{AppendCondition, EncodedEvent, EventType, Metadata, Query, QueryItem};
use crate::position::Position;
use crate::tag::Tag;
use crate::time::Timestamp;

pub(super) fn tag(text: &str) -> Tag {
    text.parse().unwrap_or_else(|error| panic!("a tag of the suite: {error}"))
}

pub(super) fn event(event_type: impl Into<EventType>, tags: &[&str]) -> EncodedEvent {
    EncodedEvent {
        event_type: event_type.into(),
        version: 1,
        tags: tags.iter().map(|text| tag(text)).collect(),
        payload: Bytes::from_static(b"{}"),
        recorded_at: Timestamp::from_millis(1_000),
        metadata: Metadata::default(),
    }
}

pub(super) fn at(number: u64) -> Position {
    Position::new(number)
}

pub(super) fn item(types: &[&'static str], tags: &[&str]) -> QueryItem {
    QueryItem::new(types.iter().copied(), tags.iter().map(|text| tag(text)))
        .expect("an item of the suite selects something")
}

pub(super) fn any_of(items: impl IntoIterator<Item = QueryItem>) -> Query {
    Query::any_of(items).expect("a query of the suite has items")
}

/// Events of any of these types.
pub(super) fn typed(types: &[&'static str]) -> Query {
    item(types, &[]).into()
}

/// Events that carry all of these tags.
pub(super) fn tagged(tags: &[&str]) -> Query {
    item(&[], tags).into()
}

/// The condition that nothing matches.
pub(super) fn unless(query: impl Into<Query>) -> AppendCondition {
    AppendCondition::new(query.into())
}

/// What the query selects, asked for in a way that takes long to look up: the longer a journal
/// checks, the more time there is to get between its check and the append.
pub(super) fn slow(query: &Query) -> Query {
    let Some(items) = query.items() else {
        return query.clone();
    };
    let nothing = (0..30).map(|n| item(&["Nothing"], &[&format!("nothing:{n}")]));
    // At the end: the time must pass after what matters was looked at.
    any_of(items.iter().cloned().chain(nothing))
}
