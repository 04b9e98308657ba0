//! What waits, in the order of the calls; bounded.

use std::collections::VecDeque;

use super::append::Append;
use crate::Options;
use crate::store::{BATCH_APPENDS, BATCH_BYTES};

/// Why an append was not written although the journal is open.
#[derive(Debug, thiserror::Error)]
#[error("{appends} appends with {bytes} bytes wait to be written; no more may")]
pub(super) struct TooMany {
    appends: usize,
    bytes: usize,
}

pub(super) struct Waiting {
    appends: VecDeque<Append>,
    bytes: usize,
    max_appends: usize,
    max_bytes: usize,
}

impl Waiting {
    pub(super) fn new(options: &Options) -> Waiting {
        Waiting {
            appends: VecDeque::new(),
            bytes: 0,
            max_appends: options.waiting_appends,
            max_bytes: options.waiting_bytes,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.appends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.appends.is_empty()
    }

    /// Why another cannot wait, if it cannot.
    pub(super) fn refuses(&self, append: &Append) -> Option<TooMany> {
        let (appends, bytes) = (self.appends.len(), self.bytes);
        let too_many =
            appends >= self.max_appends || bytes.saturating_add(append.bytes) > self.max_bytes;
        too_many.then_some(TooMany { appends, bytes })
    }

    pub(super) fn push(&mut self, append: Append) {
        self.bytes += append.bytes;
        self.appends.push_back(append);
    }

    /// Before all others, whatever the bounds: they had been taken.
    pub(super) fn put_back(&mut self, appends: Vec<Append>) {
        for append in appends.into_iter().rev() {
            self.bytes += append.bytes;
            self.appends.push_front(append);
        }
    }

    /// As much as tephra writes at once. One that is larger is a batch of its own.
    pub(super) fn next_batch(&mut self) -> Vec<Append> {
        let mut bytes = 0;
        let fits = |append: &&Append| {
            bytes += append.bytes;
            bytes <= BATCH_BYTES
        };
        let number = self.appends.iter().take(BATCH_APPENDS).take_while(fits).count();
        let batch: Vec<Append> = self.appends.drain(..number.max(1).min(self.len())).collect();
        self.bytes -= batch.iter().map(|append| append.bytes).sum::<usize>();
        batch
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = Append> {
        self.bytes = 0;
        self.appends.drain(..)
    }
}
