//! What it takes to load an aggregate of 100 000 events with a snapshot, and without, against one of ten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::journal::{EncodedEvent, Journal};
use bailiwick::{FileJournal, RedbSnapshots, Runtime, Tag, Timestamp};

use bailiwick_tests::journals::place::encoded;

use crate::fixture::{Tank, TankEvent, TankId};

const LONG: u64 = 100_000;
const SHORT: u64 = 10;
const ROUNDS: usize = 200;
/// At most so many times what the short one takes.
const MOST: f64 = 2.0;

async fn write(journal: &dyn Journal, id: &str, events: u64) {
    let filled = encoded(&TankEvent::Filled { litres: 1 }, Timestamp::from_millis(1_000));
    let event = EncodedEvent { tags: Tag::new("tank", id).unwrap().into(), ..filled };
    let mut left = usize::try_from(events).unwrap();
    while left > 0 {
        let batch = left.min(5_000);
        journal.append(vec![event.clone(); batch], None).await.unwrap();
        left -= batch;
    }
}

/// How long loading it took, and how many events it has. It is out of memory by then.
async fn load(runtime: &Runtime, id: &'static str) -> (Duration, u64) {
    tokio::time::sleep(Duration::from_millis(8)).await;
    let tank = runtime.aggregates::<Tank>().get(TankId::from(id));
    let since = Instant::now();
    let events = tank.timeout(Duration::from_secs(60)).read(|tank, _| tank.events).await.unwrap();
    (since.elapsed(), events.value)
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

#[tokio::test]
#[ignore = "a minute; figures, in a release build"]
async fn figures() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Arc::new(FileJournal::open(folder.path().join("journal")).unwrap());
    write(&*journal, "long", LONG).await;
    write(&*journal, "short", SHORT).await;
    let builder = || {
        let (short, times) = (Duration::from_millis(1), 1_000_000);
        let builder = Runtime::builder_shared(journal.clone()).aggregate::<Tank>();
        builder.config(|config| config.warm(Duration::ZERO).idle(short).compared_snapshots(times))
    };
    let store = RedbSnapshots::open(folder.path().join("snapshots.redb")).unwrap();
    let (with, without) = (builder().snapshots(store), builder());
    let (with, without) = (with.start().await.unwrap(), without.start().await.unwrap());
    // The first time all of it is folded, and kept.
    assert_eq!(load(&with, "long").await.1, LONG);
    while with.snapshots().saved == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    write(&*journal, "long", 4).await;
    let (mut short, mut long, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        short.push(load(&without, "short").await.0);
        long.push(load(&with, "long").await.0);
        if round % 40 == 0 {
            full.push(load(&without, "long").await.0);
        }
    }
    assert!(with.snapshots().used >= ROUNDS as u64, "{:?}", with.snapshots());
    let (short, long, full) = (median(short), median(long), median(full));
    println!("loading an aggregate, median of {ROUNDS} rounds in turn      µs   times");
    println!("  {SHORT:>7} events                                 {short:>10.0} {:>7.2}", 1.0);
    println!(
        "  {LONG:>7} events, a snapshot, and 4 behind it    {long:>10.0} {:>7.2}",
        long / short
    );
    println!(
        "  {LONG:>7} events                                 {full:>10.0} {:>7.0}",
        full / short
    );
    assert!(long <= MOST * short, "more than {MOST} times as long");
}
