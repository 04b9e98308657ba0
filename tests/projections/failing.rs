//! What fails stops one projection, visibly, or is tried again; nothing is left out, nothing counts twice.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{
    Config, FileJournal, MemoryJournal, MemoryRows, Position, ProjectionState, ReachError, Runtime,
    StaleReason,
};
use bailiwick_examples::sqlite::SqliteStore;
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterEvent};
use bailiwick_tests::stage::{Stage, write_foreign};
use rusqlite::Connection;

use super::faulty_rows::{FAULTS, Fault, Faulty, sums};
use super::fixture::{Sums, events_of, fold_events, folded};
use super::{TIME_LIMIT, counter_id, has_failed, is_ready, sqlite, until};

/// So many events, with a poisoned one among them, that another node has written.
const POISONED: u64 = 4;

async fn poison(journal: &Arc<dyn Journal>) {
    for value in 1..=6 {
        let event = match value {
            POISONED => CounterEvent::Poisoned {},
            value => CounterEvent::Counted { value },
        };
        write_foreign(journal, event).await;
    }
}

/// Version 1 returns an error there, version 2 panics.
async fn a_failing_event_stops_one_projection<const V: u32>(reason: &str) {
    let (store, all) = (Faulty::<V>::new(), MemoryRows::new());
    let (projection, of) = sums(&store);
    let is_immune = projection.is_immune.clone();
    let stage =
        Stage::with(|builder| builder.projection(projection, of).projection(Values, all.clone()))
            .await;
    let projection = stage.runtime.projection("sums");
    until(&projection, is_ready).await;
    poison(&stage.journal.inner()).await;
    let status = until(&projection, has_failed).await;
    let at = Some(Position::new(POISONED));
    assert_eq!(status.state, ProjectionState::Failed { at, reason: reason.into() });
    assert_eq!(status.position.get(), POISONED - 1, "what is before it is folded");
    let before = fold_events(V, &events_of(&stage.journal).await, status.position);
    assert_eq!(store.all(), before.into_iter().collect::<Vec<_>>());

    // Nothing else has stopped.
    stage.runtime.projection("values").reached(Position::new(6)).await.expect("it goes on");
    stage.counters.get("b").ask(Count::FREELY).await.expect("it counts");
    // Who waits is told, at once; and what is there can be read.
    let failed = projection.reached(Position::new(6)).await.unwrap_err();
    assert!(matches!(failed, ReachError::Failed { at: found, .. } if found == at), "{failed:?}");
    assert_eq!(projection.reached(Position::new(2)).await.expect("it is"), status.position);
    let health = stage.runtime.health();
    let line = format!("the projection `sums`, version {V}, is failed at position 4: {reason}");
    assert_eq!((health.is_well(), health.to_string()), (false, line));

    // It stops there again, and again after a restart, until it can be folded.
    assert!(projection.retry());
    assert_eq!(until(&projection, has_failed).await.position.get(), POISONED - 1);
    is_immune.store(true, Ordering::SeqCst);
    assert!(projection.retry());
    projection.reached(Position::new(7)).await.expect("it goes on");
    until(&projection, is_ready).await;
    assert!(!projection.retry(), "it has not failed");
    assert_eq!(store.all(), folded(V, &stage.journal).await);
    assert!(stage.runtime.health().is_well());
}

/// Takes everything.
struct Values;

impl bailiwick::Projection for Values {
    const NAME: &'static str = "values";
    const VERSION: u32 = 1;
    type Event = CounterEvent;
    type Key = u8;
    type Row = u64;

    fn keys(
        &self,
        _: &bailiwick::News<CounterEvent>,
    ) -> Result<impl IntoIterator<Item = u8>, bailiwick::BoxError> {
        Ok([0])
    }

    fn fold(
        &self,
        _: &u8,
        row: &mut Option<u64>,
        _: &bailiwick::News<CounterEvent>,
    ) -> Result<(), bailiwick::BoxError> {
        *row.get_or_insert(0) += 1;
        Ok(())
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_folded_stops_one_projection() {
    a_failing_event_stops_one_projection::<1>("it is poisoned").await;
}

#[tokio::test]
async fn an_event_on_which_it_panics_stops_one_projection() {
    a_failing_event_stops_one_projection::<2>("it panics: it is poisoned").await;
}

#[tokio::test]
async fn after_a_restart_it_stops_there_again() {
    let store = Faulty::<1>::new();
    let stage = Stage::new().await;
    poison(&stage.journal.inner()).await;
    for _ in 0..2 {
        let (projection, of) = sums(&store);
        let change = |builder: bailiwick::Builder| builder.projection(projection, of);
        let again = Stage::on(stage.journal.clone(), stage.clock.clone(), change).await;
        let status = until(&again.runtime.projection("sums"), has_failed).await;
        assert_eq!(status.position.get(), POISONED - 1);
        assert_eq!(store.all()[0].1.events, POISONED - 1);
    }
}

/// The clock goes on while it is tried again.
async fn until_ready(stage: &Stage) {
    until(&stage.runtime.projection("sums"), |status| {
        stage.clock.advance(Duration::from_secs(1));
        is_ready(status)
    })
    .await;
}

#[tokio::test]
async fn whatever_the_database_does_each_event_counts_once() {
    for fault in FAULTS {
        let store = Faulty::<1>::new();
        let (projection, of) = sums(&store);
        let small = |config: Config| config.projection_batch_events(3).page_events(2);
        let stage = Stage::with(|builder| builder.config(small).projection(projection, of)).await;
        until_ready(&stage).await;
        for times in 1..4 {
            store.fail(vec![fault; times]);
            for id in ["a", "b", "a", "c", "b"] {
                stage.counters.get(id).ask(Count::FREELY).await.unwrap();
            }
            // What was committed all the same is not tried again: for each fault there is to be a commit.
            let all_happen = async {
                while store.faults() > 0 {
                    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
                    stage.clock.advance(Duration::from_secs(1));
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            };
            tokio::time::timeout(TIME_LIMIT, all_happen).await.expect("all of them happen");
            until_ready(&stage).await;
            let head = stage.journal.head().await.unwrap().position;
            // It may say that it is ready, and not know yet how it has just failed.
            until(&stage.runtime.projection("sums"), |status| {
                stage.clock.advance(Duration::from_secs(1));
                is_ready(status) && status.position == head
            })
            .await;
            assert_eq!(store.all(), folded(1, &stage.journal).await, "{fault:?} {times} times");
        }
    }
}

#[tokio::test]
async fn a_database_that_fails_for_too_long_fails_the_projection_and_nothing_is_skipped() {
    let store = Faulty::<1>::new();
    let (projection, of) = sums(&store);
    let stage = Stage::with(|builder| builder.projection(projection, of)).await;
    let projection = stage.runtime.projection("sums");
    until(&projection, is_ready).await;
    store.fail([Fault::Full; 10_000]);
    let receipt = stage.counters.get("a").ask_with_receipt(Count::FREELY).await.unwrap();
    let status = until(&projection, |status| status.failures > 0).await;
    let reason = StaleReason::DatabaseFails { reason: "it is told to be Full".into() };
    assert_eq!(status.state, ProjectionState::Stale { reason });
    assert!(!stage.runtime.health().is_well());
    let status = until(&projection, |status| {
        stage.clock.advance(Duration::from_secs(1));
        has_failed(status)
    })
    .await;
    let ProjectionState::Failed { at: None, reason } = status.state else { panic!("{status:?}") };
    assert!(reason.starts_with("the database has failed ") && reason.ends_with("Full"), "{reason}");
    let failed = projection.reached(receipt.position).await.unwrap_err();
    assert!(matches!(failed, ReachError::Failed { at: None, .. }), "{failed:?}");
    // Somebody has made room.
    store.forget_faults();
    assert!(projection.retry());
    projection.reached(receipt.position).await.expect("it goes on");
    assert_eq!(store.all(), folded(1, &stage.journal).await);
}

async fn on_sqlite(
    journal: &Arc<dyn Journal>,
    store: SqliteStore,
    change: impl FnOnce(Config) -> Config,
) -> Runtime {
    let builder = Runtime::builder_shared(journal.clone()).aggregate::<Counter>();
    let builder = builder.config(|config| change(config.timeout(TIME_LIMIT)));
    builder.projection(Sums::<1>::new(), store).start().await.expect("it starts")
}

async fn count(runtime: &Runtime, counters: u64) -> Position {
    let mut last = Position::START;
    for counter in 0..counters {
        let counter = runtime.aggregates::<Counter>().get(counter_id(&format!("c{counter}")));
        last = counter.ask_with_receipt(Count::FREELY).await.expect("it counts").position;
    }
    last
}

async fn sqlite_that_is_locked(journal: Arc<dyn Journal>) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let store = SqliteStore::at(&database).busy_timeout(Duration::from_millis(10));
    let runtime = on_sqlite(&journal, store, |config| config).await;
    let projection = runtime.projection("sums");
    until(&projection, is_ready).await;
    let other = Connection::open(&database).expect("a database");
    other.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let last = count(&runtime, 3).await;
    let status = until(&projection, |status| status.failures > 0).await;
    let reason = status.failure.expect("it has failed");
    assert!(reason.contains("locked"), "{reason}");
    other.execute_batch("ROLLBACK").expect("no lock");
    projection.reached(last).await.expect("it goes on");
    sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
    runtime.shutdown(TIME_LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_that_another_process_has_locked_is_tried_again() {
    sqlite_that_is_locked(Arc::new(MemoryJournal::new())).await;
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path: &Path| FileJournal::open(path).expect("nobody else has it");
    sqlite_that_is_locked(Arc::new(open(folder.path()))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_holds_up_nothing_and_is_opened_once_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("later").join("rows.db");
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let runtime = on_sqlite(&journal, SqliteStore::at(&database), |config| config).await;
    let last = count(&runtime, 3).await;
    let projection = runtime.projection("sums");
    until(&projection, |status| status.failures > 0).await;
    std::fs::create_dir(database.parent().unwrap()).expect("a folder");
    projection.reached(last).await.expect("it goes on");
    runtime.shutdown(TIME_LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_that_is_full_fails_the_projection_and_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let path = database.clone();
    let store = SqliteStore::with(move || {
        let db = Connection::open(&path)?;
        db.pragma_update(None, "max_page_count", 6)?;
        Ok(db)
    });
    let impatient = |config: Config| config.projection_retry_for(Duration::ZERO);
    let runtime = on_sqlite(&journal, store, impatient).await;
    count(&runtime, 1_000).await;
    let status = until(&runtime.projection("sums"), has_failed).await;
    let ProjectionState::Failed { at: None, reason } = status.state else { panic!("{status:?}") };
    assert!(reason.contains("full"), "{reason}");
    sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
    runtime.shutdown(TIME_LIMIT).await;

    let runtime = on_sqlite(&journal, SqliteStore::at(&database), impatient).await;
    let head = journal.head().await.unwrap().position;
    runtime.projection("sums").reached(head).await.expect("it goes on");
    let found = sqlite::look(&database);
    found.check(&events_of(&*journal).await).unwrap();
    assert_eq!(found.versions[&1].1.len(), 1_000);
    runtime.shutdown(TIME_LIMIT).await;
}
