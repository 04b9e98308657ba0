//! A new version goes on beside the old one, and takes its place in one transaction.

use std::path::Path;
use std::sync::Arc;

use bailiwick::journal::{Cursor, Journal};
use bailiwick::{
    BoxError, Config, FileJournal, MemoryJournal, Position, ProjectionState, ProjectionStore,
    Runtime, StaleReason,
};
use bailiwick_examples::sqlite::{SqliteStore, SqliteTransaction};
use bailiwick_tests::fixtures::counter::{Count, Counter};
use tokio::sync::mpsc;

use super::fixture::{Sums, events_of};
use super::{TIME_LIMIT, counter_id, is_ready, sqlite, until};

const BATCH: usize = 10;
const COUNTERS: u64 = 5;
const BEFORE: u64 = 100;

/// Each transaction waits until it may begin.
struct Gated {
    store: SqliteStore,
    may_begin: mpsc::UnboundedReceiver<()>,
}

impl ProjectionStore<Sums<2>> for Gated {
    type Transaction<'t> = SqliteTransaction<'t>;

    fn begin(&mut self) -> Result<SqliteTransaction<'_>, BoxError> {
        // Whoever has the gate has let go of it: it is open.
        self.may_begin.blocking_recv();
        ProjectionStore::<Sums<2>>::begin(&mut self.store)
    }

    fn drop_older(&mut self) -> Result<(), BoxError> {
        ProjectionStore::<Sums<2>>::drop_older(&mut self.store)
    }
}

fn builder(journal: &Arc<dyn Journal>) -> bailiwick::Builder {
    let small =
        |config: Config| config.timeout(TIME_LIMIT).page_events(4).projection_batch_events(BATCH);
    Runtime::builder_shared(journal.clone()).aggregate::<Counter>().config(small)
}

async fn start_first(journal: &Arc<dyn Journal>, database: &Path) -> Runtime {
    let store = SqliteStore::at(database);
    builder(journal).projection(Sums::<1>::new(), store).start().await.expect("it starts")
}

async fn count(runtime: &Runtime, times: u64) -> Position {
    let mut last = Position::START;
    for nth in 0..times {
        let counter =
            runtime.aggregates::<Counter>().get(counter_id(&format!("c{}", nth % COUNTERS)));
        last = counter.ask_with_receipt(Count::FREELY).await.expect("it counts").position;
    }
    last
}

/// Rows and mark of the version that readers read.
fn read(database: &Path) -> (u32, Cursor) {
    let found = sqlite::look(database);
    let version = found.in_use.expect("one is in use");
    (version, found.versions[&version].0)
}

/// Commands and reads go on meanwhile. With `beside`, the old version is kept up by a runtime of its own.
async fn rebuilt(journal: Arc<dyn Journal>, beside: bool) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let older = start_first(&journal, &database).await;
    let last = count(&older, BEFORE).await;
    older.projection("sums").reached(last).await.expect("it comes so far");
    let older = match beside {
        true => Some(older),
        false => {
            older.shutdown(TIME_LIMIT).await;
            None
        }
    };

    let (gate, may_begin) = mpsc::unbounded_channel();
    let store = Gated { store: SqliteStore::at(&database), may_begin };
    let runtime = builder(&journal).projection(Sums::<2>::new(), store).start().await.unwrap();
    let projection = runtime.projection("sums");
    gate.send(()).unwrap(); // It looks at what is there.
    let status = until(&projection, |status| status.in_use.is_some()).await;
    let ProjectionState::Rebuilding { progress } = status.state else { panic!("{status:?}") };
    assert_eq!((progress.position, progress.goal), (Position::START, last));
    assert_eq!(status.in_use, Some((1, last)));

    let mut seen = last;
    for batch in 1..BEFORE / BATCH as u64 {
        gate.send(()).unwrap();
        let is_there = |position: Position| position.get() == batch * BATCH as u64;
        let status = until(&projection, |status| is_there(status.position)).await;
        let ProjectionState::Rebuilding { progress } = status.state else { panic!("{status:?}") };
        assert_eq!(progress.to_string().split(' ').next(), Some(&*(10 * batch).to_string()));
        // Commands go on, and so do those who read the old version.
        let written = count(&runtime, 3).await;
        if let Some(older) = &older {
            older.projection("sums").reached(written).await.expect("it is kept up");
            seen = written;
        }
        let (version, mark) = read(&database);
        assert_eq!((version, mark.position), (1, seen));
        sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
    }
    // What the old version has can be read.
    assert!(projection.reached(last).await.expect("the old version has it") >= last);
    let head = journal.head().await.unwrap().position;
    drop(gate);
    projection.reached(head).await.expect("it comes so far");
    until(&projection, is_ready).await;
    let (version, mark) = read(&database);
    assert!(version == 2 && mark.position >= head, "{version} {mark}");
    sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
    // What is older is dropped, after it has come into use.
    until(&projection, |_| sqlite::look(&database).versions.keys().eq(&[2])).await;

    if let Some(older) = older {
        count(&older, 1).await;
        // It says so, and how far the rows are that readers read now.
        let superseded = ProjectionState::Stale { reason: StaleReason::Superseded { in_use: 2 } };
        let status = until(&older.projection("sums"), |status| status.state == superseded).await;
        assert!(status.is_failing() && !older.health().is_well());
        let last = count(&older, 1).await;
        let reached = older.projection("sums").reached(last).await;
        assert_eq!(reached.expect("the later version has it"), last);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_is_built_beside_and_swapped_in() {
    rebuilt(Arc::new(MemoryJournal::new()), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_is_built_beside_one_that_is_kept_up() {
    rebuilt(Arc::new(MemoryJournal::new()), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_version_is_built_from_a_journal_in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    rebuilt(Arc::new(FileJournal::open(folder.path()).expect("nobody else has it")), true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_that_was_interrupted_goes_on_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let older = start_first(&journal, &database).await;
    let last = count(&older, BEFORE).await;
    older.projection("sums").reached(last).await.expect("it comes so far");
    older.shutdown(TIME_LIMIT).await;
    for life in 1..=3 {
        let (gate, may_begin) = mpsc::unbounded_channel();
        let store = Gated { store: SqliteStore::at(&database), may_begin };
        let runtime = builder(&journal).projection(Sums::<2>::new(), store).start().await.unwrap();
        // A look, and three batches.
        (0..4).for_each(|_| gate.send(()).unwrap());
        let come = life * 3 * BATCH as u64;
        let projection = runtime.projection("sums");
        let status = until(&projection, |status| status.position.get() == come).await;
        assert_eq!(status.in_use, Some((1, last)));
        assert_eq!(read(&database), (1, Cursor::new(journal.id(), last)));
        sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
        // Its thread waits at the gate: nothing more is written.
        drop(runtime);
        std::mem::forget(gate);
    }
}

/// A database with a complete version 1, up to the position; then this was done to it.
async fn damaged(journal: &Arc<dyn Journal>, database: &Path, damage: &str) -> Position {
    let older = start_first(journal, database).await;
    let last = count(&older, BEFORE).await;
    older.projection("sums").reached(last).await.expect("it comes so far");
    older.shutdown(TIME_LIMIT).await;
    let db = rusqlite::Connection::open(database).expect("a database");
    db.execute_batch(damage).expect("it is done");
    last
}

/// So what is built is not taken for what readers can rely on before it is complete.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_without_a_mark_is_none_that_is_complete() {
    let no_mark = "DELETE FROM projection_marks";
    let own_in_use = "DELETE FROM projection_marks; UPDATE projections_in_use SET version = 2;";
    for (damage, in_use) in [(no_mark, Some(1)), (own_in_use, None)] {
        let folder = tempfile::tempdir().expect("a folder");
        let database = folder.path().join("rows.db");
        let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
        let last = damaged(&journal, &database, damage).await;
        let (gate, may_begin) = mpsc::unbounded_channel();
        let store = Gated { store: SqliteStore::at(&database), may_begin };
        let runtime = builder(&journal).projection(Sums::<2>::new(), store).start().await.unwrap();
        let projection = runtime.projection("sums");
        // A look, and a batch.
        (0..2).for_each(|_| gate.send(()).unwrap());
        let is_there = |status: &bailiwick::ProjectionStatus| status.position.get() == BATCH as u64;
        let status = until(&projection, is_there).await;
        let ProjectionState::Rebuilding { progress } = status.state else { panic!("{status:?}") };
        assert_eq!((progress.position, progress.goal), (status.position, last));
        assert_eq!(status.in_use, in_use.map(|version| (version, Position::START)));
        let db = rusqlite::Connection::open(&database).expect("a database");
        let version = "SELECT max(version) FROM projections_in_use";
        let version = db.query_row(version, [], |row| row.get::<_, Option<u32>>(0));
        assert_eq!(version.expect("one row"), in_use);
        drop(gate);
        projection.reached(last).await.expect("it comes so far");
        assert_eq!(read(&database), (2, Cursor::new(journal.id(), last)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_mark_that_becomes_one_of_another_journal_is_none_to_be_reached() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    damaged(&journal, &database, "").await;
    let (gate, may_begin) = mpsc::unbounded_channel();
    let store = Gated { store: SqliteStore::at(&database), may_begin };
    let runtime = builder(&journal).projection(Sums::<2>::new(), store).start().await.unwrap();
    let projection = runtime.projection("sums");
    gate.send(()).unwrap();
    until(&projection, |status| status.in_use.is_some()).await;
    let other = MemoryJournal::new().id();
    let db = rusqlite::Connection::open(&database).expect("a database");
    db.execute("UPDATE projection_marks SET journal = ?1, position = 5", [other.to_string()])
        .expect("it is moved");
    drop(gate);
    let status = until(&projection, super::has_failed).await;
    let ProjectionState::Failed { at: None, reason } = status.state else { panic!("{status:?}") };
    assert!(reason.starts_with("its mark is not of this journal"), "{reason}");
    assert_eq!(sqlite::look(&database).in_use, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_version_comes_into_use_where_the_journal_ended_whoever_writes_on() {
    let store = super::faulty_rows::Faulty::<1>::new();
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let writer = builder(&journal).start().await.expect("it starts");
    let last = count(&writer, BEFORE).await;
    let gate = store.shut();
    let (projection, of) = super::faulty_rows::sums(&store);
    let runtime = builder(&journal).projection(projection, of).start().await.unwrap();
    let projection = runtime.projection("sums");
    gate.send(()).unwrap();
    until(&projection, |status| matches!(status.state, ProjectionState::Rebuilding { .. })).await;
    // More than is folded meanwhile.
    count(&writer, BEFORE).await;
    (0..BEFORE / BATCH as u64).for_each(|_| gate.send(()).unwrap());
    let status = until(&projection, |status| status.position == last).await;
    assert_eq!(status.in_use, Some((1, last)));
    let reason = StaleReason::CatchingUp;
    assert_eq!(status.state, ProjectionState::Stale { reason });
}
