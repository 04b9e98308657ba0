//! A batch: those who decide one after the other on the same views, and append as one.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::journal::{
    AppendCondition, AppendError, Appended, EncodedEvent, Journal, JournalReadError, Query, Read,
};
use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::views::Folded;
use bailiwick_core::{ErrorReport, FoldError, Position, Tag, Text};

use super::open_journal::OpenJournal;
use super::request::Decided;
use super::scheduler::Scheduler;
use super::turn::{AnswerAt, Participant, Participants};
use crate::context::{RuntimeContext, Stage};
use crate::delivery::{once_delivered, unless_delivered};
use crate::error::{Cause, caught};
use crate::journal::port::Failure;
use crate::registry::news::Concerned;
use crate::snapshots;
use crate::util::pace::Pace;

pub(super) struct DecisionBatch<'a> {
    scheduler: &'a Arc<Scheduler>,
    port: OpenJournal<'a>,
    participants: Participants,
    views: Folded,
    /// The journal was read for these views.
    has_read: bool,
}

/// What came of an attempt.
enum Tried {
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
        let port = OpenJournal { shared: scheduler.shared(), journal };
        DecisionBatch { scheduler, port, participants, views: Folded::default(), has_read: false }
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

    fn shared(&self) -> &'a RuntimeContext {
        self.scheduler.shared()
    }

    /// Gets the views, those that were kept and new ones.
    fn begin(&mut self) -> Result<(), Cause> {
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
        let port = self.port;
        let read = |read| async move { port.read(read).await?.ok() };
        let of = (SnapshotOf::View, None);
        let revived = snapshots::revive(shared, &mut self.views, of, read).await;
        revived.map_err(|differs| Tried::Failed(Cause::Unloadable(differs.into())))?;
        let lasts: Vec<_> = self.views.lasts().collect();
        for (view, query) in lasts {
            let last = self.port.last(query).await.ok_or(Tried::Closed)?;
            let last = last.map_err(unread)?;
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
            let page = self.port.read(read).await.ok_or(Tried::Closed)?;
            let page = page.map_err(unread)?;
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
        let mut together = self.participants[..decided].iter();
        if shared.stage() == Stage::Closed || !together.all(|participant| participant.case.submit())
        {
            return Tried::Closed;
        }
        let condition = self.views.condition(level);
        let condition = self.unless_delivered(condition);
        #[cfg(feature = "fault-injection")]
        let condition = crate::sabotage::unguarded(shared, condition);
        let concerned = self.scheduler.concerned_by(&mut events, &self.views);
        let begun = timings.begin(shared);
        let appended = self.port.append(events, condition).await;
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
            .filter_map(|participant| participant.case.delivering()?.tag_of_cause());
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
            fold_ahead(&mut self.views, &events[ahead..]).map_err(|cause| (nth, cause))?;
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

    /// What the first `decided` emitted is durable: the gate opens, once the aggregates of this runtime
    /// know of it.
    fn committed(
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
    async fn conflicted(&mut self, level: Position, at: Position) -> Tried {
        self.scheduler.counters().here().conflicts.one();
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
                participant.attempts >= limit || participant.case.delivering().is_some()
            });
        again.iter().for_each(|participant| participant.case.take_back());
        self.participants = again;
        if !contended.is_empty() {
            give_up(self.port, contended, guard, level).await;
        }
        Tried::Again
    }

    /// Those behind the first `decided` were not given to the journal.
    fn failed(&mut self, decided: usize, concerned: &Concerned, error: AppendError) -> Tried {
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
    fn release_repetitions(&mut self, decided: usize) -> usize {
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
    fn release(&mut self, decided: usize, position: impl Fn(usize) -> Position) -> Tried {
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

    fn give_back(&self, cause: &Cause) {
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

/// Others were faster too often. Says what they wrote.
async fn give_up(
    port: OpenJournal<'_>,
    participants: Participants,
    guard: Option<Query>,
    level: Position,
) {
    let read = guard.map(|guard| Read::new(guard).after(level).limit(1.try_into().expect("one")));
    let page = match read {
        Some(read) => port.read(read).await.and_then(Result::ok),
        None => None,
    };
    let first = page.as_ref().and_then(|page| page.events.first());
    for participant in participants {
        let attempts = participant.attempts;
        let by = first.and_then(|first| {
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

/// Where the one stands that was decided in this turn with the same key.
fn place_of(key: Option<&Text>, before: &[Participant]) -> Option<AnswerAt> {
    let mut before = before.iter().rev();
    before
        .find(|participant| participant.remembered && participant.case.key() == key)
        .map(|participant| participant.place)
}

/// Whether it is a delivery that one of these is as well.
fn is_on_its_way(participant: &Participant, before: &[Participant]) -> bool {
    let Some(delivering) = participant.case.delivering().filter(|delivering| delivering.unsure)
    else {
        return false;
    };
    let mut others = before.iter().filter_map(|other| other.case.delivering());
    others.any(|other| other.tag == delivering.tag)
}

fn fold_ahead(views: &mut Folded, events: &[EncodedEvent]) -> Result<(), Cause> {
    guarded(|| events.iter().try_for_each(|event| views.fold_ahead(event)))
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
