//! Cases of waiting for what comes: a hint may come without a cause, but none is ever missed.

use super::block_on::{block_on, poll_once};
use super::build::{any_of, at, event, item, tagged, typed};
use super::client::{Client, positions};
use super::racing::race;
use super::random::Random;
use crate::journal::{Query, Read};
use crate::position::Position;
use crate::tag::Tag;

/// Queries that `event("B", &["x:1", "y:1"])` matches.
fn matching() -> [Query; 6] {
    [
        Query::all(),
        typed(&["A", "B"]),
        tagged(&["x:1"]),
        tagged(&["y:1", "x:1"]),
        item(&["B"], &["y:1"]).into(),
        any_of([item(&["Z"], &[]), item(&["Z", "B"], &["x:1"])]),
    ]
}

#[track_caller]
fn told(waiting: crate::journal::Answer<Result<(), crate::journal::JournalReadError>>) {
    block_on(waiting).unwrap_or_else(|error| panic!("no hint: {error}"));
}

pub(super) fn what_is_there_is_told_at_once(client: &Client) {
    client.append([event("A", &["z:1"])]);
    client.append([event("B", &["x:1", "y:1"]), event("C", &["z:1"])]);
    for query in matching() {
        for after in [0, 1] {
            told(client.changed(query.clone(), at(after)));
        }
    }
}

pub(super) fn what_comes_is_told(client: &Client) {
    client.append([event("B", &["x:1", "y:1"])]);
    for query in matching() {
        let after = client.head().position;
        let mut polled = client.changed(query.clone(), after);
        let unpolled = client.changed(query.clone(), after);
        let _ = poll_once(&mut polled);
        // A hint may come too often: who has it and found nothing waits once more.
        client.append([event("C", &["x:1"]), event("A", &["y:2"])]);
        client.append([event("B", &["x:1", "y:1"])]);
        told(unpolled);
        told(client.changed(query, after));
    }
}

pub(super) fn each_is_told_who_waits(client: &Client) {
    let queries = matching();
    let mut waiting: Vec<_> =
        (0..60).map(|n| client.changed(queries[n % 6].clone(), at(0))).collect();
    // Half of them go away.
    waiting.truncate(30);
    client.append([event("B", &["x:1", "y:1"])]);
    waiting.into_iter().for_each(told);
}

pub(super) fn a_wait_goes_on_while_others_are_opened_again(client: &Client) {
    let waiting = client.changed(tagged(&["x:1"]), at(0));
    client.reopen();
    client.append([event("B", &["x:1"])]);
    told(waiting);
}

pub(super) fn following_by_hints_misses_nothing(client: &Client) {
    const WRITERS: usize = 3;
    const APPENDS: usize = 150;
    let queries = matching();
    race(WRITERS + queries.len(), |number| {
        let Some(query) = number.checked_sub(WRITERS).map(|n| &queries[n]) else {
            let mut random = Random::new(number as u64);
            for _ in 0..APPENDS {
                client.append(random.events());
                for _ in 0..random.below(4) {
                    std::thread::yield_now();
                }
            }
            // Each ends with what everybody looks for.
            client.append([event("B", &["x:1", "y:1", &format!("end:{number}")])]);
            return;
        };
        let (mut after, mut ends) = (Position::START, 0);
        while ends < WRITERS {
            let page = client.page(Read::new(query.clone()).after(after));
            let end = |tag: &Tag| tag.key() == "end";
            ends += page.events.iter().filter(|e| e.event.tags.iter().any(end)).count();
            after = page.upto;
            if !page.more && ends < WRITERS {
                told(client.changed(query.clone(), after));
            }
        }
    });
    let ends = client.matching(item(&["B"], &["x:1", "y:1"]).into());
    assert!(positions(&ends).len() >= WRITERS);
}
