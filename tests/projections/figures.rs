//! How many events a second a projection folds when it catches up.

use std::sync::Arc;
use std::time::Instant;

use bailiwick::journal::{EncodedEvent, Journal};
use bailiwick::{FileJournal, MemoryJournal, MemoryRows, ProjectionStore, Runtime, Tag, Timestamp};
use bailiwick_examples::sqlite::SqliteStore;
use bailiwick_tests::fixtures::counter::CounterEvent;
use bailiwick_tests::journals::place::encoded;

use super::fixture::Sums;
use super::{is_ready, until};

const EVENTS: u64 = 1_000_000;
const AT_ONCE: u64 = 5_000;

async fn write(journal: &dyn Journal, keys: u64) {
    let (mut value, mut seed) = (0, 1_u64);
    for _ in 0..EVENTS / AT_ONCE {
        let mut event = || {
            value += 1;
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let tag = Tag::new("counter", format!("c{:07}", (seed >> 33) % keys)).expect("a tag");
            let counted = encoded(&CounterEvent::Counted { value }, Timestamp::from_millis(1_000));
            EncodedEvent { tags: tag.into(), ..counted }
        };
        let events = (0..AT_ONCE).map(|_| event()).collect();
        journal.append(events, None).await.expect("it is appended");
    }
}

async fn catch_up(journal: Arc<dyn Journal>, store: impl ProjectionStore<Sums<1>>) -> f64 {
    let builder = Runtime::builder_shared(journal).emits::<CounterEvent>();
    let runtime = builder.projection(Sums::<1>::new(), store).start().await.expect("it starts");
    let begin = Instant::now();
    let status = until(&runtime.projection("sums"), is_ready).await;
    assert_eq!(status.position.get(), EVENTS);
    EVENTS as f64 / begin.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "figures, in a release build"]
async fn figures() {
    println!("| rows | journal | into SQLite, events/s | into memory, events/s |");
    println!("|--:|---|--:|--:|");
    let folder = tempfile::tempdir().expect("a folder");
    for keys in [1_000, 10_000, 100_000] {
        let path = folder.path().join(keys.to_string());
        let journals: [(&str, Arc<dyn Journal>); 2] = [
            ("memory", Arc::new(MemoryJournal::new())),
            ("folder", Arc::new(FileJournal::open(path).expect("nobody else has it"))),
        ];
        for (name, journal) in journals {
            write(&*journal, keys).await;
            let database = folder.path().join(format!("{name}{keys}.db"));
            let sqlite = catch_up(journal.clone(), SqliteStore::at(database)).await;
            let memory = catch_up(journal, MemoryRows::new()).await;
            println!("| {keys} | {name} | {sqlite:.0} | {memory:.0} |");
        }
    }
}
