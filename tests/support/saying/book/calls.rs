//! What the outside world has seen: each call under one key, and none after its trace.

use super::Book;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Called, NotAgain, OneKey, Rules};
use crate::saying::calls::Call;

impl Book {
    /// The outside world is called, when the journal ends there. `alone`: by the only one.
    pub fn called(&mut self, call: &Call, head: u64, alone: bool) -> Checked {
        let Call { news: source, key, .. } = call;
        let (first, times) = self.calls.entry(*source).or_insert_with(|| (call.clone(), 0));
        *times += 1;
        let of = *self.keys.entry(key.clone()).or_insert(*source);
        OneKey.require(first == call && of == *source, || {
            format!("{call:?}; before it was {first:?}, and the key was that of {of}")
        })?;
        let news = self.news.get(source);
        let news = news.ok_or_else(|| Rules.broken(format!("{call:?} is because of nothing")))?;
        if !alone {
            return Ok(());
        }
        let gone = news.gone.filter(|gone| *gone <= head);
        NotAgain.require(gone.is_none(), || format!("{call:?}, since {gone:?} it is done"))?;
        self.is_next(*source).map_err(|why| why.at(format_args!("{call:?}")))
    }

    /// What ends so was called.
    pub(super) fn was_called(&self, source: u64) -> Checked {
        let called = self.calls.contains_key(&source);
        Called.require(called, || format!("ends what was never called because of {source}"))
    }

    /// How many calls there were.
    pub fn all_calls(&self) -> usize {
        self.calls.values().map(|(_, times)| times).sum()
    }

    /// How many of them were not the first because of their news.
    pub fn called_again(&self) -> usize {
        self.all_calls() - self.calls.len()
    }
}
