//! What must hold of a journal that a killed process left behind, and of what it called, whatever is still to be
//! done.

use std::collections::{BTreeMap, BTreeSet};

use bailiwick::journal::RecordedEvent;

use super::list::key;
use super::outside::Called;
use super::process::Report;
use crate::fixtures::messages::model::Model;
use crate::fixtures::messages::models::Models;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, Once, Parked};

/// Which lanes are parked at which news: of the policy and of the effect, by its name.
pub(super) type ParkedAt = BTreeSet<(String, String, u64)>;

/// All that are parked.
pub(super) fn parked(models: &Models) -> ParkedAt {
    let of = |model: &Model| -> Vec<_> {
        let name = model.name();
        model.parked.iter().map(|(lane, at)| (name.to_owned(), lane.clone(), *at)).collect()
    };
    models.each().into_iter().flat_map(of).collect()
}

/// Reads all of it, and compares it with what was told.
///
/// # Errors
/// With the first violation.
pub(super) fn audit(
    events: &[RecordedEvent],
    calls: &[Called],
    told: &[Report],
) -> Checked<Models> {
    let mut models = Models::new();
    let seen_to = seen_to(told);
    let mut calls = calls.iter().peekable();
    for RecordedEvent { position, event } in events {
        let at = position.get();
        while let Some(Called { call, .. }) = calls.next_if(|called| called.head < at) {
            models.effect.called(call, at - 1, true)?;
        }
        for model in models.each_mut() {
            let parked = model.parked_of(event);
            model.record(at, event, at - 1, (true, true))?;
            if let Some((lane, parked)) = parked {
                let is_seen_to = seen_to.contains(&(model.name(), &lane, parked));
                Parked.require(is_seen_to, || {
                    format!(
                        "at {at}, {lane} goes on, which is parked at {parked}: nobody saw to it"
                    )
                })?;
            }
        }
    }
    for Called { call, head } in calls {
        models.effect.called(call, *head, true)?;
    }
    acknowledged(events, told)?;
    Ok(models)
}

fn seen_to(told: &[Report]) -> BTreeSet<(&str, &str, u64)> {
    let seen_to = told.iter().filter_map(|told| match told {
        Report::SeesTo { of, lane, at, .. } => Some((&**of, &**lane, *at)),
        _ => None,
    });
    seen_to.collect()
}

/// What was acknowledged is there, at its position; nothing is there twice.
fn acknowledged(events: &[RecordedEvent], told: &[Report]) -> Checked {
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
        if let Report::Acknowledged { client, nth, position } = told {
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
pub(super) fn still_parked(before: &ParkedAt, parked: &ParkedAt) -> Checked {
    let lost = before.difference(parked).next();
    Parked.require(lost.is_none(), || {
        format!("{lost:?} is parked, and a runtime starts with {parked:?}")
    })
}
