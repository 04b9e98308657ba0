//! Cases of appending: places, all or nothing, and the order of the calls.

use super::block_on::{block_on, poll_once};
use super::build::{any_of, at, event, item, tagged, typed, unless};
use super::client::{Client, Outcome, positions};
use crate::journal::{Answer, AppendError, Appended, Query};

fn span(first: u64, last: u64) -> Appended {
    Appended { first: at(first), last: at(last) }
}

pub(super) fn positions_ascend_from_one(client: &Client) {
    let mut positions = Vec::new();
    for events in [1, 1, 3, 1, 40, 1] {
        let Appended { first, last } = client.append_raw(vec![event("A", &["x:1"]); events]);
        let before = positions.last().copied().unwrap_or_default();
        assert!(first.get() > before, "{first} after {before}");
        assert_eq!(last, first.plus(events as u64 - 1), "an append has no holes");
        positions.extend(first.get()..=last.get());
    }
    assert_eq!(super::client::positions(&client.all_raw()), positions);
}

pub(super) fn an_append_returns_its_own_positions(client: &Client) {
    let first = client.submit([event("A", &[]), event("A", &[])], None);
    let second = client.submit([event("B", &[]), event("B", &[]), event("B", &[])], None);
    let third = client.submit([event("C", &[])], None);
    assert_eq!(block_on(third).unwrap(), span(6, 6));
    // By now the head is further on.
    assert_eq!(block_on(first).unwrap(), span(1, 2));
    assert_eq!(block_on(second).unwrap(), span(3, 5));
}

pub(super) fn a_batch_keeps_its_order(client: &Client) {
    let tags = ["x:3", "x:1", "x:2"];
    let batch = |n: usize| event("A", &[tags[n % 3], &format!("n:{n}")]);
    client.append((0..300).map(batch).collect::<Vec<_>>());
    let stored = client.matching(Query::all());
    let as_appended = (0..300).map(batch).zip(&stored);
    assert_eq!(stored.len(), 300);
    for (appended, stored) in as_appended {
        assert_eq!(stored.event.tags, appended.tags, "at {}", stored.position);
    }
}

pub(super) fn an_empty_append_is_refused_as_empty(client: &Client) {
    client.append([event("A", &["x:1"])]);
    let violated = unless(tagged(&["x:1"])).never(typed(&["A"]));
    for condition in [None, Some(unless(typed(&["B"]))), Some(violated)] {
        let outcome = block_on(client.submit([], condition.clone()));
        let empty = matches!(outcome, Err(AppendError::Empty));
        assert!(empty, "no events, on {condition:?}: {outcome:?}");
    }
    assert_eq!(client.head().position, at(1));
}

pub(super) fn a_refused_append_leaves_nothing(client: &Client) {
    client.append([event("A", &["x:1"])]);
    let before = client.head();
    let mut late = event("Refused", &["z:1"]);
    late.recorded_at = before.recorded_at.plus_millis(1);
    let batch = [late, event("Refused", &["z:2"]), event("A", &["x:1"])];
    let outcome = client.append_if(unless(typed(&["A"])), batch.clone());
    assert!(outcome.is_err(), "{outcome:?} on a violated condition");
    let outcome = client.append_if(unless(typed(&["B"])).never(tagged(&["x:1"])), batch);
    assert!(outcome.is_err(), "{outcome:?} on a violated condition");

    assert_eq!(client.head(), before, "the head moved");
    assert_eq!(client.found(Query::all()), [1]);
    assert_eq!(client.found(typed(&["Refused"])), [0; 0]);
    // A type or a tag that was taken and not given back would show here.
    let by_tag = item(&[], &["z:2"]);
    let condition = unless(any_of([item(&["Refused"], &[]), by_tag])).never(tagged(&["z:1"]));
    assert_eq!(client.admits(condition), span(2, 2));
}

pub(super) fn a_batch_is_not_checked_against_its_own_condition(client: &Client) {
    let batch = [event("A", &["x:1"]), event("A", &["x:1"])];
    let outcome = client.append_if(unless(tagged(&["x:1"])), batch);
    assert_eq!(outcome.unwrap(), span(1, 2), "on its own tag");
    let batch = [event("B", &["x:2"]), event("B", &["x:2"])];
    let outcome = client.append_if(unless(typed(&["B"])), batch.clone());
    assert_eq!(outcome.unwrap(), span(3, 4), "on its own type");
    let condition = unless(Query::all()).after(at(4)).never(tagged(&["x:3"]));
    let batch = [event("B", &["x:3"]), event("A", &["x:3"])];
    let outcome = client.append_if(condition, batch);
    assert_eq!(outcome.unwrap(), span(5, 6), "on what must never have been");
}

pub(super) fn a_reissued_append_lands_once_if_its_condition_says_so(client: &Client) {
    let append = [event("A", &["x:1"]), event("B", &["x:1"])];
    let once = unless(tagged(&["x:1"]));
    client.append_if(once.clone(), append.clone()).unwrap();
    let again = client.append_if(once, append.clone());
    let refused = matches!(again, Err(AppendError::Conflict { .. }));
    assert!(refused, "again: {again:?}");
    assert_eq!(client.append(append), span(3, 4), "unconditionally");
    assert_eq!(client.found(tagged(&["x:1"])), [1, 2, 3, 4]);
}

pub(super) fn appends_take_effect_in_the_order_of_the_calls(client: &Client) {
    let submit = |n: u64| client.submit([event("A", &[&format!("n:{n}")])], None);
    let mut submitted: Vec<Answer<Outcome>> = (1..=100).map(submit).collect();
    // Waited for in the other order.
    for n in (1..=100).rev() {
        let outcome = block_on(submitted.pop().expect("a hundred"));
        assert_eq!(outcome.unwrap(), span(n, n), "of call {n}");
    }
    for n in 1..=100 {
        assert_eq!(client.found(tagged(&[&format!("n:{n}")])), [n]);
    }
}

pub(super) fn conditions_are_judged_in_the_order_of_the_calls(client: &Client) {
    let first = client.submit([event("A", &["x:1"])], Some(unless(tagged(&["x:1"]))));
    let second = client.submit([event("B", &["x:1"])], None);
    let third = client.submit([event("C", &["x:1"])], Some(unless(typed(&["B"]))));
    let fourth = client.submit([event("D", &["y:1"])], Some(unless(typed(&["C"]))));
    // `fourth` first: a journal that waits for the poll judges the others later than it should.
    assert_eq!(block_on(fourth).unwrap(), span(3, 3), "the third was refused, and left no gap");
    let third = block_on(third);
    let refused = matches!(third, Err(AppendError::Conflict { at }) if at.get() == 2);
    assert!(refused, "after a second that violates it: {third:?}");
    assert_eq!(block_on(second).unwrap(), span(2, 2));
    assert_eq!(block_on(first).unwrap(), span(1, 1), "before the second");
}

pub(super) fn an_append_never_polled_is_appended(client: &Client) {
    drop(client.submit(abandoned(), Some(unless(typed(&["A"])))));
    is_there_wholly(client);
}

pub(super) fn an_append_dropped_after_a_poll_is_appended(client: &Client) {
    let mut append = client.submit(abandoned(), Some(unless(typed(&["A"]))));
    let _ = poll_once(&mut append);
    drop(append);
    is_there_wholly(client);
}

fn abandoned() -> Vec<crate::journal::EncodedEvent> {
    vec![event("A", &["x:1"]), event("B", &["x:1"]), event("C", &["x:1"])]
}

/// The next append waits for it: appends take effect in the order of the calls.
fn is_there_wholly(client: &Client) {
    assert_eq!(client.append([event("D", &[])]), span(4, 4));
    let stored = client.matching(tagged(&["x:1"]));
    assert_eq!(positions(&stored), [1, 2, 3]);
    let types: Vec<_> = stored.iter().map(|e| e.event.event_type.as_str()).collect();
    assert_eq!(types, ["A", "B", "C"]);
}
