//! The store, and its transactions.

use std::path::Path;
use std::time::Duration;

use bailiwick_core::journal::Cursor;
use bailiwick_core::{BoxError, ProjectionStore, ProjectionTransaction};
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::{SqliteRows, mark_of, table_of, version_in_use};

/// How long a call waits for a lock that another process holds; then the runtime tries it again.
const BUSY: Duration = Duration::from_millis(500);

/// A SQLite database with rows of projections.
pub struct SqliteStore {
    db: Connection,
}

/// A transaction of a [`SqliteStore`].
pub struct SqliteTransaction<'t> {
    tx: Transaction<'t>,
}

impl SqliteStore {
    /// Opens the database in this file, or makes it.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn open(path: impl AsRef<Path>) -> Result<SqliteStore> {
        SqliteStore::new(Connection::open(path)?)
    }

    /// On this connection.
    ///
    /// # Errors
    /// If SQLite fails.
    pub fn new(db: Connection) -> Result<SqliteStore> {
        db.busy_timeout(BUSY)?;
        // Readers and the projection do not wait for each other. A machine that dies may take the last commits with
        // it, which is as good as before: a mark goes with its rows, and what is gone is folded again.
        db.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             CREATE TABLE IF NOT EXISTS projection_marks (
                 name TEXT NOT NULL, version INTEGER NOT NULL,
                 journal TEXT NOT NULL, position INTEGER NOT NULL,
                 PRIMARY KEY (name, version)
             ) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS projections_in_use (
                 name TEXT PRIMARY KEY, version INTEGER NOT NULL
             ) WITHOUT ROWID;",
        )?;
        Ok(SqliteStore { db })
    }
}

impl<P: SqliteRows> ProjectionStore<P> for SqliteStore {
    type Transaction<'t> = SqliteTransaction<'t>;

    fn begin(&mut self) -> Result<SqliteTransaction<'_>, BoxError> {
        // Whoever reads the mark has the lock to write it: nobody else does meanwhile.
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(SqliteTransaction { tx })
    }

    fn drop_older(&mut self) -> Result<(), BoxError> {
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let older = "SELECT version FROM projection_marks WHERE name = ?1 AND version < ?2";
        let versions: Vec<u32> = tx
            .prepare(older)?
            .query_map((P::NAME, P::VERSION), |row| row.get(0))?
            .collect::<Result<_>>()?;
        for version in versions {
            tx.execute_batch(&format!("DROP TABLE IF EXISTS {}", table_of::<P>(version)))?;
            let mark = "DELETE FROM projection_marks WHERE name = ?1 AND version = ?2";
            tx.execute(mark, (P::NAME, version))?;
        }
        Ok(tx.commit()?)
    }
}

impl<P: SqliteRows> ProjectionTransaction<P> for SqliteTransaction<'_> {
    fn mark(&mut self, version: u32) -> Result<Option<Cursor>, BoxError> {
        Ok(mark_of::<P>(&self.tx, version)?)
    }

    fn set_mark(&mut self, mark: Cursor) -> Result<(), BoxError> {
        let upsert = "INSERT INTO projection_marks (name, version, journal, position)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET journal = excluded.journal, position = excluded.position";
        let position = i64::try_from(mark.position.get())?;
        let row = (P::NAME, P::VERSION, mark.journal.to_string(), position);
        self.tx.prepare_cached(upsert)?.execute(row)?;
        Ok(())
    }

    fn in_use(&mut self) -> Result<Option<u32>, BoxError> {
        Ok(version_in_use::<P>(&self.tx)?)
    }

    fn set_in_use(&mut self) -> Result<(), BoxError> {
        let upsert = "INSERT INTO projections_in_use (name, version) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET version = excluded.version";
        self.tx.execute(upsert, (P::NAME, P::VERSION))?;
        Ok(())
    }

    fn create(&mut self) -> Result<(), BoxError> {
        let (table, columns) = (table_of::<P>(P::VERSION), P::COLUMNS);
        let create = format!(
            "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({columns}) WITHOUT ROWID;"
        );
        Ok(self.tx.execute_batch(&create)?)
    }

    fn load(&mut self, keys: &[P::Key]) -> Result<Vec<(P::Key, P::Row)>, BoxError> {
        let (table, mut rows) = (table_of::<P>(P::VERSION), Vec::new());
        for key in keys {
            if let Some(row) = P::load(&self.tx, &table, key)? {
                rows.push((key.clone(), row));
            }
        }
        Ok(rows)
    }

    fn write(&mut self, rows: &[(P::Key, Option<P::Row>)]) -> Result<(), BoxError> {
        let table = table_of::<P>(P::VERSION);
        for (key, row) in rows {
            P::write(&self.tx, &table, key, row.as_ref())?;
        }
        Ok(())
    }

    fn commit(self) -> Result<(), BoxError> {
        Ok(self.tx.commit()?)
    }
}
