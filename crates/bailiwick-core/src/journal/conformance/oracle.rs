//! The oracle of the specification's own stress test: every event carries what its writer believed,
//! and afterwards nothing in the journal may contradict it.
//!
//! That is a complete check of the conditions under concurrency: whatever order appends took
//! effect in, an event that matches between what a writer had seen and what it wrote shows.

use bytes::Bytes;

use super::belief::{Belief, NAMES, index};
use super::build::{any_of, at, event, item, tagged, typed};
use super::client::{Client, won};
use super::racing::race;
use super::random::Random;
use crate::journal::{AppendError, EncodedEvent, Query, Read, RecordedEvent};
use crate::position::Position;

const WRITERS: usize = 20;
const APPENDS: usize = 100;

/// Wide and narrow ones, by type, by tag and by both.
fn queries() -> Vec<Query> {
    let mut random = Random::new(4);
    let mut queries = vec![
        typed(&["A"]),
        typed(&["B", "C", "D"]),
        tagged(&["x:1"]),
        tagged(&["y:1", "z:1"]),
        item(&["A", "B"], &["x:2"]).into(),
        any_of([item(&["D"], &["x:3"]), item(&[], &["y:2", "z:2"])]),
    ];
    queries.extend((0..6).map(|_| random.query()));
    queries
}

/// A writer and how far it has read for each query.
struct Writer<'a> {
    client: &'a Client,
    queries: &'a [Query],
    random: Random,
    /// Per query: the last match it knows, and up to where it knows that there is no other.
    known: Vec<(u64, Position)>,
    /// What it was refused for.
    refusals: Vec<(Belief, Position)>,
}

impl Writer<'_> {
    fn append(&mut self) {
        let query = self.random.index(self.queries.len());
        // Half of the time it relies on what it knew: that may be stale, or still true.
        if self.random.percent(50) {
            self.refresh(query);
        }
        let (last_match, read_upto) = self.known[query];
        let belief = Belief {
            query,
            after: last_match,
            never: self.random.percent(20).then(|| self.random.below(NAMES)),
        };
        let aware_of = if self.random.percent(50) { at(last_match) } else { read_upto };
        let events = self.events(belief);
        if self.random.percent(10) {
            // A writer without a condition relies on nothing, and is seen by the others.
            let careless = events.into_iter().map(without_belief).collect::<Vec<_>>();
            self.client.append(careless);
            return;
        }
        let condition = belief.condition(self.queries, aware_of);
        let outcome = self.client.append_if(condition, events);
        if let (None, Err(AppendError::Conflict { at })) = (won(&outcome), outcome) {
            let after = aware_of.get();
            self.refusals.push((Belief { after, ..belief }, at));
        }
    }

    fn refresh(&mut self, query: usize) {
        let (last_match, read_upto) = &mut self.known[query];
        let read = Read::new(self.queries[query].clone()).after(*read_upto);
        let page = self.client.page(read);
        if let Some(last) = page.events.last() {
            *last_match = last.position.get();
        }
        *read_upto = page.upto;
    }

    fn events(&mut self, belief: Belief) -> Vec<EncodedEvent> {
        let mut events = self.random.events();
        for (index, event) in (0..).zip(&mut events) {
            event.payload = belief.encode(index);
            if let Some(name) = belief.never {
                let name = super::build::tag(&format!("name:{name}"));
                event.tags = event.tags.iter().cloned().chain([name]).collect();
            }
        }
        events
    }
}

fn without_belief(event: EncodedEvent) -> EncodedEvent {
    EncodedEvent { payload: Bytes::new(), ..event }
}

pub(super) fn nothing_contradicts_what_a_writer_relied_on(client: &Client) {
    client.append([event("A", &["x:1"])].map(without_belief));
    let queries = queries();
    let refusals = race(WRITERS, |n| {
        let mut writer = Writer {
            client,
            queries: &queries,
            random: Random::new(100 + n as u64),
            known: vec![(0, Position::START); queries.len()],
            refusals: Vec::new(),
        };
        (0..APPENDS).for_each(|_| writer.append());
        writer.refusals
    });
    let events = client.matching(Query::all());
    let guarded = check_admissions(&queries, &events);
    let refusals = refusals.concat();
    check_refusals(&queries, &events, &refusals);
    let seen = guarded > 50 && refusals.len() > 50;
    assert!(seen, "the oracle is blind: {guarded} guarded events, {} refusals", refusals.len());
}

/// How many events had a belief to check.
fn check_admissions(queries: &[Query], events: &[RecordedEvent]) -> usize {
    let mut guarded = 0;
    for recorded in events {
        if recorded.event.payload.is_empty() {
            continue;
        }
        let (belief, index) = Belief::decode(&recorded.event.payload);
        let first = recorded.position.get() - index;
        if let Some(missed) = belief.contradicted_by(queries, events, first) {
            let query = &queries[belief.query];
            panic!("{belief:?} of {recorded:?} missed {missed:?}, which matches {query:?}");
        }
        guarded += 1;
    }
    guarded
}

/// Every refusal names an event that was in the way.
fn check_refusals(queries: &[Query], events: &[RecordedEvent], refusals: &[(Belief, Position)]) {
    for (belief, at) in refusals {
        let named = events.get(index(at.get()));
        let named = named.unwrap_or_else(|| panic!("there is no event at {at}: {belief:?}"));
        let in_the_way = belief.contradicted_by(queries, std::slice::from_ref(named), 2);
        assert!(in_the_way.is_some(), "{named:?} is not in the way of {belief:?}");
    }
}
