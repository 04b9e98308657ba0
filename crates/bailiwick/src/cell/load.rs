//! Loading: an aggregate is what folding its part of the journal gives, and nothing else.

use bailiwick_core::journal::{Answer, Read, RecordedDeadline};
use bailiwick_core::{Aggregate, Position, Timestamp};

use super::Cell;
use super::encode::Tools;
use super::folding::{Folding, deadline_of};
use super::inbox::Inbox;
use super::life::{Again, Base, Fault, Folded, Known, Life, Live, Loading, Mend};
use super::reading::Reading;
use crate::context::RuntimeContext;
use crate::error::{LoadError, Unloadable};
use crate::journal::port::{Guarded, unread};
use crate::recovery::Changed;
use crate::util::backoff::Backoff;

impl<A: Aggregate> Cell<A> {
    /// Begins to fold the journal: what is new, or everything. `times`: how often it was found unloadable.
    pub(super) fn load(
        &self,
        tools: &Tools<A>,
        known: Option<Box<Known<A>>>,
        times: u8,
    ) -> Life<A> {
        self.loading(self.fold(tools, known), Again::default(), times)
    }

    /// Everything decided has settled, and the state is not fit for more.
    pub(super) fn mend(&self, mut live: Live<A>, tools: &Tools<A>) -> Life<A> {
        self.leave_index_called(&mut live);
        let Live { mut known, mut mend, mut again, base, .. } = live;
        if let Some(Base { before, version, seen }) = base {
            known.undo(*before);
            (known.version, known.seen, mend) = (version, seen, Mend::ReadOn);
        }
        // Whatever position their callers know of, this reading comes to it.
        again.entries.iter_mut().for_each(|entry| entry.reread = true);
        let known = (mend != Mend::FoldAnew).then_some(known);
        self.loading(self.fold(tools, known), again, 0)
    }

    /// Nothing is read before it is polled.
    fn loading(&self, fold: Guarded<Folded<A>, LoadError>, again: Again<A>, times: u8) -> Life<A> {
        let began_closed = self.kind.shared.journal_closed().is_some();
        Life::Loading(Box::new(Loading { fold, again, times, began_closed }))
    }

    /// The same, once somebody wants something of it.
    pub(super) fn mend_later(&self, mut live: Live<A>) -> Life<A> {
        self.leave_index_called(&mut live);
        match live.mend {
            Mend::FoldAnew => Life::Unloaded,
            Mend::Nothing | Mend::ReadOn => Life::Behind(live.known),
        }
    }

    /// This runtime wrote what the aggregate reads, by somebody else, or what it rests on was read
    /// while the journal was closed: that is read before anything else is decided. What is under way
    /// comes to its end first, if need be by a conflict.
    pub(super) fn catch_up(
        &self,
        inbox: &mut Inbox<A>,
        life: Life<A>,
        (is_sure, may_begin): (bool, bool),
        tools: &Tools<A>,
    ) -> Life<A> {
        let upto = inbox.overtaken;
        let is_behind = |known: &Known<A>| known.seen < upto || (known.unsure && !is_sure);
        match life {
            Life::Quiet(mut known) if is_behind(&known) => {
                self.leave_index(&mut known);
                if may_begin { self.load(tools, Some(known), 0) } else { Life::Behind(known) }
            }
            Life::Live(mut live) if is_behind(&live.known) => {
                live.read_on();
                Life::Live(live)
            }
            // Nobody knows yet how far the journal will have been read.
            life @ (Life::Loading(_) | Life::Unloaded | Life::Behind(_)) => life,
            life => {
                if let Life::Faulted(fault) = &life {
                    // It may have another deadline now: that is known when it could be loaded.
                    let RuntimeContext { time, .. } = &*self.kind.shared;
                    let at = time.now() + fault.until.since(time.moment());
                    self.kind.deadlines.arm_stored(&self.id, at);
                }
                inbox.overtaken = Position::START;
                life
            }
        }
    }

    /// Folds what is new, or everything.
    fn fold(
        &self,
        Tools { scope, journal, .. }: &Tools<A>,
        known: Option<Box<Known<A>>>,
    ) -> Guarded<Folded<A>, LoadError> {
        let (shared, journal) = (self.kind.shared.clone(), journal.clone());
        let mut read = shared.config.paged(Read::new(scope.boundary.clone()));
        let own = scope.tags.as_slice()[0].clone();
        let mut folding = Folding::<A>::of(self.id.clone(), own);
        if let Some(known) = known {
            read.after = known.seen;
            folding.folded = Some((known.state, known.version));
            folding.answers = known.answers;
            folding.unsaved = known.unsaved;
        }
        let begins = folding.folded.is_none();
        let reading = Reading { shared, journal, read, page: None };
        let snapshot = if begins { self.snapshot() } else { None };
        let fold = async move {
            if let Some(snapshot) = snapshot {
                let anew = Folding::of(folding.id.clone(), folding.own.clone());
                if let Some(folded) = snapshot.gone_on_from::<A>(&reading, anew).await? {
                    return Ok(folded);
                }
            }
            let seen = reading.fold_into(&mut folding).await?;
            folding.into_folded(seen)
        };
        Guarded::new(|| Answer::later(fold), |error| LoadError::Unread(unread(error)))
    }

    pub(super) fn loaded(&self, folded: Folded<A>, loading: Loading<A>) -> Life<A> {
        let Loading { again, times, began_closed, .. } = loading;
        let deadline = match deadline_of(&folded) {
            Ok(deadline) => deadline,
            Err(message) => {
                let problem = format!("leaves a state whose deadline panics: {message}");
                let unloadable = Unloadable::panicked(folded.version, problem);
                return self.faulted(LoadError::Unloadable(unloadable), again, times);
            }
        };
        self.compare(folded.recorded, deadline);
        let Folded { state, answers, version, seen, unsaved, .. } = folded;
        let mut live = Live::of(Box::new(Known {
            state,
            answers,
            deadline,
            armed: None,
            slot: self.kind.deadlines.claim(&self.id),
            version,
            seen,
            // Also if it was opened meanwhile: what was read may have been read before.
            unsure: began_closed || self.kind.shared.journal_closed().is_some(),
            unsaved,
        }));
        live.again = again;
        // What the index has may be from before; unless it was tried in vain, and calls again later.
        live.rearm = !self.was_tried(&live.known);
        if live.rearm {
            self.arm(&mut live);
        }
        Life::Live(Box::new(live))
    }

    /// Whether its deadline is the one that was recorded by the same version of the rule.
    fn compare(&self, recorded: Option<RecordedDeadline>, now: Option<Timestamp>) {
        let same_rule = recorded.filter(|known| known.version() == A::DEADLINE_VERSION);
        if let Some(recorded) = same_rule.map(RecordedDeadline::at)
            && recorded != now
        {
            self.kind.deadline_changed(&Changed { id: self.id.to_string(), recorded, now });
        }
    }

    /// As [`leave_index`](Self::leave_index), while the index may have called: unless that is stuck, or failed
    /// and was put off, it calls again at once, or once the journal is open.
    fn leave_index_called(&self, live: &mut Live<A>) {
        let is_closed = self.kind.shared.journal_closed().is_some();
        if (live.rearm || is_closed) && live.again.stuck.is_none() {
            self.call_again(&live.known);
        }
        self.leave_index(&mut live.known);
    }

    /// What is known is thrown away: the entry of the deadline index stays until it is known again.
    pub(super) fn leave_index(&self, known: &mut Known<A>) {
        self.kind.deadlines.leave(known.slot.take());
    }

    /// It cannot be loaded: everybody who waits for it is told.
    /// `times`: how often it was found unloadable before.
    pub(super) fn faulted(&self, error: LoadError, again: Again<A>, times: u8) -> Life<A> {
        let elapsed = self.kind.shared.environment.clock.elapsed();
        if let Some(left_out) = self.kind.shared.failed_loads.line(elapsed) {
            self.named().failed_load(&error, left_out);
        }
        let config = &self.kind.shared.config;
        let backoff = Backoff::new(config.reload_backoff, config.reload_backoff_max);
        let (again_in, times) = match error {
            // To ask again costs a read that fails, and the fault is not the aggregate's.
            LoadError::Unread(_) => (backoff.after(0), times),
            LoadError::Unloadable(_) => (backoff.after(times), times.saturating_add(1)),
        };
        again.entries.into_iter().for_each(|entry| entry.give_back(error.cause(again_in)));
        again.readers.into_iter().for_each(|reader| reader.fail(error.read_error(again_in)));
        let until = self.kind.shared.time.moment() + again_in;
        // The deadline index, if it called, calls again: its entry has moved on, not away.
        Life::Faulted(Box::new(Fault { error, until, times }))
    }
}
