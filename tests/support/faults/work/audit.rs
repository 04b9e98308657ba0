//! What must hold of a journal that a killed process left behind, whatever is still to be done.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::journal::RecordedEvent;

use super::life::Told;
use super::list::key;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, Once, Parked};
use crate::saying::book::Book;

/// Reads all of it, and compares it with what was told.
///
/// # Errors
/// With the first violation.
pub(super) fn audit(events: &[RecordedEvent], told: &[Told]) -> Checked<Book> {
    let mut book = Book::default();
    let seen_to = seen_to(told);
    for RecordedEvent { position, event } in events {
        let at = position.get();
        let source = event.metadata.extra().delivery.as_ref().map(|delivery| delivery.source.get());
        let lane = source.and_then(|source| book.lane_of(source)).map(str::to_owned);
        let parked = lane.as_ref().and_then(|lane| book.parked.get(lane)).copied();
        book.record(at, event, at - 1, (true, true))?;
        if let (Some(lane), Some(parked)) = (lane, parked) {
            Parked.require(seen_to.contains(&(&*lane, parked)), || {
                format!("at {at}, {lane} goes on, which is parked at {parked} and nobody saw to")
            })?;
        }
    }
    acknowledged(events, told)?;
    Ok(book)
}

fn seen_to(told: &[Told]) -> BTreeSet<(&str, u64)> {
    let seen_to = told.iter().filter_map(|told| match told {
        Told::SeesTo { lane, at, .. } => Some((&**lane, *at)),
        _ => None,
    });
    seen_to.collect()
}

/// What was acknowledged is there, at its position; nothing is there twice.
fn acknowledged(events: &[RecordedEvent], told: &[Told]) -> Checked {
    let mut places = BTreeMap::new();
    for RecordedEvent { position, event } in events {
        if let Some(once) = &event.metadata.extra().idempotency {
            let before = places.insert(once.key.to_string(), position.get());
            Once.require(before.is_none(), || {
                format!("{} is at {position} and at {before:?}", once.key)
            })?;
        }
    }
    for told in told {
        if let Told::Acknowledged { client, nth, position } = told {
            let found = places.get(&key(*client, *nth));
            Durable
                .require(found == Some(position), || format!("{told:?}, but it is at {found:?}"))?;
        }
    }
    Ok(())
}

/// A runtime that starts on it knows all lanes that are parked.
///
/// # Errors
/// If it does not.
pub(super) fn still_parked(before: &BTreeMap<String, u64>, parked: &[(String, u64)]) -> Checked {
    let known = |(lane, at): (&String, &u64)| parked.contains(&(lane.clone(), *at));
    let lost = before.iter().find(|parked| !known(*parked));
    Parked.require(lost.is_none(), || {
        format!("{lost:?} is parked, and a runtime starts with {parked:?}")
    })
}
