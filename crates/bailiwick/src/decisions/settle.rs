//! Settling: an append of decisions came to its end, and the gate opens, or they are decided again.
//!
//! Nothing leaves before what it rests on is durable: replies and rejections.

use std::num::NonZeroUsize;

use bailiwick_core::journal::{AppendError, Appended, Query, Read};
use bailiwick_core::{ErrorReport, Position, Text};

use super::batch::{DecisionBatch, Tried};
use super::turn::{AnswerAt, Participant, Participants};
use crate::error::Cause;
use crate::journal::port::{self, Failure, or_closed};
use crate::registry::news::Concerned;
use crate::request::state::RequestState;

impl DecisionBatch<'_> {
    /// What the first `decided` emitted is durable: the gate opens, once the aggregates of this runtime
    /// know of it.
    pub(super) fn committed(
        &mut self,
        decided: usize,
        level: Position,
        concerned: &Concerned,
        appended: Appended,
    ) -> Tried {
        self.views.settled(appended.last);
        self.scheduler.tell(concerned, appended.first);
        self.release(decided, |upto| match u64::try_from(upto).unwrap_or(0) {
            0 => level,
            nth => appended.first.plus(nth - 1),
        })
    }

    /// Somebody else wrote to the boundary: decided again on what is new.
    pub(super) async fn conflicted(&mut self, level: Position, at: Position) -> Tried {
        self.scheduler.counters.here().conflicts.one();
        tracing::debug!(%at, "another writer was faster than a decision");
        let guard = self.views.guard();
        // Those that can be copied go on from where they were; the others catch up alone.
        self.views.discard();
        self.has_read = false;
        let limit = self.shared().config.attempts;
        let participants = std::mem::take(&mut self.participants);
        let (contended, again): (Participants, _) =
            participants.into_iter().partition(|participant| {
                // A delivery may be done already: its policy looks.
                participant.attempts >= limit || participant.case.request().delivering().is_some()
            });
        for participant in &again {
            participant.case.request().change(RequestState::Submitted, RequestState::Claimed);
        }
        self.participants = again;
        if !contended.is_empty() {
            self.give_up(contended, guard, level).await;
        }
        Tried::Again
    }

    /// Others were faster too often. Says what they wrote.
    async fn give_up(&mut self, participants: Participants, guard: Option<Query>, level: Position) {
        let read = guard.map(|guard| Read::new(guard).after(level).limit(NonZeroUsize::MIN));
        let page = match read {
            Some(read) => or_closed(self.shared(), port::read(self.journal, read)).await,
            None => None,
        };
        let first = page.and_then(Result::ok).and_then(|page| page.events.into_iter().next());
        for participant in participants {
            let attempts = participant.attempts;
            let by = first.as_ref().and_then(|first| {
                let (event_type, tags) = (first.event.event_type.as_str(), &first.event.tags);
                let mut selecting = participant.case.boundary().selecting(event_type, tags);
                let guards = selecting.find(|reading| reading.guards())?;
                Some((guards.identity().to_string().into(), first.position))
            });
            participant.case.give_back(match by {
                Some((view, position)) => Cause::Overtaken { attempts, view, position },
                None => Cause::Contended { attempts },
            });
        }
    }

    /// Those behind the first `decided` were not given to the journal.
    pub(super) fn failed(
        &mut self,
        decided: usize,
        concerned: &Concerned,
        error: AppendError,
    ) -> Tried {
        let Failure { unknown, cause } = Failure::of(error, self.shared());
        let may_be_written = unknown.is_some();
        let shared = self.shared();
        if let Some(left_out) = shared.failed_appends.line(shared.environment.clock.elapsed()) {
            let cause = ErrorReport::of(&cause);
            tracing::error!(%cause, may_be_written, left_out, "the append of decisions failed");
        }
        self.views.discard();
        if let Some(unknown) = unknown {
            self.scheduler.tell_perhaps(concerned);
            let behind: Participants = self.participants.drain(decided..).collect();
            // Who repeats what may be in the journal is told as much.
            let repeats = |participant: &&Participant| {
                place_of(participant.case.key(), &self.participants).is_some()
            };
            let repeating = behind.iter().filter(repeats);
            let told = self.participants.iter().chain(repeating);
            told.for_each(|participant| participant.case.unknown(unknown.clone()));
            self.participants = behind;
        }
        self.give_back(&cause);
        self.shared().append_failed();
        Tried::Done
    }

    /// Who was answered with what is in the journal need not wait for what is not there yet, nor share
    /// its fate. Returns how many are left of the first `decided`.
    pub(super) fn release_repetitions(&mut self, decided: usize) -> usize {
        let before = self.participants.len();
        self.participants.retain(|participant| match participant.place {
            AnswerAt::At(position) => {
                participant.case.release(position);
                false
            }
            AnswerAt::Upto(_) => true,
        });
        decided - (before - self.participants.len())
    }

    /// Tells the first `decided` their verdicts. Those behind them are decided on what is there now.
    pub(super) fn release(
        &mut self,
        decided: usize,
        position: impl Fn(usize) -> Position,
    ) -> Tried {
        for participant in self.participants.drain(..decided) {
            participant.case.release(match participant.place {
                AnswerAt::Upto(upto) => position(upto),
                AnswerAt::At(position) => position,
            });
        }
        if self.participants.is_empty() {
            return Tried::Done;
        }
        // As in a turn of their own: what the views are ahead with has its position now.
        self.scheduler.kept.keep(std::mem::take(&mut self.views));
        self.begin().map_or_else(Tried::Broken, |()| Tried::Again)
    }
}

/// Where the one stands that was decided in this turn with the same key.
pub(super) fn place_of(key: Option<&Text>, before: &[Participant]) -> Option<AnswerAt> {
    let mut before = before.iter().rev();
    before
        .find(|participant| participant.remembered && participant.case.key() == key)
        .map(|participant| participant.place)
}
