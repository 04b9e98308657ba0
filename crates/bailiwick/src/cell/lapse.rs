//! Lapsing: callers whose time is up are told so. A command that has not had its turn yet never
//! will; one that has is run to its end, and only its caller stops waiting.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::Aggregate;

use super::desk::Desk;
use super::life::Life;
use super::{Cell, Core};
use crate::entry::{Entries, Entry};
use crate::envelope::Envelope;
use crate::error::{Cause, ReadError};
use crate::glance::Reader;
use crate::patience::{self, Lapse};

#[cfg(test)]
mod tests;

/// When a cell is looked at again whose turn is running just now: what waits for its append is out
/// of sight until the turn ends.
const AGAIN: Duration = Duration::from_millis(5);

/// Callers whose time is up, and when to look again.
struct Lapsed<A: Aggregate> {
    now: Duration,
    /// They leave the mailbox or the door.
    entries: Vec<Entry<A>>,
    /// They stay where they are.
    commands: Vec<Arc<dyn Envelope<A>>>,
    /// They are taken out.
    reads: Vec<Reader<A>>,
    /// It queued for a permit, with all that waits for its turn.
    queued: bool,
    next: Option<Duration>,
}

impl<A: Aggregate> Cell<A> {
    /// Sees to it that a caller who waits until `until` is told in time.
    pub(super) fn be_patient(self: &Arc<Self>, desk: &mut Desk<A>, until: Duration) {
        if desk.patience.is_none_or(|(at, _)| until < at) {
            let earlier = self.kind.patience.entry(until);
            self.kind.patience.insert(earlier, self.clone());
            if let Some(later) = desk.patience.replace(earlier) {
                self.kind.patience.remove(later);
            }
        }
    }
}

impl<A: Aggregate> Lapse for Cell<A> {
    fn lapse(self: Arc<Self>, entry: patience::Entry, now: Duration) {
        let mut core = self.core.lock();
        let Some(desk) = core.desk.as_mut().filter(|desk| desk.patience == Some(entry)) else {
            return;
        };
        desk.patience = None;
        let mut lapsed = Lapsed::at(now);
        lapsed.queued = desk.ticket.is_some();
        lapsed.leave(desk);
        lapsed.stay(&core);
        lapsed.take_reads(&mut core);
        let gone = self.let_in(&mut core);
        if let Some(next) = lapsed.next
            && let Some(desk) = &mut core.desk
        {
            self.be_patient(desk, next);
        }
        // The lock first: callers that are told may do anything.
        self.withdrawn(core);
        gone.into_iter().for_each(Entry::forget);
        let most = self.kind.shared.config.waiting_aggregates;
        let (cause, error) = match lapsed.queued {
            true => (Cause::Overloaded { most }, ReadError::Overloaded { most }),
            false => (Cause::TimedOut, ReadError::TimedOut),
        };
        lapsed.entries.into_iter().for_each(|entry| entry.time_out(cause.clone()));
        lapsed.commands.iter().for_each(|envelope| envelope.time_out(Cause::TimedOut));
        lapsed.reads.into_iter().for_each(|read| read.fail(error.clone()));
    }
}

impl<A: Aggregate> Lapsed<A> {
    fn at(now: Duration) -> Self {
        Lapsed {
            now,
            entries: Vec::new(),
            commands: Vec::new(),
            reads: Vec::new(),
            queued: false,
            next: None,
        }
    }

    /// Whether the time is up; if not, it is looked at again.
    fn is_up(&mut self, until: Duration) -> bool {
        if until > self.now {
            self.next = Some(self.next.map_or(until, |next| next.min(until)));
        }
        until <= self.now
    }

    /// What waits for its turn.
    fn leave(&mut self, desk: &mut Desk<A>) {
        let is_up = |entry: &Entry<A>| entry.envelope().until() <= self.now;
        if desk.mailbox.iter().any(is_up) {
            let (up, waiting): (Entries<A>, _) = desk.mailbox.drain(..).partition(is_up);
            desk.mailbox = waiting;
            self.entries.extend(up);
        }
        if desk.door.iter().any(is_up) {
            let (up, waiting): (VecDeque<_>, _) = desk.door.drain(..).partition(is_up);
            desk.door = waiting;
            self.entries.extend(up);
        }
        for entry in desk.mailbox.iter().chain(&desk.door) {
            self.is_up(entry.envelope().until());
        }
        for envelope in &desk.in_turn {
            if self.is_up(envelope.until()) {
                self.commands.push(envelope.clone());
            }
        }
    }

    /// What has had its turn and is not answered yet, as far as it can be seen.
    fn stay(&mut self, core: &Core<A>) {
        match &core.life {
            Life::Live(live) => {
                if let Some(running) = &live.running {
                    self.look_at(&running.entries);
                }
                self.look_at(&live.forming.entries);
                self.look_at(&live.again.entries);
            }
            Life::Loading(loading) => self.look_at(&loading.again.entries),
            Life::Out => {
                let soon = self.now + AGAIN;
                self.next = Some(self.next.map_or(soon, |next| next.min(soon)));
            }
            Life::Unloaded | Life::Quiet(_) | Life::Behind(_) | Life::Faulted(_) => {}
        }
    }

    fn look_at(&mut self, entries: &[Entry<A>]) {
        for entry in entries {
            if self.is_up(entry.envelope().until()) {
                self.commands.push(entry.share());
            }
        }
    }

    /// Reads wherever they wait, as far as they can be seen.
    fn take_reads(&mut self, core: &mut Core<A>) {
        let (now, mut next) = (self.now, self.next);
        self.reads = core.take_reads(|read| read.until() <= now);
        core.each_read(|read| {
            next = Some(next.map_or(read.until(), |next| next.min(read.until())));
        });
        self.next = next;
    }
}
