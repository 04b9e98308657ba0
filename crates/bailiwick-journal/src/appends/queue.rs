//! What waits for the writer, within bounds.

use std::collections::VecDeque;

use bailiwick_core::journal::{AppendError, JournalFault};
use tokio::sync::oneshot;

use super::append::{Append, Settled};
use super::{Reopened, Work};
use crate::Options;

/// A batch has no more than that, in bytes, unless its first append has.
const BATCH_BYTES: usize = 4 << 20;

/// Why an append was refused.
#[derive(Debug, thiserror::Error)]
#[error(
    "{appends} appends of {bytes} bytes wait to be written; try again later, or allow more by \
     `Options::waiting_appends` and `Options::waiting_bytes`"
)]
struct TooMuchWaits {
    appends: usize,
    bytes: usize,
}

/// Waits for it to be opened again.
type Waiter = oneshot::Sender<Reopened>;

pub(super) struct Queue {
    waiting: VecDeque<Append>,
    bytes: usize,
    most_appends: usize,
    most_bytes: usize,
    closed: Option<JournalFault>,
    reopening: Vec<Waiter>,
    is_abandoned: bool,
    pub(super) is_ending: bool,
    /// It has to be woken when there is something to do.
    pub(super) writer_waits: bool,
}

impl Queue {
    pub(super) fn new(options: &Options) -> Queue {
        Queue {
            waiting: VecDeque::new(),
            bytes: 0,
            most_appends: options.waiting_appends,
            most_bytes: options.waiting_bytes,
            closed: None,
            reopening: Vec::new(),
            is_abandoned: false,
            is_ending: false,
            writer_waits: false,
        }
    }

    /// Gives it back if it is refused.
    pub(super) fn push(&mut self, append: Append) -> Option<(AppendError, Append)> {
        if let Some(why) = &self.closed {
            return Some((AppendError::Closed(why.clone()), append));
        }
        let (appends, bytes) = (self.waiting.len(), self.bytes);
        let is_full = appends >= self.most_appends || bytes + append.bytes() > self.most_bytes;
        // Who finds nothing before it does not have to wait.
        if is_full && appends > 0 {
            return Some((AppendError::Busy(TooMuchWaits { appends, bytes }.into()), append));
        }
        self.bytes += append.bytes();
        self.waiting.push_back(append);
        None
    }

    pub(super) fn work(&mut self) -> Option<Work> {
        if !self.reopening.is_empty() {
            return Some(Work::Reopen(std::mem::take(&mut self.reopening)));
        }
        if !self.waiting.is_empty() {
            return Some(Work::Batch(self.batch()));
        }
        self.is_ending.then_some(Work::End)
    }

    fn batch(&mut self) -> Vec<Append> {
        let mut bytes = 0;
        let fits = |append: &&Append| {
            bytes += append.bytes();
            bytes <= BATCH_BYTES
        };
        let appends = self.waiting.iter().take_while(fits).count().max(1);
        let batch: Vec<_> = self.waiting.drain(..appends).collect();
        self.bytes -= batch.iter().map(|append| append.bytes()).sum::<usize>();
        batch
    }

    pub(super) fn closed(&self) -> Option<&JournalFault> {
        self.closed.as_ref()
    }

    pub(super) fn close(&mut self, why: &JournalFault) -> Vec<Settled> {
        self.closed = Some(why.clone());
        self.bytes = 0;
        self.waiting.drain(..).map(|append| append.closed(why)).collect()
    }

    pub(super) fn open(&mut self) {
        self.closed = None;
    }

    /// None if it is open.
    pub(super) fn reopen(&mut self) -> Option<oneshot::Receiver<Reopened>> {
        self.closed.as_ref()?;
        let (waiter, told) = oneshot::channel();
        // Else it is dropped, which tells that nobody is there to do it.
        if !self.is_abandoned {
            self.reopening.push(waiter);
        }
        Some(told)
    }

    /// Who waits for it to be opened is told so by being dropped.
    pub(super) fn abandon(&mut self, why: &JournalFault) -> (Vec<Settled>, Vec<Waiter>) {
        self.is_abandoned = true;
        (self.close(why), std::mem::take(&mut self.reopening))
    }
}
