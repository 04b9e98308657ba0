//! Rows follow the journal: in batches, past what is not wanted, and so that who waits is told.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{
    BoxError, Builder, Config, FileJournal, MemoryJournal, MemoryRows, News, Position, Projection,
    ProjectionState, ReachError, Runtime, StaleReason,
};
use bailiwick_examples::sqlite::SqliteStore;
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterId};
use bailiwick_tests::fixtures::counter_pairs::Reminded;
use bailiwick_tests::stage::Stage;

use super::faulty_rows::{Faulty, sums};
use super::fixture::{Sums, events_of, folded};
use super::{TIME_LIMIT, is_ready, sqlite, until};

const COUNTERS: usize = 7;
const WRITERS: usize = 10;
const COMMANDS: usize = 40;

/// Small, so that there are many pages and many transactions.
fn small(config: Config) -> Config {
    config.page_events(8).projection_batch_events(20).timeout(TIME_LIMIT)
}

async fn write(runtime: &Runtime) {
    let writer = |writer: usize| {
        let counters = runtime.aggregates::<Counter>();
        tokio::spawn(async move {
            for nth in 0..COMMANDS {
                let id: CounterId = format!("c{}", (writer + nth) % COUNTERS).parse().unwrap();
                counters.get(id).ask(Count::FREELY).await.expect("it counts");
            }
        })
    };
    let writers: Vec<_> = (0..WRITERS).map(writer).collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
}

/// Into SQLite and into memory, while others write, and over a restart.
async fn rows_are_the_fold(journal: impl Fn() -> Arc<dyn Journal>) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    for life in 1..=2 {
        let journal = journal();
        let (memory, store) = (MemoryRows::new(), SqliteStore::at(&database));
        let builder = Runtime::builder_shared(journal.clone()).aggregate::<Counter>().config(small);
        let builder = builder.projection(Sums::<1>::new(), store);
        let runtime = builder.projection(Renamed(Sums::new()), memory.clone());
        let runtime = runtime.start().await.expect("it starts");
        write(&runtime).await;
        let head = journal.head().await.unwrap().position;
        for projection in runtime.projections().iter() {
            let reached = projection.reached(head).await.expect("it comes so far");
            assert_eq!(
                (reached, life * WRITERS * COMMANDS),
                (head, head.get().try_into().unwrap())
            );
            until(&projection, is_ready).await;
        }
        assert!(runtime.health().projections.is_empty(), "{}", runtime.health());
        let found = sqlite::look(&database);
        found.check(&events_of(&*journal).await).unwrap();
        let rows: Vec<_> = memory.look(|rows, mark| {
            assert_eq!(mark.unwrap().position, head);
            rows.clone().into_iter().collect()
        });
        assert_eq!(rows, folded(1, &*journal).await);
        assert_eq!(found.versions[&1].1.clone().into_iter().collect::<Vec<_>>(), rows);
        assert!(runtime.shutdown(TIME_LIMIT).await.in_time);
    }
}

/// The same under another name.
#[derive(Default)]
struct Renamed(Sums<1>);

impl Projection for Renamed {
    const NAME: &'static str = "sums in memory";
    const VERSION: u32 = 1;
    type Event = <Sums<1> as Projection>::Event;
    type Key = CounterId;
    type Row = super::fixture::Sum;

    fn keys(
        &self,
        news: &News<Self::Event>,
    ) -> Result<impl IntoIterator<Item = CounterId>, BoxError> {
        self.0.keys(news)
    }

    fn fold(
        &self,
        key: &CounterId,
        row: &mut Option<Self::Row>,
        news: &News<Self::Event>,
    ) -> Result<(), BoxError> {
        self.0.fold(key, row, news)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_the_fold_of_a_journal_in_memory() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    rows_are_the_fold(|| journal.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_the_fold_of_a_journal_in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path: &Path| FileJournal::open(path).expect("nobody else has it");
    rows_are_the_fold(|| Arc::new(open(folder.path()))).await;
}

/// A projection on a stage, of a journal that has something already.
async fn catches_up(store: &Faulty, config: impl Fn(Config) -> Config) -> Stage {
    let stage = Stage::new().await;
    for nth in 0..100 {
        stage.counters.get(if nth % 2 == 0 { "a" } else { "b" }).ask(Count::FREELY).await.unwrap();
    }
    let (projection, store) = sums(store);
    let change = |builder: Builder| builder.config(config).projection(projection, store);
    Stage::on(stage.journal, stage.clock, change).await
}

#[tokio::test]
async fn a_batch_writes_each_row_once() {
    let store = Faulty::<1>::new();
    let stage = catches_up(&store, |config| config).await;
    until(&stage.runtime.projection("sums"), is_ready).await;
    assert_eq!(store.commits(), [2], "100 events of two counters");
    assert_eq!(store.all(), folded(1, &stage.journal).await);
}

#[tokio::test]
async fn a_batch_is_bounded_in_events_and_bytes() {
    let store = Faulty::<1>::new();
    let stage = catches_up(&store, |config| config.projection_batch_events(10)).await;
    until(&stage.runtime.projection("sums"), is_ready).await;
    assert_eq!(store.commits(), [2; 10], "it is in use with the last");
    let store = Faulty::<1>::new();
    let stage = catches_up(&store, |config| config.projection_batch_bytes(1)).await;
    until(&stage.runtime.projection("sums"), is_ready).await;
    assert_eq!(store.commits(), [1; 100], "one event more than fits");
    assert_eq!(store.all(), folded(1, &stage.journal).await);
}

#[tokio::test]
async fn what_comes_gathers_unless_somebody_waits_for_it() {
    let store = Faulty::<1>::new();
    let (projection, rows) = sums(&store);
    let gathers = |config: Config| config.projection_gather(Duration::from_millis(10));
    let stage = Stage::with(|builder| builder.config(gathers).projection(projection, rows)).await;
    let sums = stage.runtime.projection("sums");
    until(&sums, is_ready).await;
    let begun = store.begun();
    // No time passes.
    let mut last = Position::START;
    for _ in 0..20 {
        last = stage.counters.get("a").ask_with_receipt(Count::FREELY).await.unwrap().position;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(store.begun() <= begun + 1, "{:?}", store.commits());
    let reached = tokio::time::timeout(TIME_LIMIT, sums.reached(last)).await;
    assert_eq!(reached.expect("who waits is not kept waiting").unwrap(), last);
    assert!(store.begun() <= begun + 2, "{:?}", store.commits());
    // Nobody waits, and time passes.
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    until(&sums, |status| {
        stage.clock.advance(Duration::from_millis(1));
        status.position > last
    })
    .await;
    assert_eq!(store.all(), folded(1, &stage.journal).await);
}

/// It wants what nobody has emitted.
struct Reminders;

impl Projection for Reminders {
    const NAME: &'static str = "reminders";
    const VERSION: u32 = 1;
    type Event = Reminded;
    type Key = CounterId;
    type Row = u64;

    fn keys(&self, news: &News<Reminded>) -> Result<impl IntoIterator<Item = CounterId>, BoxError> {
        Ok([news.event.counter.clone()])
    }

    fn fold(
        &self,
        _: &CounterId,
        row: &mut Option<u64>,
        _: &News<Reminded>,
    ) -> Result<(), BoxError> {
        *row.get_or_insert(0) += 1;
        Ok(())
    }
}

#[tokio::test]
async fn the_mark_moves_past_what_is_not_wanted() {
    let rows = MemoryRows::new();
    let stage = Stage::with(|builder| builder.projection(Reminders, rows.clone())).await;
    let mark = || rows.look(|_, mark| mark.map(|mark| mark.position.get()));
    let reminders = stage.runtime.projection("reminders");
    until(&reminders, is_ready).await;
    // Because somebody waits for it. No time passes.
    let receipt = stage.counters.get("a").ask_with_receipt(Count::FREELY).await.unwrap();
    assert_eq!(reminders.reached(receipt.position).await.unwrap().get(), 1);
    assert_eq!(mark(), Some(1));
    // Because it is time.
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    until(&reminders, |_| {
        stage.clock.advance(Duration::from_millis(100));
        mark() == Some(2)
    })
    .await;
}

#[tokio::test]
async fn who_waits_is_told_why_it_does_not_come_to_that() {
    let store = Faulty::<1>::new();
    let (projection, of) = sums(&store);
    let stage = Stage::with(|builder| builder.projection(projection, of)).await;
    let projection = stage.runtime.projection("sums");
    until(&projection, is_ready).await;
    let beyond = projection.reached(Position::new(1)).await.unwrap_err();
    assert!(matches!(beyond, ReachError::BeyondHead { head: Position::START, .. }), "{beyond:?}");

    store.fail([super::faulty_rows::Fault::Busy; 1_000]);
    stage.counters.get("a").ask(Count::FREELY).await.unwrap();
    until(&projection, |status| status.failures > 0).await;
    let waiting = projection.clone().timeout(Duration::from_millis(10));
    let waiting = tokio::spawn(async move { waiting.reached(Position::new(1)).await });
    while !waiting.is_finished() {
        stage.clock.advance(Duration::from_millis(1));
        tokio::task::yield_now().await;
    }
    let late = waiting.await.unwrap().unwrap_err();
    let ReachError::TimedOut { reached: Some(Position::START), state } = late else {
        panic!("{late:?}")
    };
    let reason = StaleReason::DatabaseFails { reason: "it is told to be Busy".into() };
    assert_eq!(state, ProjectionState::Stale { reason });

    let waiting = projection.reached(Position::new(1));
    let waiting = tokio::spawn(waiting);
    bailiwick_tests::stage::settle().await;
    stage.runtime.shutdown(Duration::ZERO).await;
    assert!(matches!(waiting.await.unwrap(), Err(ReachError::ShutDown)));
    assert!(matches!(projection.reached(Position::START).await, Err(ReachError::ShutDown)));
}
