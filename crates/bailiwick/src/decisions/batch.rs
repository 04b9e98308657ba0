//! A batch: those who decide one after the other on the same views, and append as one.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{
    AppendCondition, AppendError, EncodedEvent, Journal, JournalReadError,
};
use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::views::Folded;
use bailiwick_core::{FoldError, Position, Tag};

use super::request::Decided;
use super::scheduler::Scheduler;
use super::settle::place_of;
use super::turn::{AnswerAt, Participant, Participants};
use crate::context::{RuntimeContext, Stage};
use crate::delivery::{once_delivered, unless_delivered};
use crate::error::{Cause, caught};
use crate::journal::port::{self, or_closed};
use crate::request::state::RequestState;
use crate::snapshots;
use crate::util::pace::Pace;

pub(super) struct DecisionBatch<'a> {
    pub(super) scheduler: &'a Arc<Scheduler>,
    pub(super) journal: &'a dyn Journal,
    pub(super) participants: Participants,
    pub(super) views: Folded,
    /// The journal was read for these views.
    pub(super) has_read: bool,
}

/// What came of an attempt.
pub(super) enum Tried {
    /// Everybody has an outcome.
    Done,
    /// Others were faster, or one of the batch had to leave.
    Again,
    /// The views are garbage, and nobody knows by whose fault: each is tried apart.
    Broken(Cause),
    /// Nobody can be served.
    Failed(Cause),
    /// The runtime is closed.
    Closed,
}

impl<'a> DecisionBatch<'a> {
    pub(super) fn new(
        scheduler: &'a Arc<Scheduler>,
        journal: &'a dyn Journal,
        participants: Participants,
    ) -> Self {
        let views = Folded::default();
        DecisionBatch { scheduler, journal, participants, views, has_read: false }
    }

    /// Returns those who are to be tried apart.
    pub(super) async fn run(mut self) -> Participants {
        if let Err(cause) = self.begin() {
            return self.apart(&cause);
        }
        loop {
            let tried = match self.catch_up().await {
                Ok(level) => self.attempt(level).await,
                Err(tried) => tried,
            };
            match tried {
                Tried::Again if !self.participants.is_empty() => {}
                Tried::Done | Tried::Again => {
                    self.scheduler.kept.keep(self.views);
                    return Participants::new();
                }
                Tried::Broken(cause) => return self.apart(&cause),
                Tried::Failed(cause) => {
                    self.give_back(&cause);
                    return Participants::new();
                }
                Tried::Closed => return Participants::new(),
            }
        }
    }

    pub(super) fn shared(&self) -> &'a RuntimeContext {
        self.scheduler.shared()
    }

    /// Gets the views, those that were kept and new ones.
    pub(super) fn begin(&mut self) -> Result<(), Cause> {
        let (views, participants, kept) =
            (&mut self.views, &self.participants, &self.scheduler.kept);
        self.has_read = false;
        guarded(|| {
            for participant in participants {
                let boundary = participant.case.boundary();
                let mut taken = kept.take(boundary);
                views.add(boundary, |view| {
                    let at = taken.iter().position(|slot| slot.identity() == view)?;
                    Some(taken.swap_remove(at))
                });
            }
            Ok(())
        })
    }

    /// Brings the views to the end of the journal: whoever decides sees what was there when it was
    /// its turn, whoever wrote it.
    async fn catch_up(&mut self) -> Result<Position, Tried> {
        let shared = self.scheduler.shared();
        let mut pace = Pace::default();
        let journal = self.journal;
        let read = |read| async move { or_closed(shared, port::read(journal, read)).await?.ok() };
        let of = (SnapshotOf::View, None);
        let revived = snapshots::revive(shared, &mut self.views, of, read).await;
        revived.map_err(|differs| Tried::Failed(Cause::Unloadable(differs.into())))?;
        let lasts: Vec<_> = self.views.lasts().collect();
        for (view, query) in lasts {
            let last = or_closed(shared, port::last(journal, query)).await;
            let last = last.ok_or(Tried::Closed)?.map_err(unread)?;
            guarded(|| self.views.found(&view, last.event.as_ref(), last.upto))
                .map_err(Tried::Broken)?;
            self.has_read = true;
        }
        loop {
            if let Some(level) = self.views.level() {
                let views = self
                    .participants
                    .iter()
                    .map(|participant| participant.case.boundary().reading().len());
                if self.has_read || views.sum::<usize>() == 0 {
                    return Ok(level);
                }
                // All were kept: what is new?
                self.views.behind();
            }
            let read = shared.config.paged(self.views.next_read());
            let page = or_closed(shared, port::read(journal, read)).await;
            let page = page.ok_or(Tried::Closed)?.map_err(unread)?;
            self.has_read = true;
            shared.time.not_before_any(&page.events);
            let mut page = Some(page);
            while let Some((part, gives_way)) = pace.part_of(&mut page) {
                guarded(|| self.views.take(&part)).map_err(Tried::Broken)?;
                gives_way.now().await;
            }
        }
    }

    async fn attempt(&mut self, level: Position) -> Tried {
        let shared = self.shared();
        let mut events = Vec::new();
        let timings = &self.scheduler.timings;
        let begun = timings.begin(shared);
        let decided = self.decide(&mut events);
        timings.judged(begun, shared);
        let decided = match decided {
            Ok(decided) => decided,
            Err((culprit, cause)) => {
                // What it emitted cannot be folded: the others go on without it.
                self.participants.remove(culprit).case.give_back(cause);
                self.views.discard();
                self.scheduler.kept.keep(std::mem::take(&mut self.views));
                return self.begin().map_or_else(Tried::Broken, |()| Tried::Again);
            }
        };
        let decided = self.release_repetitions(decided);
        if events.is_empty() {
            return self.release(decided, |_| level);
        }
        // Who has its outcome by now has none of this appended.
        let submit = |with: &Participant| {
            with.case.request().change(RequestState::Claimed, RequestState::Submitted)
        };
        if shared.stage() == Stage::Closed || !self.participants[..decided].iter().all(submit) {
            return Tried::Closed;
        }
        let condition = self.views.condition(level);
        let condition = self.unless_delivered(condition);
        #[cfg(feature = "fault-injection")]
        let condition = crate::sabotage::unguarded(shared, condition);
        let concerned = self.scheduler.concerned_by(&mut events, &self.views);
        let begun = timings.begin(shared);
        let appended = or_closed(shared, port::append(self.journal, events, condition)).await;
        timings.appended(begun, shared);
        match appended {
            None => Tried::Closed,
            Some(Ok(appended)) => self.committed(decided, level, &concerned, appended),
            Some(Err(AppendError::Conflict { at })) => self.conflicted(level, at).await,
            Some(Err(error)) => self.failed(decided, &concerned, error),
        }
    }

    /// The same, and what is a delivery was not done before.
    fn unless_delivered(&self, condition: Option<AppendCondition>) -> Option<AppendCondition> {
        let caused = self
            .participants
            .iter()
            .filter_map(|participant| participant.case.request().delivering()?.tag_of_cause());
        let deliveries: Vec<Tag> = caused.collect();
        #[cfg(feature = "fault-injection")]
        let deliveries = crate::sabotage::guarded(self.shared(), deliveries);
        match condition {
            Some(condition) => Some(unless_delivered(condition, &deliveries)),
            None => once_delivered(&deliveries).map(AppendCondition::new),
        }
    }

    /// Each decides on what the ones before it emitted. What it emits is folded before it is
    /// appended, or what no view can read would stand in the journal. Fails with whose that is.
    ///
    /// Returns how many were decided: those behind them have no room in this append, and are decided
    /// for the next.
    fn decide(&mut self, events: &mut Vec<EncodedEvent>) -> Result<usize, (usize, Cause)> {
        let (mut bytes, most) = (0, self.shared().batch_bytes());
        let now = self.shared().now();
        let closed = self.shared().journal_closed().map(|fault| self.shared().closed_by(fault));
        for nth in 0..self.participants.len() {
            let (before, rest) = self.participants.split_at_mut(nth);
            let participant = &mut rest[0];
            let ahead = events.len();
            participant.attempts += 1;
            if is_on_its_way(participant, before) {
                // The same delivery, sent before: the journal does not compare what comes at once.
                participant.case.give_back(Cause::Contended { attempts: 1 });
                continue;
            }
            let decided = participant.case.decide(&self.views, now, events);
            if let Some(cause) = closed.as_ref().filter(|_| events.len() > ahead) {
                // Before anything is folded ahead: so nothing has to be undone.
                events.truncate(ahead);
                participant.case.give_back(cause.clone());
                continue;
            }
            let more: usize = events[ahead..].iter().map(EncodedEvent::counted_bytes).sum();
            if bytes > 0 && more > 0 && bytes + more > most {
                events.truncate(ahead);
                participant.attempts -= 1;
                return Ok(nth);
            }
            bytes += more;
            let mut new = events[ahead..].iter();
            guarded(|| new.try_for_each(|event| self.views.fold_ahead(event)))
                .map_err(|cause| (nth, cause))?;
            participant.remembered = matches!(decided, Decided::Remembered);
            participant.place = match decided {
                Decided::Anew | Decided::Remembered => AnswerAt::Upto(events.len()),
                Decided::Repeated(Some(position)) => AnswerAt::At(position),
                Decided::Repeated(None) => {
                    place_of(participant.case.key(), before).unwrap_or(AnswerAt::Upto(0))
                }
            };
        }
        Ok(self.participants.len())
    }

    pub(super) fn give_back(&self, cause: &Cause) {
        self.participants.iter().for_each(|participant| participant.case.give_back(cause.clone()));
    }

    /// Its views are garbage: by itself each finds out whether it was its fault.
    fn apart(self, cause: &Cause) -> Participants {
        if self.participants.len() > 1 {
            return self.participants;
        }
        self.give_back(cause);
        Participants::new()
    }
}

/// Whether it is a delivery that one of these is as well.
fn is_on_its_way(participant: &Participant, before: &[Participant]) -> bool {
    let delivering = participant.case.request().delivering();
    let Some(delivering) = delivering.filter(|delivering| delivering.unsure) else { return false };
    let mut others = before.iter().filter_map(|other| other.case.request().delivering());
    others.any(|other| other.tag == delivering.tag)
}

/// Runs the code of views, which is the domain's.
fn guarded(code: impl FnOnce() -> Result<(), FoldError>) -> Result<(), Cause> {
    match caught(code) {
        Ok(result) => result.map_err(|error| Cause::Fold(Arc::new(error))),
        Err(message) => {
            tracing::error!(%message, "a view panicked");
            Err(Cause::Panicked { message })
        }
    }
}

/// The next turn tries again.
fn unread(source: JournalReadError) -> Tried {
    Tried::Failed(Cause::Unread { source, again_in: Duration::ZERO })
}
