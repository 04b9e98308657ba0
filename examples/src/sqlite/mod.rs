//! A store for projections in SQLite: to be used as it is, or copied for another database.
//!
//! | table | what is in it |
//! |---|---|
//! | `slots_v1` | the rows of version 1 of the projection `slots`; what columns it has is up to [`SqliteRows`] |
//! | `projection_marks` | up to where the rows of a version are folded: `name`, `version`, `journal`, `position` |
//! | `projections_in_use` | which version readers read: `name`, `version` |
//!
//! Whoever reads rows asks [`in_use`] for the table, in one transaction with the rows.

mod slots;
mod store;

use bailiwick_core::Projection;
use bailiwick_core::journal::Cursor;
use rusqlite::{Connection, OptionalExtension, Result, Transaction};

pub use slots::{SlotsPage, slots_page};
pub use store::{SqliteStore, SqliteTransaction};

/// How the rows of a projection are kept in SQLite. A projection that has it can be put into a [`SqliteStore`].
pub trait SqliteRows: Projection {
    /// The columns of its table, as in `CREATE TABLE`, the primary key among them.
    const COLUMNS: &'static str;

    /// The row with this key.
    ///
    /// # Errors
    /// If SQLite fails.
    fn load(db: &Connection, table: &str, key: &Self::Key) -> Result<Option<Self::Row>>;

    /// Writes the row with this key, or deletes it.
    ///
    /// # Errors
    /// If SQLite fails.
    fn write(db: &Connection, table: &str, key: &Self::Key, row: Option<&Self::Row>) -> Result<()>;
}

/// The table of the version that is in use, as it stands in a statement, and up to where it is folded; none before the first is complete. Read
/// in one transaction with its rows, they are as of that mark.
///
/// # Errors
/// If SQLite fails.
pub fn in_use<P: Projection>(tx: &Transaction<'_>) -> Result<Option<(String, Cursor)>> {
    // Before the store has opened the database for the first time there are no tables.
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'projections_in_use'";
    if tx.prepare_cached(tables)?.query_row([], |row| row.get::<_, u32>(0))? == 0 {
        return Ok(None);
    }
    let Some(version) = version_in_use::<P>(tx)? else { return Ok(None) };
    let mark = mark_of::<P>(tx, version)?;
    Ok(mark.map(|mark| (table_of::<P>(version), mark)))
}

/// In quotes. Tables of two names never have the same: SQLite does not tell `A` from `a`, nor likes every name, so all
/// but small letters, digits, `_` and `-` are written as `%41`.
fn table_of<P: Projection>(version: u32) -> String {
    table(P::NAME, version)
}

fn table(name: &str, version: u32) -> String {
    let mut table = String::from('"');
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' => table.push(byte.into()),
            byte => table += &format!("%{byte:02x}"),
        }
    }
    // Names that begin so are SQLite's own.
    let table = table.replace("\"sqlite_", "\"%73qlite_");
    format!("{table}_v{version}\"")
}

fn version_in_use<P: Projection>(db: &Connection) -> Result<Option<u32>> {
    let mut select = db.prepare_cached("SELECT version FROM projections_in_use WHERE name = ?1")?;
    select.query_row([P::NAME], |row| row.get(0)).optional()
}

fn mark_of<P: Projection>(db: &Connection, version: u32) -> Result<Option<Cursor>> {
    let select =
        "SELECT journal || '@' || position FROM projection_marks WHERE name = ?1 AND version = ?2";
    let mark = db.prepare_cached(select)?.query_row((P::NAME, version), |row| {
        let text: String = row.get(0)?;
        text.parse::<Cursor>().map_err(|error| {
            let text_type = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(0, text_type, Box::new(error))
        })
    });
    mark.optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_a_table_of_its_own_that_sqlite_takes() {
        assert_eq!(table("slots", 1), "\"slots_v1\"");
        let db = Connection::open_in_memory().expect("a database");
        let names =
            ["a-b", "a_b", "A_B", "a b", "éé", "öö", "1st", "sqlite_x", "a\"b", "a%41", "aA", "\0"];
        for name in names {
            let table = table(name, 1);
            let create =
                format!("CREATE TABLE {table} (name TEXT); INSERT INTO {table} VALUES (?1)");
            let (create, insert) = create.split_once("; ").expect("two statements");
            db.execute_batch(create).unwrap_or_else(|error| panic!("{name:?}: {error}"));
            db.execute(insert, [name]).expect("a row");
        }
        for name in names {
            let select = format!("SELECT name FROM {}", table(name, 1));
            let found: String = db.query_row(&select, [], |row| row.get(0)).expect("one row");
            assert_eq!(found, name);
        }
    }
}
