//! The store: the log, and the indexes of its segments. What a journal does, a step at a time: one writes, and
//! anybody reads.
//!
//! 1. The log is the truth. An index is made from it: of the active segment in memory, of one that the log has
//!    left in a file beside it. A file that is missing, damaged or of another segment is made again.
//! 2. An append is in the log wholly and durable, or it is not there. Its condition is judged on everything that
//!    is durable.
//! 3. What matches is judged on the events themselves; an index only says where to look.
//! 4. What the events show of themselves is folded from the log, too, and kept in a file: the checkpoint.

mod checkpoint;
mod find;
mod follow;
mod matching;
mod merge;
mod open;
mod places;
mod read;
mod seal;
mod values;
mod view;

use std::io;
use std::sync::Arc;

use bailiwick_core::journal::{AppendCondition, Appended, Head};
use bailiwick_core::{Position, Timestamp};

use crate::files::Identity;
use crate::index::IndexError;
use crate::log::{Ahead, Log, OpenError, Options, ReadError, WriteError, frames_bytes};
use crate::stored::{Names, StoredError};
pub use follow::Following;
pub use view::View;

/// A store, open for writing.
///
/// Batches are appended one after the other: [`make_room`](Self::make_room), then [`push`](Self::push) as often
/// as there are appends, each after a look whether something [conflicts](Self::conflict) with it, then
/// [`write`](Self::write) and [`sync`](Self::sync). Nobody sees any of it before it is durable.
pub struct Store {
    log: Log,
    view: Arc<View>,
    /// The end, once what was pushed is durable.
    pushed: Head,
}

/// How a store is written, and what it may keep in memory.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// How the log is written.
    pub log: Options,
    /// How many bytes the filters of the segments that the log has left may take together: those of the latest
    /// are kept, and the others are not asked.
    pub filter_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { log: Options::default(), filter_bytes: 32 * 1_024 * 1_024 }
    }
}

/// Why a store cannot be opened or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Opening the log.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Reading the log.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// There is a checkpoint of events, and no file of them.
    #[error(
        "there were events, and none of their files is there: restore the folder from a backup"
    )]
    Lost {
        /// Up to which position there were events, as far as that is known.
        acknowledged: Position,
    },
    /// An event of it is none.
    #[error("the event at position {position} cannot be read")]
    Event {
        /// Its position.
        position: Position,
        /// What is wrong.
        source: StoredError,
    },
    /// Reading an index.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl Store {
    /// What can be read, by anybody.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// Which log it is.
    pub fn id(&self) -> u128 {
        self.log.id()
    }

    /// The next segment, to be made ahead of its use by whoever has the time.
    pub fn ahead(&self) -> &Arc<Ahead> {
        self.log.ahead()
    }

    /// The end of what is durable.
    pub fn head(&self) -> Head {
        self.view.head()
    }

    /// Whether a write or sync failed: it takes nothing any more, and is to be opened again.
    pub fn is_closed(&self) -> bool {
        self.log.is_closed()
    }

    /// Which file is written, by its name and whatever its name.
    pub fn file(&self) -> (String, Identity) {
        self.log.file()
    }

    /// The names of the files of the log, up to that which is written.
    pub fn files(&self) -> impl Iterator<Item = String> + use<> {
        self.log.files()
    }

    /// Makes room for a batch whose records have so many bytes each, or fewer of them. Whether it goes on in
    /// another segment for that: then there is something to [seal](View::seal), and to [make](Ahead::make).
    ///
    /// # Errors
    /// [`WriteError::NotWritten`] if there is none: everything is as it was.
    pub fn make_room(
        &mut self,
        records: impl IntoIterator<Item = usize>,
    ) -> Result<bool, WriteError> {
        self.log.make_room(frames_bytes(records))?;
        let place = self.log.next_place();
        let state = self.view.state();
        let left = state.number;
        drop(state);
        if left == place.segment {
            return Ok(false);
        }
        self.view.change().leave(place.segment);
        if self.view.is_behind()
            && let Err(error) = self.view.seal()
        {
            tracing::debug!(%error, "an index cannot be written to a file, and stays in memory");
        }
        Ok(true)
    }

    /// Where something is that violates the condition, if there is: of all that is durable, or of this batch.
    ///
    /// # Errors
    /// If that cannot be read.
    pub fn conflict(&self, condition: &AppendCondition) -> Result<Option<Position>, StoreError> {
        self.view.conflict(condition)
    }

    /// Adds an append to the batch: its records, and when the latest of its events was recorded.
    ///
    /// # Panics
    /// If there was no [room](Self::make_room) made for it, or a record is none.
    pub fn push<'a>(
        &mut self,
        records: impl IntoIterator<Item = &'a [u8]>,
        recorded_at: Timestamp,
    ) -> Appended {
        let first = self.pushed.position.plus(1);
        let mut state = self.view.change();
        for record in records {
            let (position, offset) = self.log.push(record);
            let names = Names::of(record).expect("a record of this version");
            state.active.push(position, offset, &names);
            self.pushed.position = position;
        }
        state.active.recorded(recorded_at);
        self.pushed.recorded_at = self.pushed.recorded_at.max(recorded_at);
        Appended { first, last: self.pushed.position }
    }

    /// Writes the batch, if it has anything.
    ///
    /// # Errors
    /// It may be written, and the store is closed.
    pub fn write(&mut self) -> Result<(), WriteError> {
        self.log.write_pushed().map(drop)
    }

    /// Makes durable what was written; from here on it is seen.
    ///
    /// # Errors
    /// Nobody knows what is durable now, and the store is closed.
    pub fn sync(&mut self) -> Result<Head, WriteError> {
        self.log.sync()?;
        self.view.change().head = self.pushed;
        Ok(self.pushed)
    }

    /// Says behind the last batch that it is durable, for when nothing comes that does.
    ///
    /// # Errors
    /// As of [`Log::mark`].
    pub fn mark(&mut self) -> Result<(), WriteError> {
        self.log.mark()
    }

    /// Ends well.
    ///
    /// # Errors
    /// As of [`Log::close`].
    pub fn close(self) -> Result<(), WriteError> {
        self.log.close()
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        StoreError::Read(error.into())
    }
}
