//! The slots of accounts in SQLite, and a page of them.

use bailiwick_core::journal::Cursor;
use rusqlite::{Connection, OptionalExtension, Result, Row};

use super::{SqliteRows, in_use};
use crate::streaming::{AccountId, Slots, SlotsInUse};

impl SqliteRows for SlotsInUse {
    const COLUMNS: &'static str =
        "account TEXT PRIMARY KEY, in_use INTEGER NOT NULL, slots INTEGER NOT NULL";

    fn load(db: &Connection, table: &str, account: &AccountId) -> Result<Option<Slots>> {
        let select = format!("SELECT in_use, slots FROM {table} WHERE account = ?1");
        db.prepare_cached(&select)?.query_row([account.as_str()], slots).optional()
    }

    fn write(db: &Connection, table: &str, account: &AccountId, row: Option<&Slots>) -> Result<()> {
        let account = account.as_str();
        match row {
            Some(Slots { in_use, limit }) => {
                let upsert = format!(
                    "INSERT INTO {table} (account, in_use, slots) VALUES (?1, ?2, ?3)
                     ON CONFLICT DO UPDATE SET in_use = excluded.in_use, slots = excluded.slots"
                );
                db.prepare_cached(&upsert)?.execute((account, in_use, limit))?;
            }
            None => {
                let delete = format!("DELETE FROM {table} WHERE account = ?1");
                db.prepare_cached(&delete)?.execute([account])?;
            }
        }
        Ok(())
    }
}

fn slots(row: &Row<'_>) -> Result<Slots> {
    Ok(Slots { in_use: row.get(0)?, limit: row.get(1)? })
}

/// Accounts with slots in use, a page of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotsPage {
    /// The accounts, in the order of their IDs.
    pub accounts: Vec<(AccountId, Slots)>,
    /// Whether there are more beyond the last.
    pub more: bool,
    /// Up to where the rows are folded; none before they are complete for the first time.
    pub mark: Option<Cursor>,
}

/// The first accounts beyond `after` that have slots in use, `limit` at most. It blocks: not to be called on a thread
/// of an executor.
///
/// # Errors
/// If SQLite fails.
pub fn slots_page(
    db: &mut Connection,
    after: Option<&AccountId>,
    limit: usize,
) -> Result<SlotsPage> {
    // One snapshot: which table it is, its mark, its rows.
    let tx = db.transaction()?;
    let Some((table, mark)) = in_use::<SlotsInUse>(&tx)? else {
        return Ok(SlotsPage { accounts: Vec::new(), more: false, mark: None });
    };
    let select = format!(
        "SELECT in_use, slots, account FROM {table} WHERE account > ?1 AND in_use > 0
         ORDER BY account LIMIT ?2"
    );
    let after = after.map_or("", AccountId::as_str);
    let mut select = tx.prepare_cached(&select)?;
    let rows = select.query_map((after, limit + 1), |row| {
        let account: String = row.get(2)?;
        let account = account.parse().map_err(|error| {
            let text = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(2, text, Box::from(error))
        })?;
        Ok((account, slots(row)?))
    });
    let mut accounts = rows?.collect::<Result<Vec<_>>>()?;
    let more = accounts.len() > limit;
    accounts.truncate(limit);
    Ok(SlotsPage { accounts, more, mark: Some(mark) })
}
