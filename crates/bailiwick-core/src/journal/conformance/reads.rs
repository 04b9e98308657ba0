//! Cases of what a read finds.

use super::build::{any_of, at, event, item, tagged, typed};
use super::client::{Client, positions};
use super::random::Random;
use crate::journal::{Query, Read, RecordedEvent};
use crate::position::Position;

fn some_events(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &["x:1", "y:1"])]);
    client.append([event("A", &["x:2", "y:1"])]);
    client.append([event("C", &[]), event("A", &["x:1", "y:1", "z:1"])]);
    client.append([event("B", &[])]);
}

pub(super) fn an_empty_journal_has_nothing(client: &Client) {
    for query in [Query::all(), typed(&["A"]), tagged(&["x:1"])] {
        let page = client.page(Read::new(query));
        assert!(page.events.is_empty(), "{page:?}");
        assert_eq!((page.upto, page.more), (Position::START, false));
    }
}

pub(super) fn only_what_matches_is_read(client: &Client) {
    some_events(client);
    assert_eq!(client.found(Query::all()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(client.found(typed(&["A"])), [1, 3, 5]);
    assert_eq!(client.found(typed(&["C", "B"])), [2, 4, 6]);
    assert_eq!(client.found(tagged(&["x:1"])), [1, 2, 5]);
    assert_eq!(client.found(tagged(&["y:1", "x:1"])), [2, 5]);
    assert_eq!(client.found(item(&["A", "C"], &["y:1"]).into()), [3, 5]);
    assert_eq!(client.found(item(&["C"], &["y:1"]).into()), [0; 0]);
    assert_eq!(client.found(typed(&["D"])), [0; 0]);
    assert_eq!(client.found(tagged(&["x:1", "x:2"])), [0; 0]);
    assert_eq!(client.found(tagged(&["x:1", "z:unseen"])), [0; 0]);
    assert_eq!(client.found(tagged(&["a:unseen", "x:1"])), [0; 0]);
}

pub(super) fn items_are_merged_in_order(client: &Client) {
    some_events(client);
    let items = [item(&["C", "B"], &[]), item(&[], &["x:2"]), item(&["A"], &["z:1"])];
    assert_eq!(client.found(any_of(items.clone())), [2, 3, 4, 5, 6]);
    let turned = items.into_iter().rev();
    assert_eq!(client.found(any_of(turned)), [2, 3, 4, 5, 6]);
}

pub(super) fn an_event_that_matches_twice_is_read_once(client: &Client) {
    some_events(client);
    let this = item(&["A", "A", "B"], &["y:1"]);
    let overlapping = item(&[], &["x:1"]);
    let query = any_of([this.clone(), overlapping, this, item(&["A"], &[])]);
    assert_eq!(client.found(query), [1, 2, 3, 5]);
}

pub(super) fn a_read_begins_beyond_after(client: &Client) {
    some_events(client);
    let found = |query: Query, after| positions(&client.page(Read::new(query).after(after)).events);
    for (after, all, of_type, with_tag) in [
        (at(0), vec![1, 2, 3, 4, 5, 6], vec![1, 3, 5], vec![1, 2, 5]),
        (at(1), vec![2, 3, 4, 5, 6], vec![3, 5], vec![2, 5]),
        (at(4), vec![5, 6], vec![5], vec![5]),
        (at(5), vec![6], vec![], vec![]),
        (at(6), vec![], vec![], vec![]),
    ] {
        assert_eq!(found(Query::all(), after), all, "after {after}");
        assert_eq!(found(typed(&["A"]), after), of_type, "after {after}");
        assert_eq!(found(tagged(&["x:1"]), after), with_tag, "after {after}");
    }
}

pub(super) fn beyond_the_head_is_nothing(client: &Client) {
    some_events(client);
    for after in [at(6), at(7), at(1_000), at(u64::MAX)] {
        for query in [Query::all(), typed(&["A"]), tagged(&["x:1"])] {
            let page = client.page(Read::new(query).after(after));
            assert!(page.events.is_empty(), "after {after}: {page:?}");
            assert_eq!((page.upto, page.more), (at(6), false), "after {after}");
        }
    }
}

pub(super) fn what_was_appended_is_read_at_once(client: &Client) {
    for n in 1..=100 {
        let tag = format!("n:{n}");
        client.append([event("A", &[&tag])]);
        assert_eq!(client.found(tagged(&[&tag])), [n]);
        let page = client.page(Read::new(typed(&["A"])).after(at(n - 1)));
        assert_eq!(positions(&page.events), [n]);
    }
}

pub(super) fn random_reads_find_what_matches(client: &Client) {
    let mut random = Random::new(3);
    for _ in 0..150 {
        client.append(random.events());
    }
    let all = client.matching(Query::all());
    for round in 0..300 {
        let after = random.position(at(all.len() as u64));
        let query = random.query();
        let limit = std::num::NonZeroUsize::MIN.saturating_add(random.index(40));
        let read = Read::new(query.clone()).after(after).limit(limit);
        let pages = client.pages(read);
        let found: Vec<RecordedEvent> = pages.into_iter().flat_map(|page| page.events).collect();
        let matches = |recorded: &&RecordedEvent| {
            let event = &recorded.event;
            recorded.position > after && query.matches(event.event_type.as_str(), &event.tags)
        };
        let expected: Vec<RecordedEvent> = all.iter().filter(matches).cloned().collect();
        assert_eq!(found, expected, "round {round}: {query:?} after {after}");
    }
}
