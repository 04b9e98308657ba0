//! Twenty writers append under random conditions. Each event carries the last match that its writer
//! believed in; afterwards, no match may lie between that and the event.
//!
//! Whatever order the appends took effect in, this finds every condition that was not kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bailiwick::journal::{
    AppendCondition, AppendError, EncodedEvent, EventType, Journal, Metadata, Query, QueryItem,
    RecordedEvent,
};
use bailiwick::{Position, Tag, Timestamp};
use bailiwick_tests::journals::place::{Kept, Place, matching};
use bailiwick_tests::sim::Random;

use super::careless_journal::careless;
use super::{chosen, seed};

const WRITERS: u64 = 20;
/// Of the short version.
const EVENTS: u64 = 4_000;

const TYPES: [&str; 4] = ["Opened", "Changed", "Moved", "Closed"];
const TAGS: [&str; 8] = ["a:1", "a:2", "a:3", "b:1", "b:2", "b:3", "c:1", "c:2"];

/// What an append relied on, as each of its events carries it.
struct Belief {
    /// Which query, as the seed that it was drawn from.
    query: u64,
    /// The last match, as far as its writer knew; of a careless writer, none.
    last: Option<u64>,
    /// Which of the events of the append.
    nth: u64,
}

impl Belief {
    fn encode(&self) -> Vec<u8> {
        let last = self.last.map_or_else(|| "careless".to_owned(), |last| last.to_string());
        format!("{} {last} {}", self.query, self.nth).into_bytes()
    }

    fn of(recorded: &RecordedEvent) -> Belief {
        let text = std::str::from_utf8(&recorded.event.payload).expect("a belief");
        let parts: Vec<_> = text.split(' ').collect();
        let number = |n: usize| parts[n].parse().ok();
        let [query, nth] = [0, 2].map(|n| number(n).expect("a number"));
        Belief { query, last: number(1), nth }
    }
}

fn some<T: Copy>(random: &mut Random, of: &[T], at_most: usize) -> Vec<T> {
    (0..random.count(0, at_most)).map(|_| random.pick(of)).collect()
}

fn tags(texts: Vec<&str>) -> impl Iterator<Item = Tag> + use<'_> {
    texts.into_iter().map(|text| text.parse().expect("a tag"))
}

/// One to three items of up to two types and up to two tags.
fn query(seed: u64) -> Query {
    let mut random = Random::of(seed);
    let mut items = Vec::new();
    for _ in 0..random.count(1, 3) {
        let (types, tagged) = (some(&mut random, &TYPES, 2), some(&mut random, &TAGS, 2));
        items.extend(QueryItem::new(types, tags(tagged)));
    }
    Query::any_of(items).unwrap_or_else(|_| Query::all())
}

struct Writer {
    journal: Arc<dyn Journal>,
    random: Random,
    written: Arc<AtomicU64>,
    refused: u64,
}

impl Writer {
    /// Appends until there are enough events. Returns how often it was refused.
    async fn write(mut self, enough: u64) -> u64 {
        while self.written.load(Ordering::Relaxed) < enough {
            // A few that many believe in, and others.
            let query_seed = self.random.between(0, 40);
            let known = self.journal.last(query(query_seed)).await.expect("it can be read");
            let last = known.event.map_or(Position::START, |event| event.position);
            // Either is what it knows: the match, or up to where there is no other.
            let after = if self.random.one_in(2) { last } else { known.upto };
            // What it knows may be true no more; others are given the time for that.
            for _ in 0..self.random.count(1, 4) {
                let careless = self.random.one_in(10);
                let last = (!careless).then_some(last.get());
                let condition = AppendCondition::new(query(query_seed)).after(after);
                self.append(query_seed, last, (!careless).then_some(condition)).await;
                tokio::task::yield_now().await;
            }
        }
        self.refused
    }

    async fn append(&mut self, query: u64, last: Option<u64>, only_if: Option<AppendCondition>) {
        let count = self.random.between(1, 3);
        let events = (0..count).map(|nth| self.event(&Belief { query, last, nth })).collect();
        match self.journal.append(events, only_if).await {
            Ok(_) => drop(self.written.fetch_add(count, Ordering::Relaxed)),
            Err(AppendError::Conflict { .. }) => self.refused += 1,
            Err(error) => panic!("{error}"),
        }
    }

    fn event(&mut self, belief: &Belief) -> EncodedEvent {
        EncodedEvent {
            event_type: EventType::literal(self.random.pick(&TYPES)),
            version: 1,
            tags: tags(some(&mut self.random, &TAGS, 3)).collect(),
            payload: belief.encode().into(),
            recorded_at: Timestamp::EPOCH,
            metadata: Metadata::default(),
        }
    }
}

/// How many beliefs there were to check, and the first event that should not be there.
fn judge(events: &[RecordedEvent]) -> (usize, Option<String>) {
    let index = |position: u64| usize::try_from(position).expect("few events") - 1;
    let mut checked = 0;
    for recorded in events {
        let Belief { query: query_seed, last: Some(last), nth } = Belief::of(recorded) else {
            continue;
        };
        let query = query(query_seed);
        // Its own events are not what an append looks at.
        let between = &events[index(last + 1)..index(recorded.position.get() - nth)];
        let missed = between.iter().find(|event| {
            let EncodedEvent { event_type, tags, .. } = &event.event;
            query.matches(event_type.as_str(), tags)
        });
        if let Some(missed) = missed {
            let (at, missed) = (recorded.position, missed.position);
            let why = format!("{at} believed in {last}, but {missed} matches {query:?}");
            return (checked, Some(why));
        }
        checked += 1;
    }
    (checked, None)
}

async fn run(journal: Arc<dyn Journal>) -> Option<String> {
    let (seed, enough) = (seed(), chosen("ORACLE_EVENTS", EVENTS));
    let written = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = (0..WRITERS)
        .map(|n| {
            let random = Random::of(seed.wrapping_mul(WRITERS).wrapping_add(n));
            let (journal, written) = (journal.clone(), written.clone());
            tokio::spawn(Writer { journal, random, written, refused: 0 }.write(enough))
        })
        .collect();
    let mut refused = 0;
    for writer in writers {
        refused += writer.await.expect("a writer ended well");
    }
    let events = matching(&journal, Query::all()).await;
    let positions: Vec<u64> = events.iter().map(|recorded| recorded.position.get()).collect();
    assert_eq!(positions, (1..=events.len() as u64).collect::<Vec<_>>());
    let (checked, contradiction) = judge(&events);
    println!(
        "seed {seed}: {} events, {checked} beliefs checked, {refused} appends refused",
        events.len()
    );
    let seen = contradiction.is_some() || (checked > 1_000 && refused > 1_000);
    assert!(seen, "the oracle is blind");
    contradiction
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_match_lies_between_belief_and_event_in_memory() {
    assert_eq!(run(Place::fresh(Kept::InMemory).open()).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_match_lies_between_belief_and_event_durably() {
    let place = Place::fresh(Kept::Durably);
    assert_eq!(run(place.open()).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_condition_that_was_not_kept_would_be_seen() {
    let journal = careless(Place::fresh(Kept::InMemory).open());
    assert!(run(Arc::new(journal)).await.is_some());
}
