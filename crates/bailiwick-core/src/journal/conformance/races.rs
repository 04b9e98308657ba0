//! Cases of many writers at once: how many of them win.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::build::{at, event, item, slow, tagged, typed, unless};
use super::client::{Client, Outcome, positions, won};
use super::racing::{race, race_in_rounds};
use crate::journal::{AppendError, Appended, EncodedEvent, Query, QueryItem, Read};
use crate::position::Position;

/// A journal that checks and appends apart may be lucky once, not every time.
const ROUNDS: usize = 40;

fn winners(outcomes: &[Outcome]) -> Vec<Appended> {
    outcomes.iter().filter_map(won).collect()
}

/// In every round all start from the same snapshot, guard the same tag and append to it.
fn from_one_snapshot(client: &Client, racers: usize) {
    let boundary = |round| format!("x:{round}");
    let known = |round| client.append([event("A", &[&boundary(round)])]).last;
    let after: Vec<Position> = (0..ROUNDS).map(known).collect();
    let rounds = race_in_rounds(racers, ROUNDS, |round, n| {
        let boundary = boundary(round);
        let condition = unless(slow(&tagged(&[&boundary]))).after(after[round]);
        client.append_if(condition, [event("A", &[&boundary, &format!("n:{n}")])])
    });
    for (round, outcomes) in rounds.iter().enumerate() {
        let winners = winners(outcomes);
        assert_eq!(winners.len(), 1, "winners of {racers} in round {round}");
        for outcome in outcomes {
            let elsewhere =
                matches!(outcome, Err(AppendError::Conflict { at }) if *at != winners[0].last);
            assert!(!elsewhere, "lost to another than {winners:?}: {outcome:?}");
        }
    }
    assert_eq!(client.found(Query::all()).len(), 2 * ROUNDS);
}

pub(super) fn one_of_16_wins(client: &Client) {
    from_one_snapshot(client, 16);
}

pub(super) fn one_of_64_wins(client: &Client) {
    from_one_snapshot(client, 64);
}

pub(super) fn one_of_64_is_the_first_ever(client: &Client) {
    let rounds = race_in_rounds(64, ROUNDS, |round, n| {
        let name = format!("name:{round}");
        let unused = unless(item(&["Registered"], &[&name]));
        // Half of them by the guard that knows no `after`.
        let condition = if n % 2 == 0 {
            unused
        } else {
            let nothing = unless(typed(&["Nothing"])).after(at(1));
            nothing.never(unused.query)
        };
        client.append_if(condition, [event("Registered", &[&name, &format!("n:{n}")])])
    });
    for (round, outcomes) in rounds.iter().enumerate() {
        assert_eq!(winners(outcomes).len(), 1, "winners of round {round}");
    }
    assert_eq!(client.found(Query::all()).len(), ROUNDS);
}

pub(super) fn each_name_is_taken_once(client: &Client) {
    const NAMES: usize = 1_000;
    // Not in step: one that is interrupted between check and append is overtaken by the others.
    let taken = race(3, |n| {
        let take = |name: usize| {
            let name = format!("name:{name}");
            let unused = unless(slow(&tagged(&[&name])));
            let outcome = client.append_if(unused, [event("Taken", &[&name, &format!("n:{n}")])]);
            won(&outcome).is_some()
        };
        (0..NAMES).map(take).collect::<Vec<bool>>()
    });
    for name in 0..NAMES {
        let takers = taken.iter().filter(|taken| taken[name]).count();
        assert_eq!(takers, 1, "who took the name {name}");
    }
    assert_eq!(client.found(Query::all()).len(), NAMES);
}

pub(super) fn four_boundaries_have_four_winners(client: &Client) {
    let boundary = |round, n| format!("x:{round}-{}", n % 4);
    let rounds = race_in_rounds(64, ROUNDS, |round, n| {
        let boundary = boundary(round, n);
        client.append_if(unless(tagged(&[&boundary])), [event("A", &[&boundary])])
    });
    for (round, outcomes) in rounds.iter().enumerate() {
        assert_eq!(winners(outcomes).len(), 4, "winners of round {round}");
        for n in 0..4 {
            let boundary = boundary(round, n);
            let found = client.found(tagged(&[&boundary]));
            assert_eq!(found.len(), 1, "winners of {boundary}");
        }
    }
    assert_eq!(client.found(Query::all()).len(), 4 * ROUNDS);
}

pub(super) fn a_course_is_never_overbooked(client: &Client) {
    const SEATS: usize = 7;
    client.append([event("Defined", &["course:c1"])]);
    let attempts = AtomicUsize::new(0);
    let seated = race(64, |n| {
        loop {
            let course = tagged(&["course:c1"]);
            let page = client.page(Read::new(course.clone()));
            let definition = 1;
            if page.events.len() == definition + SEATS {
                return false;
            }
            attempts.fetch_add(1, Ordering::Relaxed);
            let student = format!("student:s{n}");
            let subscribed = event("Subscribed", &["course:c1", &student]);
            let condition = unless(course).after(page.upto);
            if won(&client.append_if(condition, [subscribed])).is_some() {
                return true;
            }
        }
    });
    let seated = seated.into_iter().filter(|seated| *seated).count();
    assert_eq!(seated, SEATS, "told that they have a seat, after {attempts:?} attempts");
    assert_eq!(client.found(typed(&["Subscribed"])).len(), SEATS);
}

/// 64 writers of 50 appends each, all guarded, none in the way of another.
fn undisturbed(client: &Client, own: impl Fn(usize) -> (EncodedEvent, Query) + Sync) {
    let conflicts = race(64, |n| {
        let (mut after, mut conflicts) = (at(0), 0);
        for _ in 0..50 {
            let (event, query) = own(n);
            match won(&client.append_if(unless(query).after(after), [event])) {
                Some(appended) => after = appended.last,
                None => conflicts += 1,
            }
        }
        conflicts
    });
    let conflicts: usize = conflicts.iter().sum();
    assert_eq!(conflicts, 0, "of boundaries that have nothing in common");
    let stored = client.matching(Query::all());
    assert_eq!(positions(&stored), (1..=64 * 50).collect::<Vec<u64>>());
}

pub(super) fn disjoint_tags_never_conflict(client: &Client) {
    undisturbed(client, |n| {
        let own = format!("x:{n}");
        (event("A", &[&own, "common:1"]), tagged(&[&own]))
    });
}

pub(super) fn disjoint_types_never_conflict(client: &Client) {
    undisturbed(client, |n| {
        let own = format!("Type{n}");
        let query = QueryItem::of_type(own.clone()).into();
        (event(own, &["common:1"]), query)
    });
}

pub(super) fn unconditional_appends_all_succeed(client: &Client) {
    let appended = race(32, |n| {
        let tag = format!("n:{n}");
        let append = |_| client.append([event("A", &["x:1", &tag]), event("B", &[&tag])]);
        (0..25).map(append).collect::<Vec<_>>()
    });
    let mut firsts = Vec::new();
    for (n, of_one) in appended.iter().enumerate() {
        let own = of_one.iter().flat_map(|a| a.first.get()..=a.last.get());
        let found = client.found(tagged(&[&format!("n:{n}")]));
        assert_eq!(found, own.collect::<Vec<u64>>(), "of the writer {n}, in order");
        firsts.extend(of_one.iter().map(|a| a.first.get()));
    }
    firsts.sort_unstable();
    let expected: Vec<u64> = (0..32 * 25).map(|n| n * 2 + 1).collect();
    assert_eq!(firsts, expected, "two places for each, and no more");
}
