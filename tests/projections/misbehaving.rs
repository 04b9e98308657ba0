//! Projections whose code does what code should not: errors that cannot be shown, keys that cannot be compared, rows that
//! are named twice.

use std::cmp::Ordering;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

use bailiwick::journal::{Cursor, Journal};
use bailiwick::{
    BoxError, MemoryJournal, MemoryRows, News, Position, Projection, ProjectionState,
    ProjectionStore, ProjectionTransaction,
};
use bailiwick_core::{by, given_events};
use bailiwick_tests::fixtures::counter::{Counter, CounterEvent};
use bailiwick_tests::stage::{Stage, write_foreign};

use super::faulty_rows::Unspeakable;
use super::{has_failed, is_ready, until};

const WELL: u8 = 0;
const KEYS_FAIL: u8 = 1;
const FOLD_FAILS: u8 = 2;
const KEYS_PANIC: u8 = 3;

/// How often each was counted; each event names its row twice.
#[derive(Clone, Default)]
struct Odd(Arc<AtomicU8>);

#[derive(Clone)]
struct OddKey(u64, Arc<AtomicU8>);

impl Ord for OddKey {
    fn cmp(&self, other: &Self) -> Ordering {
        assert!(self.1.load(SeqCst) != KEYS_PANIC, "they are not alike");
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for OddKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OddKey {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for OddKey {}

impl std::fmt::Debug for OddKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Projection for Odd {
    const NAME: &'static str = "odd";
    const VERSION: u32 = 1;
    type Event = CounterEvent;
    type Key = OddKey;
    type Row = u64;

    fn keys(
        &self,
        news: &News<CounterEvent>,
    ) -> Result<impl IntoIterator<Item = OddKey>, BoxError> {
        let how = self.0.load(SeqCst);
        if how == KEYS_FAIL {
            return Err(Unspeakable.into());
        }
        let CounterEvent::Counted { value } = news.event else { return Ok(vec![]) };
        let key = OddKey(value, self.0.clone());
        // Only that of several events is compared then.
        Ok(if how == KEYS_PANIC { vec![key] } else { vec![key.clone(), key] })
    }

    fn fold(
        &self,
        _: &OddKey,
        row: &mut Option<u64>,
        _: &News<CounterEvent>,
    ) -> Result<(), BoxError> {
        if self.0.load(SeqCst) == FOLD_FAILS {
            return Err(Unspeakable.into());
        }
        *row.get_or_insert(0) += 1;
        Ok(())
    }
}

#[tokio::test]
async fn code_that_panics_where_it_should_not_fails_the_projection_and_it_can_go_on() {
    let at = Some(Position::new(1));
    let unspeakable = "it panics: it is unspeakable";
    let alike = "its keys cannot be compared: it panics: they are not alike";
    for (how, at, why) in
        [(KEYS_FAIL, at, unspeakable), (FOLD_FAILS, at, unspeakable), (KEYS_PANIC, None, alike)]
    {
        let (odd, rows) = (Odd::default(), MemoryRows::new());
        odd.0.store(how, SeqCst);
        let stage = Stage::new().await;
        for value in 1..=2 {
            write_foreign(&stage.journal.inner(), CounterEvent::Counted { value }).await;
        }
        let (projection, of) = (odd.clone(), rows.clone());
        let change = |builder: bailiwick::Builder| builder.projection(projection, of);
        let stage = Stage::on(stage.journal, stage.clock, change).await;
        let projection = stage.runtime.projection("odd");
        let status = until(&projection, has_failed).await;
        assert_eq!(status.state, ProjectionState::Failed { at, reason: why.into() });
        odd.0.store(WELL, SeqCst);
        assert!(projection.retry());
        until(&projection, is_ready).await;
        let rows: Vec<_> = rows.look(|rows, _| rows.values().copied().collect());
        assert_eq!(rows, [1, 1], "a row that is named twice is folded once");
    }
}

#[test]
fn a_story_folds_a_row_that_is_named_twice_once() {
    let key = OddKey(7, Arc::default());
    let seven = by::<Counter>("a", CounterEvent::Counted { value: 7 });
    given_events().event(seven).projects(Odd::default()).rows([(key, 1)]);
}

#[test]
fn a_story_says_what_rows_there_are_where_it_stops() {
    let story = given_events()
        .event(by::<Counter>("a", CounterEvent::Counted { value: 7 }))
        .event(by::<Counter>("a", CounterEvent::Poisoned {}));
    let sum = super::fixture::Sum { version: 1, events: 1, sum: 7 };
    story
        .projects(super::fixture::Sums::<1>::new())
        .stops("it is poisoned")
        .rows([("a".into(), sum)]);
}

#[test]
#[should_panic(expected = "there is no event that Odd wants, so nothing is repeated")]
fn a_story_without_events_repeats_nothing() {
    given_events().projects(Odd::default()).the_same_if_repeated();
}

#[test]
fn rows_in_memory_are_empty_when_they_are_made_anew() {
    let key = OddKey(7, Arc::default());
    let mark = Cursor::new(MemoryJournal::new().id(), Position::new(1));
    let mut rows = MemoryRows::<Odd>::from_rows(mark, [(key.clone(), 5)]);
    let mut tx = rows.begin().expect("a transaction");
    assert_eq!(tx.load(std::slice::from_ref(&key)).expect("a row").len(), 1);
    tx.create().expect("it is made");
    assert_eq!((tx.load(&[key]).expect("no row").len(), tx.in_use().expect("none")), (0, None));
}
