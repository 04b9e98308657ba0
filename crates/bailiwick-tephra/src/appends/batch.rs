//! The batch that tephra has: which of its appends have an answer, and what that means.

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendError, Appended, JournalFault};
use tephra::{AppendError as Refused, ConflictClause, ConflictSite};

use super::append::{Append, Settled};

#[derive(Default)]
pub(super) struct Batch {
    /// Those without an answer; the place is the token that tephra answers with. Those that tephra
    /// has as one are together.
    groups: Vec<Option<Vec<Append>>>,
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

    /// Whether this append is all of it.
    pub(super) fn is_only(&self, number: u64) -> bool {
        match &self.groups[..] {
            [Some(group)] => matches!(&group[..], [append] if append.number == number),
            _ => false,
        }
    }

    /// Another append, given to tephra by itself.
    pub(super) fn push(&mut self, append: Append) {
        self.groups.push(Some(vec![append]));
        self.unanswered += 1;
    }

    /// Another append, given to tephra as one with the last.
    pub(super) fn join(&mut self, append: Append) {
        match self.groups.last_mut() {
            Some(Some(group)) => group.push(append),
            _ => self.push(append),
        }
    }

    pub(super) fn answered(&mut self, token: u64) -> Option<Vec<Append>> {
        let place = self.groups.get_mut(usize::try_from(token).ok()?)?;
        let group = place.take()?;
        self.unanswered -= 1;
        Some(group)
    }

    /// An append is durable: tells it, and those that were refused for it.
    pub(super) fn written(
        &mut self,
        append: Append,
        appended: Appended,
        settled: &mut Vec<Settled>,
    ) {
        self.written += 1;
        let first = appended.first;
        for undecided in std::mem::take(&mut self.undecided) {
            match undecided.violated_by(first, &append.events) {
                Some(at) => {
                    settled.push(undecided.settle(Err(AppendError::Conflict { at })));
                }
                None => self.undecided.push(undecided),
            }
        }
        settled.push(append.settle(Ok(appended)));
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
        self.groups.clear();
        self.written = 0;
        std::mem::take(&mut self.undecided)
    }

    /// Those from this token on did not reach tephra: certainly not written.
    pub(super) fn not_given(&mut self, from: u64, why: &JournalFault, settled: &mut Vec<Settled>) {
        for token in from..self.groups.len() as u64 {
            let group = self.answered(token).into_iter().flatten();
            settled.extend(group.map(|append| append.closed(why)));
        }
    }

    /// The journal failed. What is without an answer may have been written; what was refused was
    /// not, and is given back.
    pub(super) fn give_up(&mut self, why: &JournalFault, settled: &mut Vec<Settled>) {
        self.unanswered = 0;
        let unanswered = self.groups.drain(..).flatten().flatten();
        settled.extend(unanswered.map(|append| append.unknown(why)));
        settled.extend(self.undecided.drain(..).map(|append| append.closed(why)));
    }
}
