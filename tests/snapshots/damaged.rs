//! Snapshots that are not what they should be are passed over, and removed.

use std::sync::Arc;

use bailiwick::journal::{Journal, Query, Read};
use bailiwick::{
    ErrorReport, ManualClock, MemoryJournal, MemorySnapshots, Runtime, SnapshotCounts,
    SnapshotStore, StartError,
};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::stage::settle;

use crate::fixture::{BEGIN, Fill, Tank, Yard, builder};
use crate::saving::{Fault, Faulty};

/// Each byte in turn: what is left is never misread.
#[tokio::test]
async fn bytes_that_were_changed_are_noticed() {
    let yard = Yard::new().await;
    yard.fill(12).await;
    let (mut at, mut met) = (0, SnapshotCounts::default());
    loop {
        let store = yard.store.clone();
        let mut bytes = 0;
        let copied = MemorySnapshots::new();
        for (key, kept) in store.all() {
            bytes = kept.len();
            copied.put(key, kept).await.unwrap();
        }
        if at == bytes {
            break;
        }
        copied.change(|_, bytes| bytes[at] ^= 0x10);
        let yard = Yard::on(yard.journal.clone(), yard.clock.clone(), copied, |b| b).await;
        assert_eq!(yard.state().await.events, 12, "byte {at}");
        let counts = yard.runtime.snapshots();
        assert_eq!((counts.used, counts.different), (0, 0), "byte {at}: {counts:?}");
        met.outdated += counts.outdated;
        met.unusable += counts.unusable;
        at += 1;
    }
    assert_eq!(met.outdated, 12, "of another version, or of other events: four bytes, and eight");
    assert_eq!(met.outdated + met.unusable, at as u64);
}

/// The first events of a journal, in one that has its identity: as an older copy.
async fn copy(of: &dyn Journal, events: u64) -> Altered {
    let page = of.read(Read::new(Query::all())).await.unwrap();
    let copied = MemoryJournal::new();
    for recorded in page.events.into_iter().take(usize::try_from(events).unwrap()) {
        copied.append(vec![recorded.event], None).await.unwrap();
    }
    Altered::new(copied).id(of.id())
}

async fn on_a_copy(yard: &Yard, journal: Altered, events: u64) -> SnapshotCounts {
    let journal: Arc<dyn Journal> = Arc::new(journal);
    let runtime = builder(journal, &yard.clock, yard.store.clone()).start().await.unwrap();
    let tank = runtime.aggregates::<Tank>().get("a");
    assert_eq!(tank.read(|tank, _| tank.events).await.unwrap().value, events);
    settle().await;
    runtime.snapshots()
}

#[tokio::test]
async fn one_beyond_the_head_is_refused() {
    let yard = Yard::new().await;
    yard.fill(20).await;
    let older = copy(&yard.journal, 9).await;
    let counts = on_a_copy(&yard, older, 9).await;
    assert_eq!((counts.refused, counts.used), (1, 0), "{counts:?}");
    assert_eq!(yard.store.keys(), [], "it is removed");
}

/// The copy went on, so the position is there again, with something else.
#[tokio::test]
async fn one_of_another_history_is_refused() {
    let yard = Yard::new().await;
    yard.fill(20).await;
    let older = copy(&yard.journal, 9).await;
    let without = Runtime::builder(older.clone()).aggregate::<Tank>();
    let without = without.clock(yard.clock.clone()).start().await.unwrap();
    let tank = without.aggregates::<Tank>().get("a");
    for _ in 0..30 {
        tank.ask(Fill(2)).await.unwrap();
    }
    let counts = on_a_copy(&yard, older, 39).await;
    assert_eq!((counts.refused, counts.used, counts.saved), (1, 0, 1), "{counts:?}");
}

#[tokio::test]
async fn a_store_of_another_journal_refuses_the_start() {
    let yard = Yard::new().await;
    let other = Arc::new(MemoryJournal::new());
    let started = builder(other, &ManualClock::at(BEGIN), yard.store.clone()).start().await;
    let error = started.unwrap_err();
    assert!(matches!(error, StartError::SnapshotsOfAnotherJournal { .. }), "{error:?}");
    let why = ErrorReport::of(&error).to_string();
    assert!(why.contains(&yard.journal.id().to_string()), "{why}");
    yard.store.delete_all();
    let other = Arc::new(MemoryJournal::new());
    builder(other, &ManualClock::at(BEGIN), yard.store.clone()).start().await.unwrap();
}

#[tokio::test]
async fn a_store_that_does_not_work_refuses_nothing() {
    let broken = Faulty::new(MemorySnapshots::new(), Fault::Panics);
    let yard = Yard::with(|builder| builder.snapshots(broken)).await;
    yard.fill(20).await;
    assert_eq!(yard.state().await.events, 20);
    assert_eq!(yard.runtime.snapshots(), SnapshotCounts::default());
}
