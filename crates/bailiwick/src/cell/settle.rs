//! Settling: an append came to its end, and the gate opens, or what rested on it is undone.
//!
//! Nothing leaves before what it rests on is durable: replies, rejections, and what a read saw.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bailiwick_core::journal::{AppendError, Appended};
use bailiwick_core::{Aggregate, Position, Text};

use super::Cell;
use super::batch::Batch;
use super::life::{Again, Base, Before, Known, Live, Mend, Running};
use crate::error::{Cause, Unknown};
use crate::journal::port::Failure;
use crate::request::entry::{Entries, Entry, EventAt};
use crate::request::read::Reader;

/// What becomes of the cell after an append has ended.
pub(super) enum Settled {
    /// It goes on, perhaps on a state that is to be [mended](Live::mend) first.
    Live,
    /// The same; the journal failed.
    Failed,
}

impl<A: Aggregate> Cell<A> {
    /// Polls the append in flight.
    pub(super) fn poll_append(&self, live: &mut Live<A>, cx: &mut Context<'_>) -> Poll<Settled> {
        let Some(running) = &mut live.running else {
            return Poll::Ready(Settled::Live);
        };
        let Poll::Ready(result) = Pin::new(&mut running.append).poll(cx) else {
            return Poll::Pending;
        };
        let Some(running) = live.running.take() else {
            return Poll::Ready(Settled::Live);
        };
        self.kind.timings.appended(running.begun, &self.kind.shared);
        Poll::Ready(match result {
            Ok(appended) => {
                self.committed(live, running, appended);
                Settled::Live
            }
            Err(AppendError::Conflict { at }) => self.conflicted(live, running, at),
            Err(error) => self.failed(live, running, error),
        })
    }

    /// The batch is durable: the gate opens, once the others whom it concerns know of it.
    fn committed(&self, live: &mut Live<A>, running: Running<A>, appended: Appended) {
        self.kind.tell(&running.concerned, appended.first);
        let durable = |place: EventAt| place.committed(appended.first);
        live.known.move_answers(&running.keys, durable);
        if !running.keys.is_empty() {
            release_repetitions(&mut live.forming, durable);
        }
        let before = live.known.version;
        let position_of = |events_upto: u32| match events_upto {
            0 => before,
            n => appended.first.plus(u64::from(n) - 1),
        };
        for mut entry in running.entries {
            entry.repeats = entry.repeats.map(durable);
            let position = position_of(entry.events_upto);
            entry.release(position);
        }
        if live.mend == Mend::FoldAnew
            && let Some(before) = running.before
        {
            live.base = Some(Base { before, version: live.known.version, seen: live.known.seen });
        }
        live.known.advance(appended);
        live.unstuck = None;
        if A::SNAPSHOTS.is_some() {
            self.keep_snapshot_before(live);
        }
        for reader in running.readers {
            let position = position_of(reader.events_upto);
            reader.release(position);
        }
    }

    /// Somebody else wrote to the boundary: what was decided on the old state is decided again, in
    /// its original order, on the rebuilt one.
    fn conflicted(&self, live: &mut Live<A>, running: Running<A>, at: Position) -> Settled {
        self.kind.counters.here().conflicts.one();
        self.named().conflict(at);
        let Running { entries, readers, keys, before, .. } = running;
        let mut again = live.again_with(entries, readers);
        #[cfg(feature = "fault-injection")]
        let before =
            before.filter(|_| !self.kind.shared.sabotaged(crate::sabotage::Sabotage::NoRebuild));
        live.undo(before, &keys);
        again.take_forming(live);
        let limit = self.kind.shared.config.attempts;
        let (contended, entries): (Entries<A>, Entries<A>) =
            again.entries.into_iter().partition(|entry: &Entry<A>| {
                // A delivery may be done already: its policy looks.
                entry.attempts >= limit || entry.is_delivery()
            });
        again.entries = entries;
        for entry in contended {
            let attempts = entry.attempts;
            entry.give_back(Cause::Contended { attempts });
        }
        for entry in &mut again.entries {
            entry.submitted = false;
            entry.repeats = None;
        }
        #[cfg(feature = "fault-injection")]
        if self.kind.shared.sabotaged(crate::sabotage::Sabotage::NoRebuild) {
            live.known.seen = at;
            live.mend = Mend::Nothing;
        }
        // A deadline that the lost batch had decided is still due, and nothing is wrong with it; but for one that
        // is stuck, which was put off for what it did.
        if again.stuck.is_none() {
            self.call_again(&live.known);
        }
        live.again = again;
        Settled::Live
    }

    /// The append failed, and not by a conflict: those it was for are told what is certain.
    fn failed(&self, live: &mut Live<A>, running: Running<A>, error: AppendError) -> Settled {
        let Running { entries, readers, keys, before, concerned, .. } = running;
        let Failure { unknown, cause } = Failure::of(error, &self.kind.shared);
        let may_be_written = unknown.is_some();
        let shared = &self.kind.shared;
        if let Some(left_out) = shared.failed_appends.line(shared.environment.clock.elapsed()) {
            self.named().failed_append(&cause, may_be_written, left_out);
        }
        // First: who is told, and asks again at once, comes back at once.
        shared.append_failed();
        if may_be_written {
            self.kind.tell_perhaps(&concerned);
        }
        for entry in entries {
            match &unknown {
                Some(unknown) => entry.unknown(unknown.clone()),
                None => entry.give_back(cause.clone()),
            }
        }
        live.find_repetitions();
        let mut again = live.again_with(Entries::new(), readers);
        #[cfg(feature = "fault-injection")]
        if shared.sabotaged(crate::sabotage::Sabotage::SpeculationKept) {
            again.take_forming(live);
            again.give_back(unknown.as_ref(), &cause);
            live.again = again;
            return Settled::Live;
        }
        // Before the state is undone: a deadline that the lost batch had decided is still due.
        self.put_off(live);
        live.undo(before, &keys);
        again.take_forming(live);
        again.give_back(unknown.as_ref(), &cause);
        // Reads run again on what the journal really holds.
        live.again = again;
        Settled::Failed
    }

    /// Sees to it that the deadline index calls, but not at once: what failed just now is not tried
    /// again right away. While the journal is closed nothing fires, and once it is open everything
    /// does at once.
    fn put_off(&self, live: &mut Live<A>) {
        let shared = &self.kind.shared;
        // The lost batch may have cleared the deadline that it was about.
        let has_deadline = live.known.slot.is_some() || live.known.deadline.is_some();
        if has_deadline && shared.takes_appends() {
            self.kind.deadlines.put_off(&mut live.known.slot, &self.id, shared.now());
            live.rearm = false;
        }
    }
}

impl<A: Aggregate> Live<A> {
    /// What is to be run again after an append that came to nothing: these first. A deadline that it would have moved on
    /// is stuck again.
    fn again_with(&mut self, entries: Entries<A>, readers: Vec<Reader<A>>) -> Again<A> {
        let stuck = self.again.stuck.or(self.unstuck.take());
        Again { entries, readers, stuck, called: self.again.called }
    }

    /// Who was not judged, and would repeat what was given to the journal, shares its fate, too.
    fn find_repetitions(&mut self) {
        let Some(answers) = &self.known.answers else { return };
        for entry in &mut self.again.entries {
            let once = entry.envelope().call().and_then(|call| call.once.as_ref());
            let answer = once.and_then(|once| {
                answers.get(&once.key).filter(|answer| answer.fingerprint == once.fingerprint)
            });
            entry.repeats = answer.map(|answer| answer.place);
        }
    }

    /// The batch that was being appended, whose keys these are, and the one on top of it will never
    /// be. The state is what it was before, if there is a copy; else it is to be folded anew.
    fn undo(&mut self, before: Option<Box<Before<A>>>, keys: &[Text]) {
        if let Some(answers) = &mut self.known.answers {
            answers.undo(keys.iter().chain(&self.forming.keys));
        }
        self.base = None;
        self.mend = match before {
            Some(before) => {
                self.known.undo(*before);
                Mend::ReadOn
            }
            None => Mend::FoldAnew,
        };
    }
}

/// Those who repeat what is durable now need not wait for anything else.
fn release_repetitions<A: Aggregate>(forming: &mut Batch<A>, durable: impl Fn(EventAt) -> EventAt) {
    let (told, others): (Entries<A>, Entries<A>) = forming
        .entries
        .drain(..)
        .map(|mut entry| {
            entry.repeats = entry.repeats.map(&durable);
            entry
        })
        .partition(|entry| matches!(entry.repeats, Some(EventAt::Durable(_))));
    forming.entries = others;
    // What they are released at is where the first is.
    told.into_iter().for_each(|entry| entry.release(Position::START));
}

impl<A: Aggregate> Known<A> {
    pub(super) fn move_answers(&mut self, keys: &[Text], to: impl Fn(EventAt) -> EventAt) {
        if let Some(answers) = &mut self.answers {
            keys.iter().for_each(|key| answers.moved(key, &to));
        }
    }
}

impl<A: Aggregate> Again<A> {
    /// What was decided on top of an append that failed was never submitted; but who repeats what may
    /// be in the journal is told as much.
    fn give_back(&mut self, unknown: Option<&Unknown>, cause: &Cause) {
        for entry in self.entries.drain(..) {
            match (unknown, entry.repeats) {
                (Some(unknown), Some(EventAt::Running(_))) => entry.unknown(unknown.clone()),
                _ => entry.give_back(cause.clone()),
            }
        }
    }

    fn take_forming(&mut self, live: &mut Live<A>) {
        let forming = std::mem::take(&mut live.forming);
        self.entries.extend(forming.entries);
        self.readers.extend(forming.readers);
        self.entries.append(&mut live.again.entries);
        self.readers.append(&mut live.again.readers);
    }
}
