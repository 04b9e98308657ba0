//! The store, and its transactions.

use std::path::PathBuf;
use std::time::Duration;

use bailiwick_core::journal::Cursor;
use bailiwick_core::{BoxError, ProjectionStore, ProjectionTransaction};
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};

use super::{SqliteRows, mark_of, table_of, version_in_use};

/// How long a call waits for a lock that somebody else holds, another projection in the same file for example; then
/// it has failed, and the runtime tries it again.
const BUSY: Duration = Duration::from_secs(5);

type Connect = Box<dyn FnMut() -> Result<Connection> + Send>;

/// A SQLite database with rows of projections. It is opened when it is needed first, and anew after an error: a
/// database that is not there, or is damaged and put back, holds up nobody.
///
/// Several projections may have their rows in one file; then each waits while another one writes.
pub struct SqliteStore {
    connect: Connect,
    busy: Duration,
    db: Option<Connection>,
    /// An error since it was opened.
    has_failed: bool,
}

/// A transaction of a [`SqliteStore`].
pub struct SqliteTransaction<'t> {
    tx: Transaction<'t>,
    has_failed: &'t mut bool,
}

impl SqliteStore {
    /// The database in this file, which is made if there is none.
    pub fn at(path: impl Into<PathBuf>) -> SqliteStore {
        let path = path.into();
        SqliteStore::with(move || Connection::open(&path))
    }

    /// The database to which this connects.
    pub fn with(connect: impl FnMut() -> Result<Connection> + Send + 'static) -> SqliteStore {
        SqliteStore { connect: Box::new(connect), busy: BUSY, db: None, has_failed: false }
    }

    /// How long a call waits for a lock; 5 s unless it is said.
    #[must_use]
    pub fn busy_timeout(mut self, busy: Duration) -> SqliteStore {
        self.busy = busy;
        self
    }

    fn begin(&mut self) -> Result<SqliteTransaction<'_>> {
        if std::mem::take(&mut self.has_failed) {
            self.db = None;
        }
        let db = match self.db.take() {
            Some(db) => db,
            None => open((self.connect)()?, self.busy)?,
        };
        let db = self.db.insert(db);
        // Whoever reads the mark has the lock to write it: nobody else does meanwhile.
        let begun = db.transaction_with_behavior(TransactionBehavior::Immediate);
        let has_failed = &mut self.has_failed;
        match begun {
            Ok(tx) => Ok(SqliteTransaction { tx, has_failed }),
            Err(error) => {
                *has_failed = true;
                Err(error)
            }
        }
    }
}

fn open(db: Connection, busy: Duration) -> Result<Connection> {
    db.busy_timeout(busy)?;
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
    Ok(db)
}

impl<P: SqliteRows> ProjectionStore<P> for SqliteStore {
    type Transaction<'t> = SqliteTransaction<'t>;

    fn begin(&mut self) -> Result<SqliteTransaction<'_>, BoxError> {
        Ok(self.begin()?)
    }

    fn drop_older(&mut self) -> Result<(), BoxError> {
        let mut tx = self.begin()?;
        tx.does(drop_older::<P>)?;
        ProjectionTransaction::<P>::commit(tx)
    }
}

fn drop_older<P: SqliteRows>(db: &Connection) -> Result<()> {
    let older = "SELECT version FROM projection_marks WHERE name = ?1 AND version < ?2";
    let versions: Vec<u32> = db
        .prepare(older)?
        .query_map((P::NAME, P::VERSION), |row| row.get(0))?
        .collect::<Result<_>>()?;
    for version in versions {
        db.execute_batch(&format!("DROP TABLE IF EXISTS {}", table_of::<P>(version)))?;
        let mark = "DELETE FROM projection_marks WHERE name = ?1 AND version = ?2";
        db.execute(mark, (P::NAME, version))?;
    }
    Ok(())
}

impl SqliteTransaction<'_> {
    /// Does this, and remembers whether it fails.
    fn does<T>(&mut self, what: impl FnOnce(&Connection) -> Result<T>) -> Result<T, BoxError> {
        let done = what(&self.tx);
        *self.has_failed |= done.is_err();
        Ok(done?)
    }
}

impl<P: SqliteRows> ProjectionTransaction<P> for SqliteTransaction<'_> {
    fn mark(&mut self, version: u32) -> Result<Option<Cursor>, BoxError> {
        self.does(|db| mark_of::<P>(db, version))
    }

    fn set_mark(&mut self, mark: Cursor) -> Result<(), BoxError> {
        let upsert = "INSERT INTO projection_marks (name, version, journal, position)
             VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT DO UPDATE SET journal = excluded.journal, position = excluded.position";
        let position = i64::try_from(mark.position.get())?;
        let row = (P::NAME, P::VERSION, mark.journal.to_string(), position);
        self.does(|db| db.prepare_cached(upsert)?.execute(row).map(drop))
    }

    fn in_use(&mut self) -> Result<Option<u32>, BoxError> {
        self.does(version_in_use::<P>)
    }

    fn set_in_use(&mut self) -> Result<(), BoxError> {
        let upsert = "INSERT INTO projections_in_use (name, version) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET version = excluded.version";
        self.does(|db| db.execute(upsert, (P::NAME, P::VERSION)).map(drop))
    }

    fn create(&mut self) -> Result<(), BoxError> {
        let (table, columns) = (table_of::<P>(P::VERSION), P::COLUMNS);
        let create = format!(
            "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} ({columns}) WITHOUT ROWID;"
        );
        let not_in_use = "DELETE FROM projections_in_use WHERE name = ?1 AND version = ?2";
        self.does(|db| {
            db.execute_batch(&create)?;
            db.execute(not_in_use, (P::NAME, P::VERSION)).map(drop)
        })
    }

    fn load(&mut self, keys: &[P::Key]) -> Result<Vec<(P::Key, P::Row)>, BoxError> {
        let table = table_of::<P>(P::VERSION);
        self.does(|db| {
            let mut rows = Vec::new();
            for key in keys {
                if let Some(row) = P::load(db, &table, key)? {
                    rows.push((key.clone(), row));
                }
            }
            Ok(rows)
        })
    }

    fn write(&mut self, rows: &[(P::Key, Option<P::Row>)]) -> Result<(), BoxError> {
        let table = table_of::<P>(P::VERSION);
        self.does(|db| {
            rows.iter().try_for_each(|(key, row)| P::write(db, &table, key, row.as_ref()))
        })
    }

    fn commit(self) -> Result<(), BoxError> {
        let SqliteTransaction { tx, has_failed } = self;
        let committed = tx.commit();
        *has_failed |= committed.is_err();
        Ok(committed?)
    }
}
