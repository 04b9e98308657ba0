//! Rows in memory, behind a database that fails as it is told to, and says what it was asked.

use std::collections::VecDeque;
use std::sync::Arc;

use bailiwick::journal::Cursor;
use bailiwick::{BoxError, MemoryRows, ProjectionStore, ProjectionTransaction};
use bailiwick_tests::counter::CounterId;
use parking_lot::Mutex;

use super::sums::{Sum, Sums};

/// How the database fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Busy,
    Unreadable,
    Full,
    Panics,
    RolledBack,
    /// It is committed, and an error is told.
    Unknown,
}

pub const FAULTS: [Fault; 6] =
    [Fault::Busy, Fault::Unreadable, Fault::Full, Fault::Panics, Fault::RolledBack, Fault::Unknown];

#[derive(Default)]
struct Told {
    faults: VecDeque<Fault>,
    /// How many rows each commit wrote; the last is under way.
    commits: Vec<usize>,
    written: usize,
}

/// Whoever has a clone has the same database.
#[derive(Clone)]
pub struct Faulty<const V: u32 = 1> {
    pub rows: MemoryRows<Sums<V>>,
    told: Arc<Mutex<Told>>,
}

pub struct FaultyTransaction<const V: u32> {
    tx: <MemoryRows<Sums<V>> as ProjectionStore<Sums<V>>>::Transaction<'static>,
    told: Arc<Mutex<Told>>,
}

impl<const V: u32> Faulty<V> {
    pub fn new() -> Self {
        Faulty { rows: MemoryRows::new(), told: Arc::default() }
    }

    /// From now on it fails so, one after the other.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.told.lock().faults.extend(faults);
    }

    /// From now on it works.
    pub fn forget_faults(&self) {
        self.told.lock().faults.clear();
    }

    /// How many faults are left.
    pub fn faults(&self) -> usize {
        self.told.lock().faults.len()
    }

    /// How many rows each commit has written.
    pub fn commits(&self) -> Vec<usize> {
        self.told.lock().commits.clone()
    }

    pub fn all(&self) -> Vec<(CounterId, Sum)> {
        self.rows.look(|rows, _| rows.iter().map(|(id, sum)| (id.clone(), *sum)).collect())
    }
}

impl<const V: u32> ProjectionStore<Sums<V>> for Faulty<V> {
    type Transaction<'t> = FaultyTransaction<V>;

    fn begin(&mut self) -> Result<FaultyTransaction<V>, BoxError> {
        fails(&self.told, Fault::Busy)?;
        self.told.lock().written = 0;
        Ok(FaultyTransaction { tx: self.rows.begin()?, told: self.told.clone() })
    }
}

impl<const V: u32> ProjectionTransaction<Sums<V>> for FaultyTransaction<V> {
    fn mark(&mut self, version: u32) -> Result<Option<Cursor>, BoxError> {
        self.tx.mark(version)
    }

    fn set_mark(&mut self, mark: Cursor) -> Result<(), BoxError> {
        self.tx.set_mark(mark)
    }

    fn in_use(&mut self) -> Result<Option<u32>, BoxError> {
        fails(&self.told, Fault::Unreadable)?;
        self.tx.in_use()
    }

    fn set_in_use(&mut self) -> Result<(), BoxError> {
        self.tx.set_in_use()
    }

    fn create(&mut self) -> Result<(), BoxError> {
        self.tx.create()
    }

    fn load(&mut self, keys: &[CounterId]) -> Result<Vec<(CounterId, Sum)>, BoxError> {
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        self.tx.load(keys)
    }

    fn write(&mut self, rows: &[(CounterId, Option<Sum>)]) -> Result<(), BoxError> {
        assert!(fails(&self.told, Fault::Panics).is_ok(), "the disk is on fire");
        fails(&self.told, Fault::Full)?;
        self.told.lock().written += rows.len();
        self.tx.write(rows)
    }

    fn commit(self) -> Result<(), BoxError> {
        fails(&self.told, Fault::RolledBack)?;
        ProjectionTransaction::<Sums<V>>::commit(self.tx)?;
        let told = &mut *self.told.lock();
        told.commits.push(told.written);
        if told.faults.front() == Some(&Fault::Unknown) {
            told.faults.pop_front();
            return Err("the connection is lost".into());
        }
        Ok(())
    }
}

fn fails(told: &Mutex<Told>, with: Fault) -> Result<(), BoxError> {
    let mut told = told.lock();
    if told.faults.front() != Some(&with) {
        return Ok(());
    }
    told.faults.pop_front();
    Err(format!("it is told to be {with:?}").into())
}

/// Takes the type of the projection from the store.
pub fn sums<const V: u32>(store: &Faulty<V>) -> (Sums<V>, Faulty<V>) {
    (Sums::new(), store.clone())
}
