//! Under load, on both journals, over a restart: every event once, in order, none left out; and a reader that
//! stops reading holds a page.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::{Journal, Query, Read};
use bailiwick::{FileJournal, MemoryJournal, Position, Runtime, Update};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterEvent, CounterId};
use bailiwick_tests::stage::{Stage, settle};

use super::{Given, catch_up};

const WRITERS: usize = 20;
const COMMANDS: usize = 100;
const COUNTERS: usize = 7;
/// Small, so that there are many pages.
const PAGE: usize = 16;
/// Far beyond what a busy machine takes.
const TIME_LIMIT: Duration = Duration::from_secs(60);

async fn start(journal: Arc<dyn Journal>) -> Runtime {
    let builder = Runtime::builder_shared(journal).aggregate::<Counter>();
    let builder = builder.config(|config| config.page_events(PAGE).timeout(TIME_LIMIT));
    builder.start().await.expect("it starts")
}

fn write(runtime: &Runtime) -> Vec<tokio::task::JoinHandle<()>> {
    let counters = runtime.aggregates::<Counter>();
    let writer = |writer: usize| {
        let counters = counters.clone();
        tokio::spawn(async move {
            for nth in 0..COMMANDS {
                let id: CounterId = format!("c{}", (writer + nth) % COUNTERS).parse().unwrap();
                counters.get(id).ask(Count::FREELY).await.expect("it counts");
            }
        })
    };
    (0..WRITERS).map(writer).collect()
}

/// One reader from the beginning, one that stops in between, one from a cursor; the last two over a restart.
async fn under_load(journal: impl Fn() -> Arc<dyn Journal>) {
    let runtime = start(journal()).await;
    let (mut given, mut slow) = (Given::default(), Given::default());
    let mut events = runtime.subscribe::<CounterEvent>(Position::START).await.unwrap();
    let mut stopped = runtime.subscribe::<CounterEvent>(Position::START).await.unwrap();
    let writers = write(&runtime);
    while slow.events() < 3 {
        if let Update::Event(news) = stopped.next().await.unwrap().unwrap() {
            slow.take(&news);
        }
    }
    let kept = stopped.cursor();
    let half = (WRITERS * COMMANDS / 2) as u64;
    while given.events() < half {
        if let Update::Event(news) = events.next().await.unwrap().unwrap() {
            given.take(&news);
        }
    }
    for writer in writers {
        writer.await.expect("no panic");
    }
    runtime.shutdown(TIME_LIMIT).await;
    // It gives what it has read already, and ends.
    while let Some(update) = events.next().await {
        if let Update::Event(news) = update.expect("it was read before") {
            given.take(&news);
        }
    }
    let cursor = events.cursor();
    let mut rest = 0;
    while let Some(update) = stopped.next().await {
        rest += usize::from(matches!(update, Ok(Update::Event(_))));
    }
    assert!(rest <= PAGE, "it held {rest} events");
    drop(runtime);

    let journal = journal();
    let runtime = start(journal.clone()).await;
    let mut events = runtime.subscribe::<CounterEvent>(cursor).await.unwrap();
    let mut stopped = runtime.subscribe::<CounterEvent>(kept).await.unwrap();
    let writers = write(&runtime);
    for writer in writers {
        writer.await.expect("no panic");
    }
    let upto = catch_up(&mut events, &mut given).await;
    assert_eq!(catch_up(&mut stopped, &mut slow).await, upto);
    assert_eq!((given.events(), &given), ((2 * WRITERS * COMMANDS) as u64, &slow));
    let last = journal.read(Read::new(Query::all()).after(upto.position)).await.unwrap();
    assert_eq!(last.events, [], "it was caught up");
    runtime.shutdown(TIME_LIMIT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_memory() {
    let journal: Arc<dyn Journal> = Arc::new(MemoryJournal::new());
    under_load(|| journal.clone()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |path: &Path| FileJournal::open(path).expect("nobody else has it");
    under_load(|| Arc::new(open(folder.path()))).await;
}

#[tokio::test]
async fn who_stops_reading_holds_a_page_and_has_nothing_read() {
    let stage = Stage::with(|builder| builder.config(|config| config.page_events(PAGE))).await;
    let counter = stage.counters.get("a");
    for _ in 0..5 * PAGE {
        counter.ask(Count::FREELY).await.unwrap();
    }
    let mut events = stage.runtime.subscribe::<CounterEvent>(Position::START).await.unwrap();
    let mut given = Given::default();
    let first = events.next().await.unwrap().unwrap();
    let Update::Event(news) = first else { panic!("{first:?}") };
    given.take(&news);
    let reads = stage.journal.reads();
    for _ in 0..5 * PAGE {
        counter.ask(Count::FREELY).await.unwrap();
    }
    settle().await;
    assert_eq!(stage.journal.reads(), reads, "nobody asked for more");
    catch_up(&mut events, &mut given).await;
    assert_eq!(given.events(), 10 * PAGE as u64);
    // The first page was there; the last is full, so that there is none is asked for as well.
    let pages = stage.journal.reads() - reads;
    assert!((9..=10).contains(&pages), "{pages}");
}
