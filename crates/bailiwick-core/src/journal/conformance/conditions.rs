//! Cases of append conditions, one writer at a time: what violates them and what does not.

use super::build::{any_of, at, event, item, tagged, typed, unless};
use super::client::Client;
use crate::journal::Query;
use crate::position::Position;

pub(super) fn after_is_exclusive(client: &Client) {
    client.append([event("A", &["x:1", "y:1"])]);
    client.append([event("A", &["x:1", "y:1"])]);
    let queries: [Query; 4] = [
        tagged(&["x:1"]),
        tagged(&["x:1", "y:1"]),
        typed(&["A", "B"]),
        item(&["A"], &["x:1"]).into(),
    ];
    for query in queries {
        client.admits(unless(query.clone()).after(at(2)));
        client.refuses(unless(query).after(at(1)));
    }
}

pub(super) fn after_may_lie_above_the_last_match(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &["y:1"])]);
    client.admits(unless(tagged(&["x:1"])).after(at(2)));
    client.admits(unless(typed(&["A"])).after(at(2)));
    client.append([event("A", &["x:1"])]);
    client.refuses(unless(tagged(&["x:1"])).after(at(2)));
    client.refuses(unless(typed(&["A"])).after(at(2)));
}

pub(super) fn after_may_lie_above_the_head(client: &Client) {
    for above in [at(1), at(1_000), at(u64::MAX)] {
        client.admits(unless(tagged(&["x:1"])).after(above));
    }
    client.append([event("A", &["x:1"])]);
    for above in [at(1_000), at(u64::MAX)] {
        client.admits(unless(tagged(&["x:1"])).after(above));
        client.admits(unless(typed(&["A"])).after(above));
        client.admits(unless(Query::all()).after(above));
        client.refuses(unless(typed(&["Z"])).after(above).never(tagged(&["x:1"])));
    }
}

pub(super) fn after_start_lets_any_match_fail(client: &Client) {
    client.append([event("A", &["x:1"])]);
    for n in 2..50 {
        client.append([event("B", &[&format!("n:{n}")])]);
    }
    assert_eq!(client.refuses(unless(tagged(&["x:1"]))), at(1));
    assert_eq!(client.refuses(unless(typed(&["A"]))), at(1));
    let both: Query = item(&["A"], &["x:1"]).into();
    assert_eq!(client.refuses(unless(both).after(Position::START)), at(1));
}

pub(super) fn what_does_not_match_is_ignored(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &["x:2", "y:1"])]);
    client.admits(unless(typed(&["C"])));
    client.admits(unless(tagged(&["x:3"])));
    client.admits(unless(item(&["A"], &["x:2"])));
    client.admits(unless(item(&["B"], &["x:1"])));
    client.admits(unless(tagged(&["x:1", "y:1"])));
    client.admits(unless(any_of([item(&["B"], &["x:1"]), item(&["A"], &["y:1"])])));
}

pub(super) fn types_are_ored(client: &Client) {
    client.append([event("B", &["x:1"])]);
    client.refuses(unless(typed(&["A", "B", "C"])));
    client.refuses(unless(item(&["A", "B", "C"], &["x:1"])));
    client.admits(unless(typed(&["A", "C"])));
    client.admits(unless(item(&["A", "C"], &["x:1"])));
}

pub(super) fn tags_are_anded(client: &Client) {
    client.append([event("A", &["x:1"]), event("A", &["y:1"])]);
    client.append([event("A", &["y:1", "z:1"])]);
    client.admits(unless(tagged(&["x:1", "y:1"])));
    client.admits(unless(item(&["A"], &["x:1", "y:1"])));
    client.admits(unless(tagged(&["x:1", "y:1", "z:1"])));
    client.refuses(unless(tagged(&["y:1", "z:1"])));
    // Nor does a tag that no event ever had count as no tag.
    client.admits(unless(tagged(&["a:unseen", "y:1"])));
    client.admits(unless(item(&["A"], &["y:1", "z:unseen"])));
    client.append([event("A", &["w:1", "x:1", "y:1"])]);
    client.refuses(unless(tagged(&["x:1", "y:1"])));
    client.refuses(unless(item(&["A"], &["x:1", "y:1"])));
}

pub(super) fn items_are_ored(client: &Client) {
    client.append([event("A", &["x:1"])]);
    let (this, other) = (item(&["A"], &["x:1"]), item(&["B"], &["y:1"]));
    client.refuses(unless(any_of([this.clone(), other.clone()])));
    client.refuses(unless(any_of([other.clone(), this.clone()])));
    client.refuses(unless(any_of([this.clone(), this])));
    client.admits(unless(any_of([other, item(&["C"], &[])])));
}

pub(super) fn all_is_violated_by_anything(client: &Client) {
    client.admits(unless(Query::all()).never(Query::all()));
    assert_eq!(client.refuses(unless(Query::all())), at(1));
    client.admits(unless(Query::all()).after(at(1)));
    assert_eq!(client.refuses(unless(Query::all()).after(at(1))), at(2));
    client.refuses(unless(Query::all()).after(at(2)).never(Query::all()));
}

pub(super) fn a_type_or_a_tag_or_both_may_be_guarded(client: &Client) {
    client.append([event("A", &["x:1"]), event("A", &[]), event("B", &["x:1"])]);
    client.refuses(unless(typed(&["A"])).after(at(1)));
    client.refuses(unless(tagged(&["x:1"])).after(at(1)));
    client.admits(unless(item(&["A"], &["x:1"])).after(at(1)));
    client.refuses(unless(item(&["A"], &["x:1"])));
    client.refuses(unless(item(&["B"], &["x:1"])).after(at(1)));
}

pub(super) fn never_does_not_know_after(client: &Client) {
    client.append([event("A", &["x:1"]), event("B", &["y:1"])]);
    let moving = || unless(tagged(&["y:1"])).after(at(2));
    assert_eq!(client.refuses(moving().never(tagged(&["x:1"]))), at(1));
    assert_eq!(client.refuses(moving().never(typed(&["A", "Z"]))), at(1));
    assert_eq!(client.refuses(moving().never(tagged(&["y:1"]))), at(2));
    client.admits(moving().never(tagged(&["x:2"])));
    // And the other way round: the moving one counts beside one that holds.
    let moved = || unless(tagged(&["y:1"])).after(at(1));
    assert_eq!(client.refuses(moved().never(tagged(&["x:2"]))), at(2));
}

pub(super) fn a_tag_or_type_never_seen_is_guarded(client: &Client) {
    let fresh = || unless(item(&["Registered"], &["name:a"]));
    client.append([event("Registered", &["name:b"])]);
    client.append_if(fresh(), [event("Registered", &["name:a"])]).expect("nobody has the name");
    client.refuses(fresh());
    // With `after` at a head that had not seen them either.
    let head = client.head().position;
    let unseen = || unless(any_of([item(&[], &["name:c"]), item(&["Fresh"], &[])])).after(head);
    client.admits(unseen());
    client.append([event("Fresh", &[])]);
    client.refuses(unseen());
}

pub(super) fn unconditional_appends_violate_later_conditions(client: &Client) {
    for n in 0..3 {
        client.append([event("A", &["x:1"])]);
        let head = client.head().position;
        client.refuses(unless(tagged(&["x:1"])).after(at(n)));
        client.refuses(unless(typed(&["A"])).after(at(n)));
        assert_eq!(client.head().position, head);
    }
}

pub(super) fn a_query_may_have_many_items(client: &Client) {
    for n in 0..200 {
        client.append([event("A", &[&format!("n:{n}"), "x:1"])]);
    }
    let items = |range: std::ops::Range<usize>| {
        any_of(range.map(|n| item(&["A", "B"], &[&format!("n:{n}"), "x:1"])))
    };
    let expected: Vec<u64> = (51..=150).collect();
    assert_eq!(client.found(items(50..150)), expected);
    client.admits(unless(items(0..150)).after(at(150)));
    assert_eq!(client.refuses(unless(items(50..150)).after(at(149))), at(150));
    client.admits(unless(items(200..300)));
}
