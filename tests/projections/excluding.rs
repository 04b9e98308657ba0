//! Several who have one projection in one database: nothing is applied twice, and one goes on.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{Config, FileJournal, MemoryJournal, ProjectionState, Runtime, StaleReason};
use bailiwick_examples::sqlite::SqliteStore;
use bailiwick_tests::faults::journal_copy::{self, copy_all};
use bailiwick_tests::fixtures::counter::{Count, Counter};

use super::fixture::{Sums, events_of};
use super::{TIME_LIMIT, counter_id, is_ready, sqlite, until};

const COMMANDS: usize = 100;
const FOLDER: &str = "BAILIWICK_TESTS_FOLDER";
const OTHER: &str = "BAILIWICK_TESTS_OTHER";
const DATABASE: &str = "BAILIWICK_TESTS_DATABASE";

/// Transactions are small, and one that stands by is quick to go on.
fn eager(config: Config) -> Config {
    let config = config.timeout(TIME_LIMIT).page_events(4).projection_batch_events(4);
    let soon = Duration::from_millis(20);
    config.projection_pass(soon).projection_standby(soon).projection_backoff(soon)
}

async fn start(journal: Arc<dyn Journal>, database: &Path) -> Runtime {
    let store = SqliteStore::at(database);
    let builder = Runtime::builder_shared(journal).aggregate::<Counter>().config(eager);
    builder.projection(Sums::<1>::new(), store).start().await.expect("it starts")
}

async fn write(runtime: &Runtime) {
    for nth in 0..COMMANDS {
        let counter = runtime.aggregates::<Counter>().get(counter_id(&format!("c{}", nth % 7)));
        counter.ask(Count::FREELY).await.expect("it counts");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_runtimes_one_goes_on_and_nothing_is_applied_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let one = start(journal.clone(), &database).await;
    let other = start(journal.clone(), &database).await;
    for _ in 0..3 {
        tokio::join!(write(&one), write(&other));
        let head = journal.head().await.unwrap().position;
        // Both know how far the rows have come, whoever writes them.
        one.projection("sums").reached(head).await.expect("it comes so far");
        other.projection("sums").reached(head).await.expect("it comes so far");
        sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
    }
    // One goes on where the other has stopped.
    one.shutdown(TIME_LIMIT).await;
    write(&other).await;
    let head = journal.head().await.unwrap().position;
    other.projection("sums").reached(head).await.expect("it goes on");
    until(&other.projection("sums"), is_ready).await;
    sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
}

#[tokio::test]
async fn who_is_overtaken_says_so_and_stands_by() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    let runtime = start(journal.clone(), &database).await;
    let projection = runtime.projection("sums");
    until(&projection, is_ready).await;
    // Somebody who writes rows as the other one would.
    let db = rusqlite::Connection::open(&database).expect("a database");
    let moved = "INSERT INTO sums_v1 VALUES ('c0', 1, 1, 1);
        UPDATE projection_marks SET position = 1;";
    // The event is there with the rows: nobody can say otherwise which came first.
    db.execute_batch(&format!("BEGIN IMMEDIATE; {moved}")).expect("rows");
    write(&runtime).await;
    db.execute_batch("COMMIT").expect("a commit");
    let stale = ProjectionState::Stale { reason: StaleReason::StandingBy };
    until(&projection, |status| status.state == stale).await;
    // The other one is seen no more.
    let head = journal.head().await.unwrap().position;
    projection.reached(head).await.expect("it goes on");
    sqlite::look(&database).check(&events_of(&*journal).await).unwrap();
}

/// A process with a copy of the journal.
#[tokio::test]
#[ignore = "it is begun by the test of two processes"]
async fn one_of_two() {
    let (Ok(folder), Ok(database)) = (std::env::var(FOLDER), std::env::var(DATABASE)) else {
        return;
    };
    let journal = Arc::new(FileJournal::open(&folder).expect("nobody else has it"));
    let head = journal.head().await.unwrap().position;
    // Both are there before one of them begins.
    let is_here = |folder: &str| Path::new(folder).with_extension("here");
    let other = std::env::var(OTHER).expect("a folder");
    std::fs::write(is_here(&folder), "").expect("a file");
    while !is_here(&other).exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let runtime = start(journal, database.as_ref()).await;
    runtime.projection("sums").reached(head).await.expect("it comes so far");
    runtime.shutdown(TIME_LIMIT).await;
}

/// Both fold the same events, from the beginning, into one database.
#[tokio::test]
async fn of_two_processes_each_event_is_applied_by_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let database = path("rows.db");
    let journal = Arc::new(FileJournal::open(path("one")).expect("nobody else has it"));
    let runtime = Runtime::builder_shared(journal).aggregate::<Counter>().start().await.unwrap();
    write(&runtime).await;
    write(&runtime).await;
    runtime.shutdown(TIME_LIMIT).await;
    drop(runtime);
    std::fs::create_dir(path("other")).unwrap();
    copy_all(&path("one"), &path("other")).expect("a copy has the identity of the journal");
    let events = journal_copy::of(&path("one")).await.expect("it can be read");
    let begin = |(name, other): (&str, &str)| -> Child {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["excluding::one_of_two", "--exact", "--ignored"]);
        command.env(FOLDER, path(name)).env(OTHER, path(other)).env(DATABASE, &database);
        command.stdout(Stdio::null()).spawn().expect("a process")
    };
    let both = [("one", "other"), ("other", "one")].map(begin);
    for mut process in both {
        assert!(process.wait().expect("it ends").success());
    }
    let found = sqlite::look(&database);
    found.check(&events).unwrap();
    assert_eq!(found.versions[&1].0.position, events.last().unwrap().position);
}
