//! The batch that tephra has: which of its appends have an answer, and what that means.

use bailiwick_core::{AppendError, Appended, JournalFault, Position};
use tephra::{AppendError as Refused, ConflictClause, ConflictSite, PositionRange};

use super::append::{Append, Settled};

#[derive(Default)]
pub(super) struct Batch {
    /// Those without an answer; the place is the token that tephra answers with.
    appends: Vec<Option<Append>>,
    unanswered: usize,
    /// How many were written.
    written: usize,
    /// Refused, but not yet told: for something in the same batch, or for nothing that their
    /// condition speaks of.
    undecided: Vec<Append>,
}

impl Batch {
    pub(super) fn is_over(&self) -> bool {
        self.unanswered == 0
    }

    pub(super) fn push(&mut self, append: Append) {
        self.appends.push(Some(append));
        self.unanswered += 1;
    }

    pub(super) fn answered(&mut self, token: u64) -> Option<Append> {
        let place = self.appends.get_mut(usize::try_from(token).ok()?)?;
        let append = place.take()?;
        self.unanswered -= 1;
        Some(append)
    }

    /// An append is durable: tells it, and those that were refused for it.
    pub(super) fn written(
        &mut self,
        append: Append,
        range: PositionRange,
        settled: &mut Vec<Settled>,
    ) {
        self.written += 1;
        let first = Position::new(range.first.get());
        for undecided in std::mem::take(&mut self.undecided) {
            match undecided.violated_by(first, &append.events) {
                Some(at) => {
                    settled.push(undecided.settle(Err(AppendError::Conflict { at })));
                }
                None => self.undecided.push(undecided),
            }
        }
        let last = Position::new(range.last.get());
        settled.push(append.settle(Ok(Appended { first, last })));
    }

    /// tephra did not stage an append; gives back what is not about its condition.
    pub(super) fn refused(
        &mut self,
        append: Append,
        why: Refused,
        settled: &mut Vec<Settled>,
    ) -> Option<(Append, Refused)> {
        match why {
            Refused::Conflict { at: ConflictSite::SameBatch, .. } => self.undecided.push(append),
            Refused::Conflict { clause, at: ConflictSite::Durable(at) } => {
                let at = Position::new(at.get());
                let after = append.condition.as_ref().map(|condition| condition.after);
                if clause == ConflictClause::Boundary && Some(at) <= after {
                    // `after` was above the head, which tephra does not take, and is not any more.
                    self.undecided.push(append);
                } else {
                    settled.push(append.settle(Err(AppendError::Conflict { at })));
                }
            }
            Refused::AfterBeyondTip { .. } => self.undecided.push(append),
            Refused::Empty => settled.push(append.settle(Err(AppendError::Empty))),
            Refused::TooLarge { .. } => {
                settled.push(append.settle(Err(AppendError::NotWritten(why.into()))));
            }
            why => return Some((append, why)),
        }
        None
    }

    pub(super) fn number_written(&self) -> usize {
        self.written
    }

    /// Begins anew. What was refused for something that is not there is to be judged once more.
    pub(super) fn restart(&mut self) -> Vec<Append> {
        debug_assert!(self.is_over());
        self.appends.clear();
        self.written = 0;
        std::mem::take(&mut self.undecided)
    }

    /// Those from this token on did not reach tephra: certainly not written.
    pub(super) fn not_given(&mut self, from: u64, why: &JournalFault, settled: &mut Vec<Settled>) {
        for token in from..self.appends.len() as u64 {
            settled.extend(self.answered(token).map(|append| append.closed(why)));
        }
    }

    /// The journal failed. What is without an answer may have been written; what was refused was
    /// not, and is given back.
    pub(super) fn give_up(&mut self, why: &JournalFault, settled: &mut Vec<Settled>) {
        self.unanswered = 0;
        settled.extend(self.appends.drain(..).flatten().map(|append| append.unknown(why)));
        settled.extend(self.undecided.drain(..).map(|append| append.closed(why)));
    }
}
