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
mod values;

use std::fmt;
use std::sync::Arc;
use std::task::Waker;

use bailiwick_core::Position;
use bailiwick_core::journal::{
    Answer, AppendCondition, AppendError, AppendLimits, Appended, EncodedEvent, Head, Health,
    Journal, JournalId, JournalReadError, LastMatch, Page, Query, Read, ReadValues, ReopenError,
    ValueIndex, ValuesPage, Waiters,
};
use parking_lot::{Mutex, RwLock};

use log::Log;

/// A [`Journal`] in memory, for tests and examples. Cloning shares the log, so several runtimes can
/// work on one, or a next one can go on where the last ended.
///
/// Everything takes effect within the call, and nothing is ever forgotten: its size grows with the
/// events, without a bound.
///
/// For an example see [`Runtime`](crate::Runtime).
#[derive(Clone)]
pub struct MemoryJournal {
    shared: Arc<Shared>,
}

struct Shared {
    id: JournalId,
    log: RwLock<Log>,
    /// Registered and told under the lock of the log.
    waiters: Waiters,
    values: Mutex<ValueIndex>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.waiters.end();
    }
}

impl MemoryJournal {
    /// An empty journal.
    ///
    /// # Panics
    /// If the system has no randomness for its [identity](Journal::id).
    pub fn new() -> MemoryJournal {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("the system has randomness");
        let (log, waiters, values) = (RwLock::default(), Waiters::default(), Mutex::default());
        let id = JournalId::from_u128(u128::from_ne_bytes(bits));
        MemoryJournal { shared: Arc::new(Shared { id, log, waiters, values }) }
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
        let mut log = self.shared.log.write();
        if let Some(at) = condition.and_then(|condition| log.conflict(condition)) {
            return Err(AppendError::Conflict { at });
        }
        let woken = self.shared.waiters.appended(log.head().position.plus(1), &events);
        let appended = log.append(events);
        drop(log);
        woken.into_iter().for_each(Waker::wake);
        Ok(appended)
    }
}

impl Default for MemoryJournal {
    fn default() -> MemoryJournal {
        MemoryJournal::new()
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
        Answer::ready(Ok(read::page(&self.shared.log, &read)))
    }

    fn last(&self, query: Query) -> Answer<Result<LastMatch, JournalReadError>> {
        Answer::ready(Ok(last::last(&self.shared.log, &query)))
    }

    fn changed(&self, query: Query, after: Position) -> Answer<Result<(), JournalReadError>> {
        let log = self.shared.log.read();
        if log.match_beyond(&query, after).is_some() {
            return Answer::ready(Ok(()));
        }
        // Before the lock is let go, so that no append comes in between.
        let waiting = self.shared.waiters.wait(query, after);
        drop(log);
        Answer::later(waiting)
    }

    /// Its index has what the last call found: looks at every event once, when it is first asked.
    fn values(&self, read: ReadValues) -> Answer<Result<ValuesPage, JournalReadError>> {
        Answer::ready(Ok(values::page(&self.shared.log, &self.shared.values, &read)))
    }

    fn id(&self) -> JournalId {
        self.shared.id
    }

    fn head(&self) -> Answer<Result<Head, JournalReadError>> {
        Answer::ready(Ok(self.shared.log.read().head()))
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
            .field("head", &self.shared.log.read().head())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
