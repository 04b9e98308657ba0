//! Cases of the values of a key: which they are, in which order, and up to where.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use super::build::{event, tag};
use super::client::Client;
use super::racing::race;
use super::random::Random;
use crate::journal::{Query, Read, ReadValues, ValuesPage};
use crate::position::Position;

#[track_caller]
fn list(client: &Client, read: ReadValues) -> Vec<String> {
    let ValuesPage { tags, upto, more } = client.values(read.clone());
    assert_eq!(upto, client.head().position, "of {read:?}");
    assert!(!more, "{} of {read:?}", tags.len());
    assert!(tags.iter().all(|tag| *tag.key() == *read.key.as_str()), "{tags:?}");
    tags.iter().map(|tag| tag.value().to_owned()).collect()
}

pub(super) fn an_empty_journal_has_no_values(client: &Client) {
    assert_eq!(list(client, ReadValues::of("x")), [""; 0]);
    assert_eq!(list(client, ReadValues::of("x").types(["A"]).after("1")), [""; 0]);
}

pub(super) fn they_are_those_of_the_key_in_the_order_of_their_bytes(client: &Client) {
    let tags = [
        "x:b",
        "x:a",
        "x:B",
        "x:a:b",
        "x:\u{e9}",
        "x:a ",
        "x:10",
        "x:9",
        "x2:c",
        "x.y:c",
        "x-:c",
        "w:c",
        "y:a",
        "x:e\u{301}",
    ];
    for text in tags {
        client.append([event("A", &[text, "z:z"]), event("B", &[text])]);
    }
    let expected = ["10", "9", "B", "a", "a ", "a:b", "b", "e\u{301}", "\u{e9}"];
    assert_eq!(list(client, ReadValues::of("x")), expected);
    assert_eq!(list(client, ReadValues::of("x2")), ["c"]);
    assert_eq!(list(client, ReadValues::of("z")), ["z"]);
    for nothing in ["v", "x:a", "x:", "", "X", "A", "xx"] {
        assert_eq!(list(client, ReadValues::of(nothing)), [""; 0], "of {nothing:?}");
    }
}

pub(super) fn only_those_on_events_of_the_types(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &["x:2", "y:1"]), event("C", &["x:3"])]);
    client.append([event("A", &["x:2"]), event("A", &["y:1"]), event("D", &[])]);
    let of =
        |types: &[&'static str]| list(client, ReadValues::of("x").types(types.iter().copied()));
    assert_eq!(of(&["A"]), ["1", "2"]);
    assert_eq!(of(&["B"]), ["2"]);
    assert_eq!(of(&["C", "B"]), ["2", "3"]);
    assert_eq!(of(&["B", "A", "A"]), ["1", "2"]);
    assert_eq!(of(&["D"]), [""; 0]);
    assert_eq!(of(&["Z", "a"]), [""; 0]);
    assert_eq!(of(&[]), ["1", "2", "3"], "no types are any");
    // Another event with the same value later.
    client.append([event("D", &["x:1"])]);
    assert_eq!(of(&["D"]), ["1"]);
}

fn limit(values: usize) -> NonZeroUsize {
    NonZeroUsize::new(values).expect("at least one")
}

/// Page by page, with what happens between two of them.
fn paged(client: &Client, read: &ReadValues, mut between: impl FnMut()) -> Vec<String> {
    let (mut read, mut values) = (read.clone(), Vec::new());
    loop {
        let page = client.values(read.clone());
        assert!(page.tags.len() <= read.limit.get(), "{page:?}");
        values.extend(page.tags.iter().map(|tag| tag.value().to_owned()));
        if !page.more {
            return values;
        }
        assert!(!page.tags.is_empty(), "a page that gets nowhere: {read:?}");
        let after = read.after.as_ref().map_or("", |after| after.as_str());
        assert!(page.tags.iter().all(|tag| tag.value() > after), "not beyond {after}: {page:?}");
        read = read.after(values.last().expect("not empty"));
        between();
    }
}

pub(super) fn pages_go_on_without_gaps_or_repeats(client: &Client) {
    for n in 0..100 {
        let text = format!("x:{n:03}");
        client.append([event(if n % 10 == 0 { "B" } else { "A" }, &[&text]), event("C", &[&text])]);
    }
    let all: Vec<String> = (0..100).map(|n| format!("{n:03}")).collect();
    let tens: Vec<String> = (0..10).map(|n| format!("{:03}", 10 * n)).collect();
    for size in [1, 2, 3, 10, 33, 99, 100, 101, 1_000] {
        let read = ReadValues::of("x").limit(limit(size));
        assert_eq!(paged(client, &read, || ()), all, "in pages of {size}");
        assert_eq!(paged(client, &read.types(["B"]), || ()), tens, "in pages of {size}");
    }
    assert_eq!(list(client, ReadValues::of("x").after("0955")), ["096", "097", "098", "099"]);
    assert_eq!(list(client, ReadValues::of("x").after("099")), [""; 0]);
    assert_eq!(list(client, ReadValues::of("x").after("")).len(), 100);
    let largest = ReadValues::of("x").limit(NonZeroUsize::MAX);
    assert_eq!(paged(client, &largest, || ()), all);
}

pub(super) fn what_comes_between_two_pages_spoils_none(client: &Client) {
    for n in 0..50 {
        client.append([event("A", &[&format!("x:{:03}", 2 * n)])]);
    }
    let mut n = 99;
    let found = paged(client, &ReadValues::of("x").limit(limit(7)), || {
        client.append([event("A", &[&format!("x:{n:03}"), &format!("x:{:03}", 99 - n)])]);
        n -= 2;
    });
    assert!(found.is_sorted_by(|one, other| one < other), "{found:?}");
    let missed = (0..50).map(|n| format!("{:03}", 2 * n)).find(|value| !found.contains(value));
    assert_eq!(missed, None);
}

pub(super) fn they_are_those_that_a_read_finds(client: &Client) {
    let mut random = Random::new(11);
    for _ in 0..60 {
        client.append(random.events());
        let types = random.types();
        for key in ["x", "y", "z", "w"] {
            let matching = client.matching(Query::all()).into_iter();
            let matching = matching.map(|recorded| recorded.event);
            let matching = matching
                .filter(|event| types.is_empty() || types.contains(&event.event_type.as_str()));
            let tags = matching.flat_map(|event| event.tags.iter().cloned().collect::<Vec<_>>());
            let of_key = tags.filter(|tag| tag.key() == key);
            let expected: BTreeSet<String> = of_key.map(|tag| tag.value().to_owned()).collect();
            let found = list(client, ReadValues::of(key).types(types.iter().copied()));
            assert_eq!(found, Vec::from_iter(expected), "of {key} on {types:?}");
        }
    }
}

pub(super) fn every_value_up_to_upto_was_given(client: &Client) {
    const WRITERS: usize = 3;
    const APPENDS: u64 = 100;
    race(WRITERS + 2, |number| {
        if number < WRITERS {
            for n in 0..APPENDS {
                client.append([event("A", &[&format!("x:{number}.{n:03}")]), event("B", &["x:b"])]);
                std::thread::yield_now();
            }
            return;
        }
        let mut known = Position::START;
        while known.get() < 2 * APPENDS * WRITERS as u64 {
            let page = client.values(ReadValues::of("x").types(["A"]));
            assert!(page.upto >= known, "{} was {known}", page.upto);
            let read = Read::new(Query::all()).after(known).upto(page.upto);
            let events = client.pages(read).into_iter().flat_map(|page| page.events);
            for recorded in events.filter(|recorded| *recorded.event.event_type.as_str() == *"A") {
                let own = recorded.event.tags.iter().all(|tag| page.tags.contains(tag));
                assert!(own, "{:?} at {} is missing", recorded.event.tags, recorded.position);
            }
            assert!(!page.tags.contains(&tag("x:b")), "of another type");
            known = page.upto;
        }
    });
}
