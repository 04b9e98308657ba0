//! Time-outs: callers whose time is up are told so. A command that has not had its turn yet never
//! will; one that has is run to its end, and only its caller stops waiting.
//!
//! 1. A time-out costs what it takes to find it in a sorted list: who waits is listed there once, when one
//!    who came after the last listing is due ([`Inbox::unlisted`]), and found there from then on,
//!    wherever it is. Callers who are answered in time are not listed, if nobody's time is up, or are
//!    once, if somebody's is.
//! 2. A listing looks at those who came since the last one, and at what has had its turn, which is
//!    bounded in batches and reads.
//! 3. Who is told is taken out of the queue and the reads once that is a
//!    [16th](GONE_SHARE) of all there; so much may they count for towards its bound.
//! 4. A caller is told as soon as the task of [`crate::request::timeouts`] has its turn once its time is up. If it
//!    is not listed, and what it waits for is out for a turn of the domain's code, [`AGAIN`] after that.
//!
//! The list keeps no caller and no command alive, only their memory: it forgets who was answered when
//! that would be due, when more than half of it are, or when the cell has nothing to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bailiwick_core::Aggregate;

use super::inbox::Inbox;
use super::life::Life;
use super::{Cell, Core};
use crate::error::{Cause, ReadError};
use crate::request::Envelope;
use crate::request::entry::Entry;
use crate::request::read::{ReadRequest, Reader};
use crate::request::timeouts::{self, HasWaiters};

#[cfg(test)]
mod tests;

/// Somebody is looked at who waits, or did: tests count it.
pub(super) fn look() {
    #[cfg(test)]
    tests::LOOKS.set(tests::LOOKS.get() + 1);
}

/// When a cell is looked at again whose turn is running just now: what waits for its append is out
/// of sight until the turn ends.
const AGAIN: Duration = Duration::from_millis(5);

/// What was given up is taken out of where it waits once it is one of so many there.
pub(super) const GONE_SHARE: usize = 16;

/// So many are listed before anybody looks who of them was answered meanwhile.
const LISTED_AT_LEAST: usize = 64;

/// Callers who wait, the first time-out first.
pub(super) struct Callers<A: Aggregate> {
    /// By their time-outs, and a number that tells those of the same time apart.
    listed: BTreeMap<(Duration, u64), Who<A>>,
    /// The number of the last one.
    last: u64,
    /// How many there were when those who were answered were last taken out.
    alive: usize,
}

enum Who<A: Aggregate> {
    Command(Weak<dyn Envelope<A>>),
    Read(Weak<dyn ReadRequest<A>>),
}

/// Callers whose time is up.
struct Expired<A: Aggregate> {
    now: Duration,
    commands: Vec<Arc<dyn Envelope<A>>>,
    reads: Vec<Arc<dyn ReadRequest<A>>>,
}

impl<A: Aggregate> Cell<A> {
    /// Sees to it that a caller who waits until `until` is told in time.
    pub(super) fn expect_timeout(self: &Arc<Self>, inbox: &mut Inbox<A>, until: Duration) {
        if until < inbox.unlisted {
            inbox.unlisted = until;
            self.look_at(inbox, until);
        }
    }

    /// Sees to it that the cell is looked at then.
    fn look_at(self: &Arc<Self>, inbox: &mut Inbox<A>, at: Duration) {
        if inbox.timeout.is_none_or(|(before, _)| at < before) {
            let earlier = self.kind.timeouts.entry(at);
            self.kind.timeouts.insert(earlier, self.clone());
            if let Some(later) = inbox.timeout.replace(earlier) {
                self.kind.timeouts.remove(later);
            }
        }
    }
}

impl<A: Aggregate> HasWaiters for Cell<A> {
    fn expire(self: Arc<Self>, entry: timeouts::Entry, now: Duration) {
        let mut core = self.core.lock();
        let Some(inbox) = core.inbox.as_mut().filter(|inbox| inbox.timeout == Some(entry)) else {
            return;
        };
        inbox.timeout = None;
        let queued = inbox.ticket.is_some();
        let mut callers = inbox.callers.take().unwrap_or_default();
        let mut expired = Expired { now, commands: Vec::new(), reads: Vec::new() };
        callers.take_due(&mut expired);
        if inbox.unlisted <= now {
            callers.forget_answered();
            core.list(&mut callers, &mut expired);
        }
        let before_turn: Vec<_> = expired.commands.iter().map(|command| command.expire()).collect();
        let mut gone = Vec::new();
        if let Some(inbox) = &mut core.inbox {
            let first = callers.listed.first_key_value().map(|((until, _), _)| *until);
            let next = first.map_or(inbox.unlisted, |first| first.min(inbox.unlisted));
            if next < Duration::MAX {
                self.look_at(inbox, next);
            }
            inbox.callers = Some(callers).filter(|callers| !callers.listed.is_empty());
            inbox.queue.given_up += before_turn.iter().filter(|given_up| **given_up).count();
            expired.reads.iter().for_each(|read| read.expire());
            inbox.left_reads += expired.reads.len();
            gone = inbox.queue.take_given_up();
        }
        self.accept_waiting(&mut core);
        let reads = core.take_left_reads();
        // The lock first: callers that are told may do anything.
        self.withdrawn(core);
        gone.into_iter().for_each(Entry::forget);
        drop(reads);
        let most = self.kind.shared.config.waiting_aggregates;
        let (cause, error) = match queued {
            true => (Cause::Overloaded { most }, ReadError::Overloaded { most }),
            false => (Cause::TimedOut, ReadError::TimedOut),
        };
        for (command, given_up) in expired.commands.into_iter().zip(before_turn) {
            command.time_out(given_up.then(|| cause.clone()));
        }
        expired.reads.into_iter().for_each(|read| read.fail(error.clone()));
    }
}

impl<A: Aggregate> Core<A> {
    /// Lists who is not listed yet, as far as it can be seen.
    fn list(&mut self, callers: &mut Callers<A>, expired: &mut Expired<A>) {
        let Some(inbox) = &mut self.inbox else { return };
        // The last to come is the last in line: before one who is listed all are.
        inbox
            .queue
            .latest()
            .take_while(|entry| !entry.listed)
            .for_each(|entry| callers.command(entry, expired));
        let reads = inbox.readers.iter_mut().rev();
        reads.take_while(|read| !read.listed).for_each(|read| callers.read(read, expired));
        inbox.unlisted = Duration::MAX;
        if matches!(self.life, Life::Out) {
            let due = inbox.in_turn.iter().filter(|asked| asked.request().until <= expired.now);
            expired.commands.extend(due.cloned().inspect(|_| look()));
            inbox.unlisted = expired.now + AGAIN;
        }
        self.life.each_waiting(|entries, reads| {
            let entries = entries.iter_mut().filter(|entry| !entry.listed);
            entries.for_each(|entry| callers.command(entry, expired));
            let reads = reads.iter_mut().filter(|read| !read.listed);
            reads.for_each(|read| callers.read(read, expired));
        });
    }
}

impl<A: Aggregate> Callers<A> {
    fn command(&mut self, entry: &mut Entry<A>, expired: &mut Expired<A>) {
        look();
        entry.listed = true;
        let until = entry.envelope().request().until;
        if until <= expired.now {
            expired.commands.push(entry.share());
        } else {
            self.push(until, || Who::Command(Arc::downgrade(&entry.share())));
        }
    }

    fn read(&mut self, read: &mut Reader<A>, expired: &mut Expired<A>) {
        look();
        read.listed = true;
        let until = read.request().until();
        if until <= expired.now {
            expired.reads.push(read.request().clone());
        } else {
            self.push(until, || Who::Read(Arc::downgrade(read.request())));
        }
    }

    fn push(&mut self, until: Duration, who: impl FnOnce() -> Who<A>) {
        if until < Duration::MAX {
            self.last += 1;
            self.listed.insert((until, self.last), who());
        }
    }

    /// Takes out those whose time is up, and those before them who were answered.
    fn take_due(&mut self, expired: &mut Expired<A>) {
        while let Some(first) = self.listed.first_entry()
            && (first.key().0 <= expired.now || !first.get().waits())
        {
            look();
            match first.remove() {
                Who::Command(command) => expired.commands.extend(command.upgrade()),
                Who::Read(read) => expired.reads.extend(read.upgrade()),
            }
        }
    }

    /// Forgets those who were answered if they may be more than half.
    fn forget_answered(&mut self) {
        if self.listed.len() > 2 * self.alive + LISTED_AT_LEAST {
            self.listed.retain(|_, who| who.waits());
            self.alive = self.listed.len();
        }
    }
}

impl<A: Aggregate> Who<A> {
    fn waits(&self) -> bool {
        look();
        match self {
            Who::Command(command) => command.strong_count() > 0,
            Who::Read(read) => read.strong_count() > 0,
        }
    }
}

impl<A: Aggregate> Default for Callers<A> {
    fn default() -> Self {
        Callers { listed: BTreeMap::new(), last: 0, alive: 0 }
    }
}
