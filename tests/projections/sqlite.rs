//! What a SQLite database holds of the projection of counters, whoever wrote it.

use std::collections::BTreeMap;
use std::path::Path;

use bailiwick::Position;
use bailiwick::journal::{Cursor, RecordedEvent};
use bailiwick_tests::fixtures::counter::CounterId;
use rusqlite::{Connection, OptionalExtension};

use super::fixture::{Sum, fold_events};

/// A database as it is now.
#[derive(Debug, Default)]
pub struct Found {
    pub in_use: Option<u32>,
    pub versions: BTreeMap<u32, (Cursor, BTreeMap<CounterId, Sum>)>,
}

pub fn look(database: &Path) -> Found {
    if !database.exists() {
        return Found::default();
    }
    let mut db = Connection::open(database).expect("a database");
    db.busy_timeout(super::TIME_LIMIT).expect("a time");
    let tx = db.transaction().expect("a transaction");
    let tables =
        "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'projection%' AND type = 'table'";
    let tables: u32 = tx.query_row(tables, [], |row| row.get(0)).expect("a number");
    if tables < 2 {
        return Found::default();
    }
    let in_use = tx.query_row("SELECT version FROM projections_in_use", [], |row| row.get(0));
    let mut found =
        Found { in_use: in_use.optional().expect("a version"), versions: BTreeMap::new() };
    let mut marks = tx
        .prepare("SELECT version, journal || '@' || position FROM projection_marks")
        .expect("a statement");
    let marks = marks.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
    for mark in marks.expect("marks") {
        let (version, mark): (u32, String) = mark.expect("a mark");
        let select = format!("SELECT counter, version, events, sum FROM sums_v{version}");
        let mut rows = tx.prepare(&select).expect("a mark has its table");
        let rows = rows.query_map([], |row| {
            let id: String = row.get(0)?;
            let sum = Sum { version: row.get(1)?, events: row.get(2)?, sum: row.get(3)? };
            Ok((id.parse::<CounterId>().expect("an ID"), sum))
        });
        let rows = rows.expect("rows").collect::<Result<_, _>>().expect("rows");
        found.versions.insert(version, (mark.parse().expect("a mark"), rows));
    }
    found
}

impl Found {
    /// Every version is the fold of the journal up to its mark.
    ///
    /// # Errors
    /// With what is wrong.
    pub fn check(&self, events: &[RecordedEvent]) -> Result<(), String> {
        let head = events.last().map_or(Position::START, |last| last.position);
        for (version, (mark, rows)) in &self.versions {
            let upto = mark.position;
            if upto > head {
                return Err(format!(
                    "version {version} has a mark at {upto}, beyond the head at {head}"
                ));
            }
            let expected = fold_events(*version, events, upto);
            let count = |rows: &BTreeMap<CounterId, Sum>| -> u64 {
                rows.values().map(|row| row.events).sum()
            };
            let (are, should) = (count(rows), count(&expected));
            if are < should {
                return Err(format!(
                    "version {version}: events up to {upto} are left out: {are} of {should}"
                ));
            }
            if are > should {
                let what = "events are folded that are beyond the mark, or twice";
                return Err(format!("version {version}: {what}: {are} up to {upto}, not {should}"));
            }
            if *rows != expected {
                return Err(format!(
                    "version {version} has other rows up to {upto}: {rows:?}, not {expected:?}"
                ));
            }
        }
        match self.in_use {
            Some(version) if !self.versions.contains_key(&version) => {
                Err(format!("version {version} is in use, and not there"))
            }
            _ => Ok(()),
        }
    }
}
