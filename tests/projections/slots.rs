//! Accounts with slots in use, in SQLite: read one's own writes, page by page, over a restart.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{FileJournal, MemoryJournal, ProjectionState, Runtime};
use bailiwick_examples::sqlite::{SqliteStore, slots_page};
use bailiwick_examples::streaming::{AccountSessions, Acquire, Release, Slots, SlotsInUse};
use rusqlite::Connection;

const LEASE_MS: u64 = 60_000;

async fn start(journal: Arc<dyn Journal>, database: &Path) -> Runtime {
    let store = SqliteStore::at(database);
    let builder = Runtime::builder_shared(journal).aggregate::<AccountSessions>();
    builder.projection(SlotsInUse, store).start().await.expect("it starts")
}

async fn accounts_are_listed(journal: impl Fn() -> Arc<dyn Journal>) {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("rows.db");
    let runtime = start(journal(), &database).await;
    let mut db = Connection::open(&database).expect("a database");
    let accounts = runtime.aggregates::<AccountSessions>();
    let acquire = |session: &'static str| Acquire { session: session.into(), lease_ms: LEASE_MS };
    for account in ["a", "b", "c"] {
        accounts.get(account).ask(acquire("s1")).await.expect("it is granted");
    }
    accounts.get("c").ask(acquire("s2")).await.expect("it is granted");
    let release = Release { session: "s1".into() };
    let last = accounts.get("b").ask_with_receipt(release).await.expect("it is released");
    let slots = runtime.projection("slots");
    assert_eq!(slots.reached(last.position).await.expect("it comes so far"), last.position);
    assert_eq!(slots.status().state, ProjectionState::Ready);
    let page = slots_page(&mut db, None, 1).expect("a page");
    assert_eq!(page.accounts, [("a".into(), Slots { in_use: 1, limit: 5 })]);
    assert!(page.more && page.mark.is_some_and(|mark| mark.position == last.position));
    let page = slots_page(&mut db, Some(&"a".into()), 1).expect("a page");
    assert_eq!(page.accounts, [("c".into(), Slots { in_use: 2, limit: 5 })]);
    assert!(!page.more);
    assert!(runtime.shutdown(Duration::from_secs(60)).await.in_time);
    drop((runtime, accounts));

    let runtime = start(journal(), &database).await;
    let accounts = runtime.aggregates::<AccountSessions>();
    let release = Release { session: "s2".into() };
    let last = accounts.get("c").ask_with_receipt(release).await.expect("it is released");
    runtime.projection("slots").reached(last.position).await.expect("it comes so far");
    let page = slots_page(&mut db, Some(&"a".into()), 10).expect("a page");
    assert_eq!(page.accounts, [("c".into(), Slots { in_use: 1, limit: 5 })]);
    assert!(runtime.health().is_well(), "{}", runtime.health());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_listed_from_memory() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    accounts_are_listed(|| journal.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_listed_from_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path: &Path| FileJournal::open(path).expect("nobody else has it");
    accounts_are_listed(|| Arc::new(open(folder.path()))).await;
}
