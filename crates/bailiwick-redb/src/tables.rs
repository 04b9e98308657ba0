//! What is in the file.
//!
//! | table | key | value |
//! |---|---|---|
//! | `snapshots` | what it is kept under | the number of the saving, and the snapshot |
//! | `order` | the number of a saving | what was saved |
//! | `about` | `journal`, `bytes`, `next` | of which journal; how many bytes the snapshots have; the next number |

use bailiwick_core::journal::{BoxError, JournalId};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError,
    WriteTransaction,
};

const SNAPSHOTS: TableDefinition<'_, &str, (u64, &[u8])> = TableDefinition::new("snapshots");
const ORDER: TableDefinition<'_, u64, &str> = TableDefinition::new("order");
const ABOUT: TableDefinition<'_, &str, u128> = TableDefinition::new("about");

/// What a snapshot counts for beside its bytes and twice its key: its places in the trees, about.
const ENTRY_BYTES: u64 = 64;

type Done<T> = Result<T, BoxError>;

/// The snapshot under a key.
pub(crate) fn get(file: &Database, key: &str) -> Done<Option<Vec<u8>>> {
    let read = file.begin_read()?;
    match read.open_table(SNAPSHOTS) {
        Ok(snapshots) => Ok(snapshots.get(key)?.map(|kept| kept.value().1.to_vec())),
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Changes something, and syncs if that is said.
pub(crate) fn change<T>(
    file: &Database,
    syncs: bool,
    change: impl FnOnce(&mut Change<'_>) -> Done<T>,
) -> Done<T> {
    let mut write = file.begin_write()?;
    match syncs {
        // Opening after a crash would look at all of the file.
        true => write.set_quick_repair(true),
        false => write.set_durability(Durability::None)?,
    }
    let done = change(&mut Change::of(&write)?)?;
    write.commit()?;
    Ok(done)
}

/// A change of the file.
pub(crate) struct Change<'t> {
    snapshots: Table<'t, &'static str, (u64, &'static [u8])>,
    order: Table<'t, u64, &'static str>,
    about: Table<'t, &'static str, u128>,
}

impl<'t> Change<'t> {
    fn of(write: &'t WriteTransaction) -> Done<Self> {
        let (snapshots, order) = (write.open_table(SNAPSHOTS)?, write.open_table(ORDER)?);
        Ok(Change { snapshots, order, about: write.open_table(ABOUT)? })
    }

    /// Of which journal they are: of this one from now on, if of none yet.
    pub(crate) fn claim(&mut self, journal: JournalId) -> Done<JournalId> {
        if let Some(of) = self.number("journal")? {
            return Ok(JournalId::from_u128(of));
        }
        self.about.insert("journal", journal.as_u128())?;
        Ok(journal)
    }

    /// Keeps one, and forgets those that were saved first until there is room.
    pub(crate) fn put(&mut self, key: &str, snapshot: &[u8], most_bytes: u64) -> Done<()> {
        self.remove(key)?;
        let next = u64::try_from(self.number("next")?.unwrap_or(0))?;
        self.about.insert("next", u128::from(next) + 1)?;
        self.snapshots.insert(key, (next, snapshot))?;
        self.order.insert(next, key)?;
        self.weighs(i128::from(weight(key, snapshot.len())))?;
        while self.number("bytes")?.unwrap_or(0) > u128::from(most_bytes) {
            let Some(first) = self.order.first()?.map(|(_, key)| key.value().to_owned()) else {
                break;
            };
            self.remove(&first)?;
        }
        Ok(())
    }

    /// Forgets one.
    pub(crate) fn remove(&mut self, key: &str) -> Done<()> {
        let removed = self.snapshots.remove(key)?;
        let Some((nth, bytes)) = removed.map(|kept| (kept.value().0, kept.value().1.len())) else {
            return Ok(());
        };
        self.order.remove(nth)?;
        self.weighs(-i128::from(weight(key, bytes)))
    }

    /// Forgets all of a view.
    pub(crate) fn clear(&mut self, view: &str) -> Done<()> {
        let within = format!("{view}\n");
        let mut keys = Vec::new();
        for kept in self.snapshots.range(view..)? {
            let key = kept?.0.value().to_owned();
            if key != view && !key.starts_with(&within) {
                // What begins like it, but for a character that comes before the end of a line.
                if !key.starts_with(view) {
                    break;
                }
                continue;
            }
            keys.push(key);
        }
        keys.iter().try_for_each(|key| self.remove(key))
    }

    fn number(&self, of: &'static str) -> Done<Option<u128>> {
        Ok(self.about.get(of)?.map(|number| number.value()))
    }

    fn weighs(&mut self, more: i128) -> Done<()> {
        let bytes = i128::try_from(self.number("bytes")?.unwrap_or(0))? + more;
        self.about.insert("bytes", u128::try_from(bytes)?)?;
        Ok(())
    }
}

fn weight(key: &str, bytes: usize) -> u64 {
    (bytes + 2 * key.len()) as u64 + ENTRY_BYTES
}
