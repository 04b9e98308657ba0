//! Cases of pages: limits, and going on where a page ended.

use std::num::NonZeroUsize;

use super::build::{any_of, at, event, item, tagged, typed};
use super::client::{Client, positions};
use crate::journal::{Query, Read};

fn limit(events: usize) -> NonZeroUsize {
    NonZeroUsize::new(events).expect("a limit of at least one")
}

/// A hundred events; every tenth is of type `B` with the tag `x:1`.
fn a_hundred(client: &Client) {
    for n in 1..=100 {
        if n % 10 == 0 {
            client.append([event("B", &["x:1"])]);
        } else {
            client.append([event("A", &["x:2"])]);
        }
    }
}

pub(super) fn a_page_has_at_most_its_limit(client: &Client) {
    a_hundred(client);
    for query in [Query::all(), typed(&["A", "B"]), tagged(&["x:2"])] {
        let page = client.page(Read::new(query).limit(limit(7)));
        assert!(page.events.len() <= 7, "{page:?}");
        assert!(page.more, "far from the end: {page:?}");
    }
}

pub(super) fn the_limit_counts_what_matches(client: &Client) {
    a_hundred(client);
    for query in [typed(&["B"]), tagged(&["x:1"]), item(&["B"], &["x:1"]).into()] {
        let pages = client.pages(Read::new(query).limit(limit(4)));
        let found: Vec<u64> = pages.iter().flat_map(|p| positions(&p.events)).collect();
        assert_eq!(found, [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
        assert!(pages.len() <= 5, "ten events in pages of four: {pages:?}");
    }
}

pub(super) fn the_limit_counts_all_items_together(client: &Client) {
    a_hundred(client);
    let query = any_of([item(&["B"], &[]), item(&["A"], &["x:2"]), item(&[], &["x:1"])]);
    let page = client.page(Read::new(query).after(at(5)).limit(limit(6)));
    assert!(page.events.len() <= 6, "{page:?}");
    let expected: Vec<u64> = (6..=page.upto.get()).collect();
    assert_eq!(positions(&page.events), expected);
}

pub(super) fn pages_go_on_without_gaps_or_repeats(client: &Client) {
    a_hundred(client);
    let queries = [
        (Query::all(), (1..=100).collect::<Vec<u64>>()),
        (typed(&["B"]), (1..=10).map(|n| n * 10).collect()),
        (any_of([item(&["B"], &[]), item(&[], &["x:2"])]), (1..=100).collect()),
    ];
    for (query, expected) in queries {
        for size in [1, 2, 3, 10, 33, 50, 99, 100, 101, 1_000] {
            let pages = client.pages(Read::new(query.clone()).limit(limit(size)));
            let found: Vec<u64> = pages.iter().flat_map(|p| positions(&p.events)).collect();
            assert_eq!(found, expected, "in pages of {size}");
        }
    }
}

pub(super) fn everything_up_to_upto_was_given(client: &Client) {
    a_hundred(client);
    for query in [Query::all(), typed(&["B"]), tagged(&["x:1"]), typed(&["Z"])] {
        let all = client.found(query.clone());
        for size in [1, 3, 10, 1_000] {
            let mut after = at(0);
            for page in client.pages(Read::new(query.clone()).limit(limit(size))) {
                let beyond = |n: &&u64| **n > after.get() && **n <= page.upto.get();
                let expected: Vec<u64> = all.iter().filter(beyond).copied().collect();
                assert_eq!(positions(&page.events), expected, "after {after}: {page:?}");
                after = page.upto;
            }
        }
    }
}

pub(super) fn a_page_without_more_ends_at_the_head(client: &Client) {
    a_hundred(client);
    client.append([event("C", &[])]);
    for query in [Query::all(), typed(&["B"]), tagged(&["x:1"]), typed(&["Z"])] {
        for size in [1, 5, 10, 101, 1_000] {
            let pages = client.pages(Read::new(query.clone()).limit(limit(size)));
            let (last, before) = pages.split_last().expect("at least one page");
            assert_eq!(last.upto, client.head().position, "{last:?}");
            let early = before.iter().find(|page| page.upto > at(101));
            assert!(early.is_none(), "beyond the head: {early:?}");
        }
    }
}

pub(super) fn a_read_ends_where_it_is_to_end(client: &Client) {
    a_hundred(client);
    for query in [Query::all(), typed(&["B"]), tagged(&["x:1"]), typed(&["Z"])] {
        let all = client.found(query.clone());
        for (after, upto) in
            [(0, 0), (0, 1), (0, 10), (10, 10), (10, 9), (9, 20), (15, 55), (0, 99)]
        {
            for size in [1, 2, 10, 1_000] {
                let read = Read::new(query.clone()).after(at(after)).upto(at(upto));
                let pages = client.pages(read.limit(limit(size)));
                let within = |n: &&u64| **n > after && **n <= upto;
                let expected: Vec<u64> = all.iter().filter(within).copied().collect();
                let found: Vec<u64> = pages.iter().flat_map(|p| positions(&p.events)).collect();
                assert_eq!(found, expected, "{query:?} beyond {after} up to {upto} by {size}");
                let last = pages.last().expect("at least one page");
                assert_eq!(last.upto, at(upto), "the end of {after} to {upto}: {last:?}");
                let early = pages.iter().find(|page| page.upto > at(upto));
                assert!(early.is_none(), "beyond {upto}: {early:?}");
            }
        }
        for upto in [100, 101, u64::MAX] {
            let pages = client.pages(Read::new(query.clone()).upto(at(upto)));
            let found: Vec<u64> = pages.iter().flat_map(|p| positions(&p.events)).collect();
            assert_eq!(found, all);
            assert_eq!(pages.last().map(|page| page.upto), Some(at(100)), "the head, up to {upto}");
        }
    }
}

pub(super) fn a_page_ends_with_the_event_that_fills_its_bytes(client: &Client) {
    const PAYLOAD: usize = 1_000;
    for n in 1..=40 {
        let mut large = event(if n % 2 == 0 { "A" } else { "B" }, &["x:1"]);
        large.payload = bytes::Bytes::from(vec![7; PAYLOAD]);
        client.append([large]);
    }
    for query in [Query::all(), typed(&["A"]), tagged(&["x:1"])] {
        let all = client.found(query.clone());
        for bytes in [0, 1, PAYLOAD, 5 * PAYLOAD, 100 * PAYLOAD] {
            let pages = client.pages(Read::new(query.clone()).bytes(bytes));
            let found: Vec<u64> = pages.iter().flat_map(|p| positions(&p.events)).collect();
            assert_eq!(found, all, "in pages of {bytes} bytes");
            // Whatever else of an event counts, its payload does.
            let most = bytes.div_ceil(PAYLOAD).max(1);
            let fuller = pages.iter().find(|page| page.events.len() > most);
            assert!(fuller.is_none(), "{bytes} bytes: {fuller:?}");
        }
    }
}

pub(super) fn the_largest_limit_is_a_limit(client: &Client) {
    a_hundred(client);
    let all: Vec<u64> = (1..=100).collect();
    for query in [Query::all(), typed(&["A", "B"])] {
        let pages = client.pages(Read::new(query).limit(NonZeroUsize::MAX));
        let found: Vec<u64> = pages.iter().flat_map(|p| positions(&p.events)).collect();
        assert_eq!(found, all);
    }
}
