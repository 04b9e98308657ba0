//! Cases of the last match: that it is the last, and that nothing beyond it matches.

use super::build::{any_of, at, event, item, tagged, typed};
use super::client::{Client, positions};
use super::racing::race;
use super::random::Random;
use crate::journal::{Head, LastMatch, Query, Read};
use crate::position::Position;

#[track_caller]
fn is_last(client: &Client, query: Query, expected: Option<u64>) {
    let LastMatch { event, upto } = client.last(query.clone());
    assert_eq!(event.map(|event| event.position.get()), expected, "the last of {query:?}");
    assert_eq!(upto, client.head().position, "the last of {query:?}");
}

pub(super) fn an_empty_journal_has_no_last(client: &Client) {
    for query in [Query::all(), typed(&["A"]), tagged(&["x:1"])] {
        assert_eq!(client.last(query), LastMatch { event: None, upto: Position::START });
    }
}

pub(super) fn the_last_match_is_found(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &["x:1", "y:1"]), event("A", &["x:2"])]);
    client.append([event("C", &[]), event("B", &["x:2"])]);
    is_last(client, Query::all(), Some(5));
    is_last(client, typed(&["A"]), Some(3));
    is_last(client, typed(&["C", "A"]), Some(4));
    is_last(client, tagged(&["x:1"]), Some(2));
    is_last(client, item(&["A"], &["x:1"]).into(), Some(1));
    is_last(client, tagged(&["x:1", "y:1"]), Some(2));
    is_last(client, any_of([item(&["C"], &[]), item(&["A"], &["x:2"])]), Some(4));
    is_last(client, any_of([item(&["A"], &["x:2"]), item(&["C"], &[])]), Some(4));
    let found = client.last(typed(&["A"])).event;
    assert_eq!(found, Some(client.at(at(3))), "the whole event comes back");
}

pub(super) fn what_matches_nothing_has_no_last(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &["y:1"])]);
    is_last(client, typed(&["Z"]), None);
    is_last(client, tagged(&["x:2"]), None);
    is_last(client, tagged(&["x:1", "y:1"]), None);
    is_last(client, item(&["B"], &["x:1"]).into(), None);
}

pub(super) fn what_was_appended_is_the_last_at_once(client: &Client) {
    for n in 1..=100 {
        client.append([event("A", &["x:1"]), event("B", &[&format!("n:{n}")])]);
        is_last(client, typed(&["B"]), Some(2 * n));
        is_last(client, tagged(&["x:1"]), Some(2 * n - 1));
    }
}

pub(super) fn it_is_the_last_that_a_read_finds(client: &Client) {
    let mut random = Random::new(5);
    for _ in 0..100 {
        client.append(random.events());
        for _ in 0..3 {
            let query = random.query();
            let found = client.matching(query.clone()).pop();
            let head = client.head().position;
            let expected = LastMatch { event: found, upto: head };
            assert_eq!(client.last(query.clone()), expected, "of {query:?}");
        }
    }
}

pub(super) fn nothing_beyond_the_last_matches(client: &Client) {
    const WRITERS: usize = 3;
    let queries =
        [typed(&["B"]), tagged(&["x:1"]), any_of([item(&["B"], &[]), item(&[], &["x:1"])])];
    race(WRITERS + queries.len(), |number| {
        let Some(query) = number.checked_sub(WRITERS).map(|n| &queries[n]) else {
            for _ in 0..300 {
                client.append([event("B", &[]), event("A", &["x:1"]), event("B", &["x:2"])]);
                std::thread::yield_now();
            }
            return;
        };
        let mut known = Head::default().position;
        while known < at(3 * 300) {
            let LastMatch { event, upto } = client.last(query.clone());
            let last = event.map_or(Position::START, |event| event.position);
            assert!(known <= upto && last <= upto, "{last} up to {upto}, which was {known}");
            assert!(upto.get().is_multiple_of(3), "{upto} is within an append");
            let beyond = client.page(Read::new(query.clone()).after(last));
            let missed = beyond.events.iter().find(|event| event.position <= upto);
            assert!(missed.is_none(), "{missed:?} lies between {last} and {upto}");
            known = upto;
        }
    });
    let all = client.matching(Query::all());
    assert_eq!(positions(&all).len(), WRITERS * 3 * 300);
}
