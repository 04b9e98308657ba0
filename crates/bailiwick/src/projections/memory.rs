//! Rows in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use bailiwick_core::journal::Cursor;
use bailiwick_core::{BoxError, Projection, ProjectionStore, ProjectionTransaction};

use crate::context::Lock;

/// The rows of a projection in memory, to be read by whoever has a clone: for a read model that is small, or made
/// anew quickly. It is empty when it is made, and so the projection folds the journal from its beginning each time a
/// program starts.
///
/// Reads see rows as of one mark, and wait for nothing but another read or the end of a commit.
///
/// For an example see [`Projections`](crate::Projections).
pub struct MemoryRows<P: Projection>(Arc<Lock<State<P>>>);

struct State<P: Projection> {
    rows: BTreeMap<P::Key, P::Row>,
    mark: Option<Cursor>,
    in_use: bool,
}

/// A transaction of [`MemoryRows`].
///
/// For an example see [`Projections`](crate::Projections).
pub struct MemoryTransaction<P: Projection> {
    of: MemoryRows<P>,
    /// The mark when it began.
    found: Option<Cursor>,
    written: Vec<(P::Key, Option<P::Row>)>,
    mark: Option<Cursor>,
    in_use: bool,
    created: bool,
}

impl<P: Projection> MemoryRows<P> {
    /// Without rows.
    pub fn new() -> Self {
        MemoryRows::with(None, BTreeMap::new())
    }

    /// With rows that are the fold of everything up to `mark`, by [`P::VERSION`](Projection::VERSION): as somebody
    /// has kept them.
    pub fn from_rows(mark: Cursor, rows: impl IntoIterator<Item = (P::Key, P::Row)>) -> Self {
        MemoryRows::with(Some(mark), rows.into_iter().collect())
    }

    fn with(mark: Option<Cursor>, rows: BTreeMap<P::Key, P::Row>) -> Self {
        MemoryRows(Arc::new(Lock::new(State { rows, mark, in_use: mark.is_some() })))
    }

    /// Looks at all rows, and at the mark up to which they are folded; there is none before the first commit.
    /// `look` should be quick, and must not come back to these rows: nothing is committed meanwhile, and nobody else
    /// looks.
    pub fn look<T>(&self, look: impl FnOnce(&BTreeMap<P::Key, P::Row>, Option<Cursor>) -> T) -> T {
        let state = self.0.lock();
        look(&state.rows, state.mark)
    }

    /// A row.
    pub fn get(&self, key: &P::Key) -> Option<P::Row>
    where
        P::Row: Clone,
    {
        self.look(|rows, _| rows.get(key).cloned())
    }
}

impl<P: Projection<Row: Clone>> ProjectionStore<P> for MemoryRows<P> {
    type Transaction<'t> = MemoryTransaction<P>;

    fn begin(&mut self) -> Result<MemoryTransaction<P>, BoxError> {
        let State { mark, in_use, .. } = *self.0.lock();
        let (of, written, created) = (self.clone(), Vec::new(), false);
        Ok(MemoryTransaction { of, found: mark, written, mark, in_use, created })
    }
}

impl<P: Projection<Row: Clone>> ProjectionTransaction<P> for MemoryTransaction<P> {
    fn mark(&mut self, version: u32) -> Result<Option<Cursor>, BoxError> {
        Ok(self.mark.filter(|_| version == P::VERSION))
    }

    fn set_mark(&mut self, mark: Cursor) -> Result<(), BoxError> {
        self.mark = Some(mark);
        Ok(())
    }

    fn in_use(&mut self) -> Result<Option<u32>, BoxError> {
        Ok(self.in_use.then_some(P::VERSION))
    }

    fn set_in_use(&mut self) -> Result<(), BoxError> {
        self.in_use = true;
        Ok(())
    }

    fn create(&mut self) -> Result<(), BoxError> {
        (self.created, self.in_use) = (true, false);
        Ok(())
    }

    fn load(&mut self, keys: &[P::Key]) -> Result<Vec<(P::Key, P::Row)>, BoxError> {
        if self.created {
            return Ok(Vec::new());
        }
        let state = self.of.0.lock();
        let row = |key: &P::Key| state.rows.get(key).map(|row| (key.clone(), row.clone()));
        Ok(keys.iter().filter_map(row).collect())
    }

    fn write(&mut self, rows: &[(P::Key, Option<P::Row>)]) -> Result<(), BoxError> {
        self.written.extend(rows.iter().cloned());
        Ok(())
    }

    fn commit(self) -> Result<(), BoxError> {
        let mut state = self.of.0.lock();
        if state.mark != self.found {
            return Err("another transaction has moved the mark meanwhile".into());
        }
        // Keys whose order panics leave half of it: then there is no mark, and all is folded anew.
        (state.mark, state.in_use) = (None, false);
        if self.created {
            state.rows.clear();
        }
        for (key, row) in self.written {
            match row {
                Some(row) => drop(state.rows.insert(key, row)),
                None => drop(state.rows.remove(&key)),
            }
        }
        (state.mark, state.in_use) = (self.mark, self.in_use);
        Ok(())
    }
}

impl<P: Projection> Clone for MemoryRows<P> {
    fn clone(&self) -> Self {
        MemoryRows(self.0.clone())
    }
}

impl<P: Projection> Default for MemoryRows<P> {
    fn default() -> Self {
        MemoryRows::new()
    }
}

impl<P: Projection> fmt::Debug for MemoryRows<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.look(|rows, _| write!(f, "MemoryRows({} of {})", rows.len(), P::NAME))
    }
}
