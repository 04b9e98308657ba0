//! Whom an event concerns: which counters, and which call.

use bailiwick::Tag;
use bailiwick::journal::EncodedEvent;

use super::plan::COUNTERS;
use crate::counter::CounterEvent;

pub(super) fn is_of_decision(event: &CounterEvent) -> bool {
    matches!(event, CounterEvent::Together(_) | CounterEvent::Reminded(_))
}

/// The number of the call that an event belongs to.
pub(super) fn call_of(event: &EncodedEvent) -> Option<usize> {
    event.metadata.extra().correlation.as_ref()?.as_str().parse().ok()
}

/// Which counters of the run an event concerns.
pub(super) fn counters_of(event: &EncodedEvent) -> Vec<usize> {
    event.tags.iter().filter_map(counter_of_tag).collect()
}

/// Which counter of the run has this tag.
pub(super) fn counter_of_tag(tag: &Tag) -> Option<usize> {
    (tag.key() == "counter").then(|| counter_named(tag.value()))?
}

pub(super) fn counter_named(name: &str) -> Option<usize> {
    COUNTERS.iter().position(|known| *known == name)
}
