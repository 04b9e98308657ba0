//! What is in the file: one table.
//!
//! | key | value |
//! |---|---|
//! | `s` and what a snapshot is kept under | the number of the saving, and the snapshot |
//! | `o` and the number of a saving | what was saved |
//! | `a` and `journal`, `bytes` or `next` | of which journal; how many bytes the snapshots have; the next number; each with its complement |
//!
//! One table and not three: redb panics on a damaged file, which is caught. A panic while one table is opened and
//! another one is open would be a second one in the destructor of that, and so the end of the process.

use bailiwick_core::journal::{BoxError, JournalId};
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition, TableError,
    TableHandle,
};

const KEPT: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("kept");

/// What a snapshot counts for beside its bytes and twice its key: its places in the tree, about.
const ENTRY_BYTES: u64 = 64;

type Done<T> = Result<T, BoxError>;

/// The file was written by nobody here.
#[derive(Debug, thiserror::Error)]
#[error("an entry of the file has another form")]
struct OtherForm;

fn under(kind: u8, key: &[u8]) -> Vec<u8> {
    [&[kind], key].concat()
}

fn snapshot_key(key: &str) -> Vec<u8> {
    under(b's', key.as_bytes())
}

fn order_key(nth: u64) -> Vec<u8> {
    under(b'o', &nth.to_be_bytes())
}

fn text(bytes: &[u8]) -> Done<String> {
    Ok(str::from_utf8(bytes)?.to_owned())
}

/// A number with its complement behind it: redb gives what it reads as it is, and what comes of a damaged number (a
/// start that is refused for the snapshots of another journal) would be told as true.
fn checked(number: u128) -> [u8; 32] {
    let mut both = [0; 32];
    both[..16].copy_from_slice(&number.to_le_bytes());
    both[16..].copy_from_slice(&(!number).to_be_bytes());
    both
}

/// The number of the saving, and the snapshot.
fn kept(value: &[u8]) -> Done<(u64, &[u8])> {
    let (nth, snapshot) = value.split_first_chunk().ok_or(OtherForm)?;
    Ok((u64::from_le_bytes(*nth), snapshot))
}

/// Whether the file is one of these: there is this table or none. Looked at by reading first: a damaged definition is a
/// panic, and while something is written that could be two.
pub(crate) fn check(file: &Database) -> Done<()> {
    let read = file.begin_read()?;
    for table in read.list_tables()? {
        if table.name() != KEPT.name() {
            return Err(OtherForm.into());
        }
        read.open_table(KEPT)?;
    }
    Ok(())
}

/// The snapshot under a key.
pub(crate) fn get(file: &Database, key: &str) -> Done<Option<Vec<u8>>> {
    let read = file.begin_read()?;
    let table = match read.open_table(KEPT) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let found = table.get(&*snapshot_key(key))?;
    found.map(|found| Ok(kept(found.value())?.1.to_vec())).transpose()
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
    let done = change(&mut Change(write.open_table(KEPT)?))?;
    write.commit()?;
    Ok(done)
}

/// A change of the file.
pub(crate) struct Change<'t>(Table<'t, &'static [u8], &'static [u8]>);

impl Change<'_> {
    /// Of which journal they are: of this one from now on, if of none yet.
    pub(crate) fn claim(&mut self, journal: JournalId) -> Done<JournalId> {
        if let Some(of) = self.number("journal")? {
            return Ok(JournalId::from_u128(of));
        }
        self.set_number("journal", journal.as_u128())?;
        Ok(journal)
    }

    /// Keeps one, and forgets those that were saved first until there is room.
    pub(crate) fn put(&mut self, key: &str, snapshot: &[u8], most_bytes: u64) -> Done<()> {
        self.remove(key)?;
        let next = u64::try_from(self.number("next")?.unwrap_or(0))?;
        self.set_number("next", u128::from(next) + 1)?;
        let value = [&next.to_le_bytes(), snapshot].concat();
        self.0.insert(&*snapshot_key(key), &*value)?;
        self.0.insert(&*order_key(next), key.as_bytes())?;
        self.weighs(i128::from(weight(key, snapshot.len())))?;
        while self.number("bytes")?.unwrap_or(0) > u128::from(most_bytes) {
            let Some((nth, first)) = self.first()? else { break };
            // What does not belong to it would stay, and be the first again.
            if self.nth_of(&first)? != Some(nth) {
                return Err(OtherForm.into());
            }
            self.remove(&first)?;
        }
        Ok(())
    }

    /// What was saved first, and the number of that.
    fn first(&self) -> Done<Option<(u64, String)>> {
        let (from, to) = (order_key(0), order_key(u64::MAX));
        let first = self.0.range(&*from..=&*to)?.next().transpose()?;
        let Some((order, key)) = first else { return Ok(None) };
        let nth = order.value()[1..].try_into().map_err(|_| OtherForm)?;
        Ok(Some((u64::from_be_bytes(nth), text(key.value())?)))
    }

    /// The number of the saving of what is kept under a key.
    fn nth_of(&self, key: &str) -> Done<Option<u64>> {
        let found = self.0.get(&*snapshot_key(key))?;
        found.map(|found| Ok(kept(found.value())?.0)).transpose()
    }

    /// Forgets one.
    pub(crate) fn remove(&mut self, key: &str) -> Done<()> {
        let removed = {
            let removed = self.0.remove(&*snapshot_key(key))?;
            removed.map(|value| kept(value.value()).map(|(nth, kept)| (nth, kept.len())))
        };
        let Some((nth, bytes)) = removed.transpose()? else { return Ok(()) };
        self.0.remove(&*order_key(nth))?;
        self.weighs(-i128::from(weight(key, bytes)))
    }

    /// Forgets all of a view.
    pub(crate) fn clear(&mut self, view: &str) -> Done<()> {
        let (within, from) = (format!("{view}\n"), snapshot_key(view));
        let mut keys = Vec::new();
        for entry in self.0.range(&*from..)? {
            let (entry, _) = entry?;
            // What begins like it may come between, with a character that is before the end of a line.
            if !entry.value().starts_with(&from) {
                break;
            }
            let key = text(&entry.value()[1..])?;
            if key == view || key.starts_with(&within) {
                keys.push(key);
            }
        }
        keys.iter().try_for_each(|key| self.remove(key))
    }

    fn number(&self, of: &str) -> Done<Option<u128>> {
        let Some(written) = self.0.get(&*under(b'a', of.as_bytes()))? else { return Ok(None) };
        let number = written.value().first_chunk().map(|bytes| u128::from_le_bytes(*bytes));
        let sound = number.filter(|number| written.value() == checked(*number));
        Ok(Some(sound.ok_or(OtherForm)?))
    }

    fn set_number(&mut self, of: &str, number: u128) -> Done<()> {
        self.0.insert(&*under(b'a', of.as_bytes()), &checked(number)[..])?;
        Ok(())
    }

    fn weighs(&mut self, more: i128) -> Done<()> {
        let bytes = i128::try_from(self.number("bytes")?.unwrap_or(0))? + more;
        self.set_number("bytes", u128::try_from(bytes)?)
    }
}

fn weight(key: &str, bytes: usize) -> u64 {
    (bytes + 2 * key.len()) as u64 + ENTRY_BYTES
}
