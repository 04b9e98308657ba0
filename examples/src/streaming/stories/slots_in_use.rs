//! Slots in use, as a projection.

use bailiwick_core::{GivenEvents, by, given_events};

use super::sample::{ended, expired, limit_changed, renewed, started};
use crate::streaming::{AccountSessions, SessionEvent, Slots, SlotsInUse};

fn story(events: impl IntoIterator<Item = (&'static str, SessionEvent)>) -> GivenEvents {
    let event = |(account, event)| by::<AccountSessions>(account, event);
    given_events().events(events.into_iter().map(event))
}

#[test]
fn slots_are_counted_for_each_account() {
    let events = [
        ("a", started("s1", 10)),
        ("b", started("s1", 10)),
        ("a", started("s2", 10)),
        ("a", renewed("s1", 20)),
        ("b", ended("s1")),
    ];
    story(events).projects(SlotsInUse).rows([("a".into(), Slots { in_use: 2, limit: 5 })]);
}

#[test]
fn a_slot_that_is_reclaimed_is_free() {
    let events = [("a", limit_changed(1)), ("a", started("s1", 10)), ("a", expired("s1"))];
    story(events).projects(SlotsInUse).rows([("a".into(), Slots { in_use: 0, limit: 1 })]);
}

#[test]
fn it_stops_where_more_is_given_back_than_was_taken() {
    story([("a", ended("s1"))]).projects(SlotsInUse).stops("no slot is in use");
}

/// It counts, so it needs a store that commits the mark with the rows.
#[test]
#[should_panic(expected = "has other rows when the last 1 event up to event 1 is folded twice")]
fn it_is_not_idempotent() {
    let _ = story([("a", started("s1", 10))]).projects(SlotsInUse).the_same_if_repeated();
}
