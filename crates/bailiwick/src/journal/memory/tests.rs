//! What the conformance suite cannot see: sharing, the way reads are cut into steps, and the index
//! against a plain scan.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bailiwick_core::journal::{
    Answer, AppendCondition, EncodedEvent, Journal, JournalReadError, LastMatch, Metadata, Page,
    Query, QueryItem, Read, ReadValues, RecordedEvent,
};
use bailiwick_core::{Position, Tag, Timestamp};
use bytes::Bytes;
use parking_lot::RwLock;

use super::MemoryJournal;
use super::last::last_in_steps;
use super::log::Log;
use super::read::page_in_steps;

const TYPES: [&str; 3] = ["A", "B", "C"];
const TAGS: [&str; 6] = ["x:1", "x:2", "x:3", "y:1", "y:2", "z:1"];

fn event(event_type: &'static str, tags: impl IntoIterator<Item = Tag>) -> EncodedEvent {
    EncodedEvent {
        event_type: event_type.into(),
        version: 1,
        tags: tags.into_iter().collect(),
        payload: Bytes::new(),
        recorded_at: Timestamp::EPOCH,
        metadata: Metadata::default(),
    }
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    fn some(&mut self, of: &[&'static str], at_most: usize) -> Vec<&'static str> {
        let count = self.below(at_most + 1);
        (0..count).map(|_| of[self.below(of.len())]).collect()
    }

    fn tags(&mut self) -> Vec<Tag> {
        let tags = self.some(&TAGS, 3);
        tags.iter().map(|tag| tag.parse().unwrap()).collect()
    }

    fn query(&mut self) -> Query {
        let count = self.below(4);
        let item = |_| QueryItem::new(self.some(&TYPES, 2), self.tags()).ok();
        let items: Vec<_> = (0..count).filter_map(item).collect();
        Query::any_of(items).unwrap_or(Query::all())
    }

    fn position(&mut self, log: &Log) -> Position {
        let head = usize::try_from(log.head().position.get()).unwrap();
        Position::new(self.below(head + 3) as u64)
    }
}

fn scan(log: &Log, query: &Query, after: Position) -> Vec<RecordedEvent> {
    let positions = after.get() + 1..=log.head().position.get();
    let recorded = positions.map(|n| log.recorded(Position::new(n)));
    recorded.filter(|r| query.matches(r.event.event_type.as_str(), &r.event.tags)).collect()
}

fn random_log(random: &mut Random, events: usize) -> Log {
    let mut log = Log::default();
    for _ in 0..events {
        let event_type = TYPES[random.below(TYPES.len())];
        log.append(vec![event(event_type, random.tags())]);
    }
    log
}

#[test]
fn the_index_finds_the_conflicts_that_a_scan_finds() {
    let mut random = Random(0x5eed);
    for round in 0..2_000 {
        let events = random.below(40);
        let log = random_log(&mut random, events);
        let mut condition = AppendCondition::new(random.query()).after(random.position(&log));
        if random.below(3) == 0 {
            condition = condition.never(random.query());
        }
        let mut violations = scan(&log, &condition.query, condition.after);
        if let Some(never) = &condition.never {
            violations.extend(scan(&log, never, Position::START));
        }
        match log.conflict(&condition) {
            None => assert!(violations.is_empty(), "round {round}: missed {violations:?}"),
            Some(at) => {
                let violates = violations.iter().any(|event| event.position == at);
                assert!(violates, "round {round}: {at} does not violate {condition:?}");
            }
        }
    }
}

#[test]
fn pages_in_steps_of_any_size_are_what_a_scan_finds() {
    let mut random = Random(0xfeed);
    let log = RwLock::new(random_log(&mut random, 60));
    for round in 0..3_000 {
        let (query, after) = (random.query(), random.position(&log.read()));
        let limit = NonZeroUsize::MIN.saturating_add(random.below(12));
        let mut read = Read::new(query).after(after).limit(limit);
        read.upto = (random.below(2) == 0).then(|| random.position(&log.read()));
        let page = page_in_steps(&log, &read, 1 + random.below(7));
        is_the_page(&page, &read, &log.read(), round);
    }
}

fn is_the_page(page: &Page, read: &Read, log: &Log, round: usize) {
    let end = read.upto.map_or(log.head().position, |upto| upto.min(log.head().position));
    let mut expected = scan(log, &read.query, read.after);
    expected.retain(|event| event.position <= end);
    let left_over = expected.len().saturating_sub(read.limit.get());
    expected.truncate(read.limit.get());
    assert_eq!(page.events, expected, "round {round}: {read:?}");
    if page.more {
        let last = expected.last().map(|event| event.position);
        assert_eq!(Some(page.upto), last, "round {round}: {read:?}");
    } else {
        assert_eq!(page.upto, end, "round {round}: {read:?}");
        assert_eq!(left_over, 0, "round {round}: {read:?}");
    }
}

#[test]
fn the_last_in_steps_of_any_size_is_the_last_of_a_scan() {
    let mut random = Random(0xbeef);
    for round in 0..500 {
        let events = random.below(60);
        let log = RwLock::new(random_log(&mut random, events));
        for _ in 0..8 {
            let query = random.query();
            let found = last_in_steps(&log, &query, 1 + random.below(7));
            let event = scan(&log.read(), &query, Position::START).pop();
            let upto = log.read().head().position;
            assert_eq!(found, LastMatch { event, upto }, "round {round}: {query:?}");
        }
    }
}

#[test]
fn a_clone_is_the_same_journal() {
    let journal = MemoryJournal::new();
    let other = journal.clone();
    let tag: Tag = "x:1".parse().unwrap();
    journal.append_now(vec![event("A", [tag.clone()])], None).unwrap();
    let condition = AppendCondition::new(QueryItem::tagged(tag).into());
    let refused = other.append_now(vec![event("B", [])], Some(&condition));
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(other.shared.log.read().head(), journal.shared.log.read().head());
    let shown = format!("{other:?}");
    assert!(shown.contains("Position(1)"), "{shown}");
}

fn is_pending(waiting: &mut Answer<Result<(), JournalReadError>>) -> bool {
    Pin::new(waiting).poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[test]
fn who_waits_is_left_alone_until_it_is_concerned_and_leaves_nothing() {
    let journal = MemoryJournal::new();
    let append = |event| assert!(journal.append_now(vec![event], None).is_ok());
    let tag = |text: &str| text.parse::<Tag>().unwrap();
    append(event("A", [tag("x:1")]));
    let query = || Query::from(QueryItem::new(["A"], [tag("x:1")]).unwrap());
    let mut waiting = journal.changed(query(), Position::new(1));
    drop(journal.changed(query(), Position::new(1)));
    append(event("A", [tag("x:2")]));
    append(event("B", [tag("x:1")]));
    assert!(is_pending(&mut waiting));
    append(event("A", [tag("x:1")]));
    assert!(!is_pending(&mut waiting));
    assert!(journal.shared.waiters.is_empty());
    assert!(journal.changed(query(), Position::new(1)).now().is_ok(), "it is there");
}

#[test]
fn the_last_clone_ends_every_wait() {
    let journal = MemoryJournal::new();
    let mut waiting = journal.clone().changed(Query::all(), Position::START);
    assert!(is_pending(&mut waiting));
    drop(journal);
    let told = Pin::new(&mut waiting).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(told, Poll::Ready(Err(_))), "{told:?}");
}

#[test]
fn everything_is_answered_at_once() {
    let journal = MemoryJournal::new();
    assert!(journal.append(vec![event("A", [])], None).now().unwrap().is_ok());
    assert!(journal.read(Read::new(Query::all())).now().unwrap().is_ok());
    assert!(journal.last(Query::all()).now().unwrap().is_ok());
    assert!(journal.values(ReadValues::of("x")).now().unwrap().is_ok());
    assert!(journal.head().now().unwrap().is_ok() && journal.reopen().now().unwrap().is_ok());
}
