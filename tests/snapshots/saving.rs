//! Saving delays nobody and fails nobody.

use std::sync::Arc;

use bailiwick::journal::{Answer, BoxError, JournalId};
use bailiwick::{MemorySnapshots, SnapshotKey, SnapshotStore};
use bailiwick_tests::stage::settle;
use bytes::Bytes;
use parking_lot::Mutex;

use crate::fixture::{Fill, Yard};

/// What is wrong with a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    Fails,
    Hangs,
    /// When it is given something.
    HangsWriting,
    Panics,
    PanicsLater,
}

/// A store in memory that does as it is told.
#[derive(Clone)]
pub struct Faulty {
    pub inner: MemorySnapshots,
    pub fault: Arc<Mutex<Fault>>,
}

impl Faulty {
    pub fn new(inner: MemorySnapshots, fault: Fault) -> Faulty {
        Faulty { inner, fault: Arc::new(Mutex::new(fault)) }
    }

    fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&MemorySnapshots) -> Answer<Result<T, BoxError>>,
    ) -> Answer<Result<T, BoxError>> {
        let fault = *self.fault.lock();
        match fault {
            Fault::None | Fault::HangsWriting => call(&self.inner),
            Fault::Fails => Answer::ready(Err("the disk is full".into())),
            Fault::Hangs => Answer::later(std::future::pending()),
            Fault::Panics => panic!("at once"),
            Fault::PanicsLater => Answer::later(async { panic!("later") }),
        }
    }
}

impl SnapshotStore for Faulty {
    fn claim(&self, journal: JournalId) -> Answer<Result<JournalId, BoxError>> {
        self.call(|inner| inner.claim(journal))
    }

    fn get(&self, key: &SnapshotKey) -> Answer<Result<Option<Bytes>, BoxError>> {
        self.call(|inner| inner.get(key))
    }

    fn put(&self, key: SnapshotKey, snapshot: Bytes) -> Answer<Result<(), BoxError>> {
        if matches!(*self.fault.lock(), Fault::HangsWriting) {
            return Answer::later(std::future::pending());
        }
        self.call(|inner| inner.put(key, snapshot))
    }

    fn remove(&self, key: &SnapshotKey) -> Answer<Result<(), BoxError>> {
        self.call(|inner| inner.remove(key))
    }

    fn clear(&self, view: &str) -> Answer<Result<(), BoxError>> {
        self.call(|inner| inner.clear(view))
    }
}

#[tokio::test]
async fn a_store_that_fails_hangs_or_panics_changes_no_answer() {
    for fault in [Fault::Fails, Fault::Hangs, Fault::Panics, Fault::PanicsLater] {
        let yard = Yard::new().await;
        yard.fill(10).await;
        let faulty = Faulty::new(yard.store.clone(), Fault::None);
        let of = faulty.clone();
        let yard = yard.restart_with(|builder| builder.snapshots(of)).await;
        *faulty.fault.lock() = fault;
        let reading = tokio::spawn(yard.tanks.get("a").read(|tank, _| tank.litres));
        settle().await;
        if fault == Fault::Hangs {
            assert!(!reading.is_finished());
            yard.clock.advance(std::time::Duration::from_secs(1));
        }
        assert_eq!(reading.await.unwrap().unwrap().value, 10, "{fault:?}");
        yard.fill(20).await;
        let counts = yard.runtime.snapshots();
        assert_eq!((counts.unread, counts.used, counts.saved), (1, 0, 0), "{fault:?} {counts:?}");
        assert_eq!(counts.failed > 0, fault != Fault::Hangs, "{counts:?}");
        assert_eq!(yard.runtime.counts().open(), 0);
    }
}

#[tokio::test]
async fn what_the_queue_has_no_room_for_is_dropped_and_counted() {
    let store = Faulty::new(MemorySnapshots::new(), Fault::None);
    let of = store.clone();
    let yard =
        Yard::with(|builder| builder.snapshots(of).config(|config| config.unsaved_snapshots(2)))
            .await;
    *store.fault.lock() = Fault::HangsWriting;
    for nth in 0..6 {
        let tank = yard.tanks.get(format!("t{nth}").parse::<crate::fixture::TankId>().unwrap());
        for _ in 0..10 {
            tank.ask(Fill(1)).await.unwrap();
        }
        settle().await;
    }
    let counts = yard.runtime.snapshots();
    assert_eq!((counts.dropped, counts.saved), (3, 0), "one is on its way, two wait: {counts:?}");
    assert_eq!(yard.runtime.counts().replied, 60);
}

#[tokio::test]
async fn one_that_is_too_large_is_not_kept() {
    let yard = Yard::with(|builder| builder.config(|config| config.snapshot_bytes(8))).await;
    yard.fill(30).await;
    let counts = yard.runtime.snapshots();
    assert_eq!((counts.too_large, counts.saved), (3, 0), "{counts:?}");
}

/// What is being appended is not in it, nor what forms on top of that.
#[tokio::test]
async fn only_what_is_durable_is_saved() {
    let yard = Yard::new().await;
    yard.fill(9).await;
    yard.journal.shut();
    let tank = yard.tanks.get("a");
    let tenth = tokio::spawn(tank.ask(Fill(1)));
    settle().await;
    let others: Vec<_> = (0..5).map(|_| tokio::spawn(tank.ask(Fill(1)))).collect();
    settle().await;
    assert_eq!(yard.runtime.snapshots().saved, 0);
    yard.journal.let_pass(1);
    tenth.await.unwrap().unwrap();
    settle().await;
    assert_eq!(yard.runtime.snapshots().saved, 1, "of the state below the batch that forms");
    // The batch on top never gets there.
    drop(others);
    let another = yard.another(|builder| builder).await;
    assert_eq!(another.state().await.litres, 10);
    settle().await;
    let counts = another.runtime.snapshots();
    assert_eq!((counts.used, counts.compared, counts.different), (1, 1, 0), "{counts:?}");
    yard.journal.open();
}
