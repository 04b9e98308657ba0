//! Rows in memory, behind a database that fails as it is told to, and says what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, mpsc};

use bailiwick::journal::Cursor;
use bailiwick::{BoxError, MemoryRows, ProjectionStore, ProjectionTransaction};
use bailiwick_tests::fixtures::counter::CounterId;
use parking_lot::Mutex;

use super::fixture::{Sum, Sums};

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
    /// Its error panics when it is shown.
    Unspeakable,
    /// Older versions are not dropped.
    NotDropped,
}

/// What befalls transactions.
pub const FAULTS: [Fault; 7] = [
    Fault::Busy,
    Fault::Unreadable,
    Fault::Full,
    Fault::Panics,
    Fault::RolledBack,
    Fault::Unknown,
    Fault::Unspeakable,
];

/// An error that panics when it is shown.
#[derive(Debug)]
pub struct Unspeakable;

impl std::fmt::Display for Unspeakable {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("it is unspeakable")
    }
}

impl std::error::Error for Unspeakable {}

/// What somebody else does to the rows when a transaction begins, or has read its mark.
type Deed<const V: u32> = Box<dyn FnOnce(&MemoryRows<Sums<V>>) + Send>;

#[derive(Default)]
struct Told {
    faults: VecDeque<Fault>,
    /// How many rows each commit wrote; the last is under way.
    commits: Vec<usize>,
    written: usize,
    /// How many transactions have begun.
    begun: usize,
    /// Each waits until it may begin.
    gate: Option<Arc<Mutex<mpsc::Receiver<()>>>>,
    /// A later version comes into use once a transaction has read its mark.
    swaps: bool,
    swapped: bool,
}

/// Whoever has a clone has the same database.
#[derive(Clone)]
pub struct Faulty<const V: u32 = 1> {
    pub rows: MemoryRows<Sums<V>>,
    told: Arc<Mutex<Told>>,
    deeds: Arc<Mutex<BTreeMap<usize, Deed<V>>>>,
}

pub struct FaultyTransaction<const V: u32> {
    tx: <MemoryRows<Sums<V>> as ProjectionStore<Sums<V>>>::Transaction<'static>,
    told: Arc<Mutex<Told>>,
}

impl<const V: u32> Faulty<V> {
    pub fn new() -> Self {
        Faulty { rows: MemoryRows::new(), told: Arc::default(), deeds: Arc::default() }
    }

    /// Somebody else does this just before the transaction of this number begins; the first is 1.
    pub fn before(&self, nth: usize, deed: impl FnOnce(&MemoryRows<Sums<V>>) + Send + 'static) {
        self.deeds.lock().insert(nth, Box::new(deed));
    }

    /// How many transactions have begun, or wait at the gate.
    pub fn begun(&self) -> usize {
        self.told.lock().begun
    }

    /// From now on it does not answer but for each that is sent, until the sender is dropped.
    pub fn shut(&self) -> mpsc::Sender<()> {
        let (gate, passes) = mpsc::channel();
        self.told.lock().gate = Some(Arc::new(Mutex::new(passes)));
        gate
    }

    /// A later version comes into use as soon as a transaction has read its mark.
    pub fn swap_behind_the_mark(&self) {
        self.told.lock().swaps = true;
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
        let (begun, gate) = {
            let mut told = self.told.lock();
            told.begun += 1;
            (told.begun, told.gate.clone())
        };
        if let Some(gate) = gate {
            // Whoever has the sender has let go of it: it is open.
            gate.lock().recv().ok();
        }
        if let Some(deed) = self.deeds.lock().remove(&begun) {
            deed(&self.rows);
        }
        fails(&self.told, Fault::Busy)?;
        fails(&self.told, Fault::Unspeakable).map_err(|_| Unspeakable)?;
        self.told.lock().written = 0;
        Ok(FaultyTransaction { tx: self.rows.begin()?, told: self.told.clone() })
    }

    fn drop_older(&mut self) -> Result<(), BoxError> {
        fails(&self.told, Fault::NotDropped)
    }
}

impl<const V: u32> ProjectionTransaction<Sums<V>> for FaultyTransaction<V> {
    fn mark(&mut self, version: u32) -> Result<Option<Cursor>, BoxError> {
        let told = &mut *self.told.lock();
        told.swapped |= told.swaps;
        self.tx.mark(version)
    }

    fn set_mark(&mut self, mark: Cursor) -> Result<(), BoxError> {
        self.tx.set_mark(mark)
    }

    fn in_use(&mut self) -> Result<Option<u32>, BoxError> {
        fails(&self.told, Fault::Unreadable)?;
        if self.told.lock().swapped {
            return Ok(Some(V + 1));
        }
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
        {
            let told = &mut *self.told.lock();
            told.commits.push(told.written);
        }
        fails(&self.told, Fault::Unknown)
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
