//! A mark that is none of the journal, a version that is older than the one in use, and names that are none.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{
    BoxError, FileJournal, MemoryJournal, MemoryRows, News, Projection, ProjectionState, Runtime,
    StaleReason, StartError,
};
use bailiwick_examples::sqlite::SqliteStore;
use bailiwick_tests::faults::journal_copy::copy_all;
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterEvent};

use super::fixture::Sums;
use super::{TIME_LIMIT, has_failed, until};

async fn start<const V: u32>(journal: Arc<dyn Journal>, store: SqliteStore) -> Runtime {
    let builder = Runtime::builder_shared(journal).aggregate::<Counter>();
    let builder = builder.config(|config| config.timeout(TIME_LIMIT));
    builder.projection(Sums::<V>::new(), store).start().await.expect("it starts")
}

/// Counts, until the rows have it.
async fn count(runtime: &Runtime) {
    let counter = runtime.aggregates::<Counter>().get("a");
    let last = counter.ask_with_receipt(Count::FREELY).await.expect("it counts").position;
    runtime.projection("sums").reached(last).await.expect("it comes so far");
}

async fn refused(runtime: &Runtime) -> String {
    let status = until(&runtime.projection("sums"), has_failed).await;
    let ProjectionState::Failed { at: None, reason } = status.state else { panic!("{status:?}") };
    // All else goes on.
    runtime.aggregates::<Counter>().get("b").ask(Count::FREELY).await.expect("it counts");
    runtime.shutdown(TIME_LIMIT).await;
    reason.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_of_another_journal_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let store = || SqliteStore::at(&database);
    let runtime = start::<1>(Arc::new(MemoryJournal::new()), store()).await;
    count(&runtime).await;
    runtime.shutdown(TIME_LIMIT).await;
    let other = start::<1>(Arc::new(MemoryJournal::new()), store()).await;
    let reason = refused(&other).await;
    let begins = "its mark is not of this journal: position 1 is one of the journal ";
    assert!(reason.starts_with(begins), "{reason}");
    // Nor is one built beside it that could never reach its mark.
    let other = start::<2>(Arc::new(MemoryJournal::new()), store()).await;
    assert!(refused(&other).await.starts_with(begins));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_beyond_the_head_of_an_older_copy_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (now, then) = (folder.path().join("now"), folder.path().join("then"));
    let database = folder.path().join("rows.db");
    let store = || SqliteStore::at(&database);
    let runtime = start::<1>(Arc::new(FileJournal::open(&now).unwrap()), store()).await;
    count(&runtime).await;
    runtime.shutdown(TIME_LIMIT).await;
    std::fs::create_dir(&then).unwrap();
    copy_all(&now, &then).expect("it can be copied");
    let runtime = start::<1>(Arc::new(FileJournal::open(&now).unwrap()), store()).await;
    count(&runtime).await;
    runtime.shutdown(TIME_LIMIT).await;
    let older = start::<1>(Arc::new(FileJournal::open(&then).unwrap()), store()).await;
    let reason = refused(&older).await;
    let is = "its mark is not of this journal: position 2 is beyond the journal's head at 1";
    assert!(reason.starts_with(is), "{reason}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_is_older_than_the_one_in_use_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let store = || SqliteStore::at(&database);
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let runtime = start::<2>(journal.clone(), store()).await;
    count(&runtime).await;
    runtime.shutdown(TIME_LIMIT).await;
    let runtime = start::<1>(journal, store()).await;
    let superseded = ProjectionState::Stale { reason: StaleReason::Superseded { in_use: 2 } };
    until(&runtime.projection("sums"), |status| status.state == superseded).await;
    let health = runtime.health();
    let line = "the projection `sums`, version 1, is stale: its version 2 is in use, which this program does not have";
    assert!(!health.is_well() && health.to_string().starts_with(line), "{health}");
    // All else goes on.
    runtime.aggregates::<Counter>().get("b").ask(Count::FREELY).await.expect("it counts");
    runtime.shutdown(TIME_LIMIT).await;
}

struct Nameless;

impl Projection for Nameless {
    const NAME: &'static str = "";
    const VERSION: u32 = 1;
    type Event = CounterEvent;
    type Key = ();
    type Row = ();

    fn keys(&self, _: &News<CounterEvent>) -> Result<impl IntoIterator<Item = ()>, BoxError> {
        Ok([()])
    }

    fn fold(&self, (): &(), _: &mut Option<()>, _: &News<CounterEvent>) -> Result<(), BoxError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_name_belongs_to_one_projection() {
    let builder = || Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
    let twice = builder()
        .projection(Sums::<1>::new(), MemoryRows::new())
        .projection(Sums::<2>::new(), MemoryRows::new());
    let taken = twice.start().await.unwrap_err();
    assert!(matches!(taken, StartError::ProjectionTaken { name: "sums", .. }), "{taken:?}");
    let nameless = builder().projection(Nameless, MemoryRows::new()).start().await.unwrap_err();
    assert!(matches!(nameless, StartError::ProjectionName { .. }), "{nameless:?}");
}

#[tokio::test]
async fn events_that_nobody_emits_are_refused_at_the_start() {
    let builder = Runtime::builder(MemoryJournal::new());
    let refused = builder.projection(Sums::<1>::new(), MemoryRows::new()).start().await;
    assert!(matches!(refused, Err(StartError::NobodyEmits { .. })), "{refused:?}");
}

#[tokio::test]
#[should_panic(expected = "does not know the projection \"sum\"")]
async fn one_that_was_not_added_is_asked_for() {
    let runtime = Runtime::builder(MemoryJournal::new()).start().await.expect("it starts");
    assert!(runtime.projections().get("sum").is_none());
    runtime.shutdown(Duration::ZERO).await;
    runtime.projection("sum");
}
