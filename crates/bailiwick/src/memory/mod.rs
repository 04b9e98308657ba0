//! A journal in memory: it keeps every rule of [`Journal`] but outlives nothing.
//!
//! - An append, a read or a look at the head takes effect within the call; the future is ready. So
//!   what one thread does, in the order in which it does it, is what happens, every time.
//! - An append costs what its own events, tags and condition cost, however long the log is: a
//!   condition looks only at the events beyond its `after` that have the rarest of its tags.
//! - Nobody is kept waiting for a long read: the lock is let go after a bounded number of events.
//! - It holds every event for ever: 220 to 340 bytes each with one tag, beside the payload. That is
//!   for tests, examples and caches, not for a service that runs for months.

mod chunks;
mod last;
mod log;
mod read;

use std::fmt;
use std::sync::Arc;

use bailiwick_core::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalReadError, LastMatch, Page, Query, Read, ReopenError,
};
use parking_lot::RwLock;

use log::Log;

/// A [`Journal`] in memory, for tests and examples. Cloning shares the log, so several runtimes can
/// work on one, or a next one can go on where the last ended.
///
/// Everything takes effect within the call, and nothing is ever forgotten: its size grows with the
/// events, without a bound.
#[derive(Clone, Default)]
pub struct MemoryJournal {
    log: Arc<RwLock<Log>>,
}

impl MemoryJournal {
    /// An empty journal.
    pub fn new() -> MemoryJournal {
        MemoryJournal::default()
    }

    fn append_now(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<&AppendCondition>,
    ) -> Result<Appended, AppendError> {
        if events.is_empty() {
            return Err(AppendError::Empty);
        }
        self.limits().check(&events).map_err(AppendError::OverLimit)?;
        // One lock over both: between the check and the events nobody comes in.
        let mut log = self.log.write();
        match condition.and_then(|condition| log.conflict(condition)) {
            Some(at) => Err(AppendError::Conflict { at }),
            None => Ok(log.append(events)),
        }
    }
}

impl Journal for MemoryJournal {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> Answer<Result<Appended, AppendError>> {
        Answer::ready(self.append_now(events, condition.as_ref()))
    }

    fn read(&self, read: Read) -> Answer<Result<Page, JournalReadError>> {
        Answer::ready(Ok(read::page(&self.log, &read)))
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        Answer::ready(Ok(last::last(&self.log, &query)))
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        Answer::ready(Ok(self.log.read().head()))
    }

    fn limits(&self) -> AppendLimits {
        AppendLimits::STANDARD
    }

    /// Always open: nothing in memory can fail.
    fn health(&self) -> Health {
        Health::Open
    }

    fn reopen(&self) -> Answer<Result<(), ReopenError>> {
        Answer::ready(Ok(()))
    }
}

impl fmt::Debug for MemoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryJournal")
            .field("head", &self.log.read().head())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
