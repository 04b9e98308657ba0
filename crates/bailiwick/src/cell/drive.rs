//! Driving: what an attached actor does when it is polled.
//!
//! The actor takes the life of the cell and what is waiting out of the lock, runs a turn, and puts
//! the life back. It parks only after it has seen, under the lock, that nothing has come meanwhile.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::{Aggregate, Timestamp};

use super::life::{Again, Folded, Life, Live, Loading};
use super::settle::Settled;
use super::{Cell, Core};
use crate::entry::Entry;
use crate::error::{LoadError, panic_message};
use crate::glance::Reader;

/// How many turns an actor takes before it lets others have theirs.
const TURNS_PER_POLL: usize = 4;

/// What the actor is to do after a poll.
pub(crate) enum Drive {
    /// Wait until it is woken.
    Park,
    /// Let others have their turn, then go on.
    Yield,
    /// Leave: the cell has let it go.
    Leave,
}

/// What was waiting in a cell.
struct Work<A: Aggregate> {
    commands: Vec<Entry<A>>,
    readers: Vec<Reader<A>>,
    due: bool,
    /// Whether there was anything, taken or not.
    wanted: bool,
    /// It was taken to be refused: the aggregate cannot be loaded yet.
    refuse: bool,
}

impl<A: Aggregate> Default for Work<A> {
    fn default() -> Self {
        Work { commands: Vec::new(), readers: Vec::new(), due: false, wanted: false, refuse: false }
    }
}

impl<A: Aggregate> Cell<A> {
    /// Runs turns until there is nothing to do now. Only the attached actor `number` may call it.
    pub(crate) fn drive(self: &Arc<Self>, number: u64, cx: &mut Context<'_>) -> Drive {
        for _ in 0..TURNS_PER_POLL {
            let mut core = self.core.lock();
            if core.actor.as_ref().is_none_or(|attached| attached.number != number) {
                return Drive::Leave;
            }
            let life = std::mem::replace(&mut core.life, Life::Out);
            let work = self.take_work(&mut core, &life);
            drop(core);
            self.places.add_permits(work.commands.len());
            let (life, waiting) = self.advance(life, work, cx);
            let mut core = self.core.lock();
            if core.gone.is_some() {
                // Closed during the turn: what the turn held gets its outcomes here.
                core.actor = None;
                drop(core);
                drop(life);
                return Drive::Leave;
            }
            core.life = life;
            if waiting && !self.has_more(&core) {
                return self.park(core, cx);
            }
        }
        Drive::Yield
    }

    /// Whether a turn now would find something that the last one did not.
    fn has_more(&self, core: &Core<A>) -> bool {
        let room = match &core.life {
            Life::Live(live) if !live.again.is_empty() => return self.room_in(live) > 0,
            Life::Live(live) => self.room_in(live) > 0,
            Life::Loading(_) => false,
            Life::Unloaded | Life::Faulted { .. } | Life::Out => true,
        };
        let arrived = !core.mailbox.is_empty() || !core.readers.is_empty() || core.due;
        room && arrived
    }

    fn park(
        self: &Arc<Self>,
        mut core: parking_lot::MutexGuard<'_, Core<A>>,
        cx: &Context<'_>,
    ) -> Drive {
        core.busy_at = self.kind.shared.recent();
        let idle = !core.has_work();
        let keep = core.life.is_worth_keeping();
        let Some(attached) = &mut core.actor else {
            return Drive::Leave;
        };
        if idle && (attached.leave || !keep) {
            core.actor = None;
            self.retire(core);
            return Drive::Leave;
        }
        attached.leave = false;
        attached.parked = Some(cx.waker().clone());
        if idle {
            self.rest(core);
        }
        Drive::Park
    }

    fn room_in(&self, live: &Live<A>) -> usize {
        if live.broken {
            return 0;
        }
        let bound = self.kind.shared.config.batch_commands.get();
        bound.saturating_sub(live.forming.entries.len())
    }

    /// Takes what is waiting, as far as this life can use it now.
    fn take_work(&self, core: &mut Core<A>, life: &Life<A>) -> Work<A> {
        let wanted = !core.mailbox.is_empty() || !core.readers.is_empty() || core.due;
        let mut refuse = false;
        let room = match life {
            Life::Live(live) => self.room_in(live).saturating_sub(live.again.entries.len()),
            Life::Faulted { until, .. } if self.kind.shared.now() < *until => {
                refuse = true;
                usize::MAX
            }
            _ => {
                return Work { wanted, ..Work::default() };
            }
        };
        let take = room.min(core.mailbox.len());
        let commands = core.mailbox.drain(..take).collect();
        if matches!(life, Life::Live(live) if live.broken) {
            return Work { commands, wanted, ..Work::default() };
        }
        let readers = core.readers.drain(..).collect();
        Work { commands, readers, due: std::mem::take(&mut core.due), wanted, refuse }
    }

    /// One step of the cell's life. Returns whether it now waits for something.
    fn advance(&self, life: Life<A>, work: Work<A>, cx: &mut Context<'_>) -> (Life<A>, bool) {
        match life {
            Life::Live(live) => self.turn(live, work, cx),
            Life::Loading(mut loading) => match poll_fold(&mut loading, cx) {
                Poll::Pending => (Life::Loading(loading), true),
                Poll::Ready(Ok(folded)) => (self.loaded(folded, loading.again), false),
                Poll::Ready(Err(error)) => (self.faulted(error, loading.again), false),
            },
            Life::Faulted { error, until } if work.refuse => {
                refuse(work, &error);
                (Life::Faulted { error, until }, true)
            }
            _ if work.wanted => (self.begin_loading(Again::default()), false),
            life => (life, true),
        }
    }

    fn turn(&self, mut live: Box<Live<A>>, work: Work<A>, cx: &mut Context<'_>) -> (Life<A>, bool) {
        let now = self.kind.shared.now();
        let span = tracing::trace_span!("turn", aggregate = A::NAME, id = %self.id, commands = work.commands.len());
        let _entered = span.enter();
        self.look(&mut live, work.readers, now);
        if work.due {
            live.rearm = true;
            self.expire(&mut live, now);
        }
        let mut again = std::mem::take(&mut live.again.entries);
        // What does not fit into this batch goes into the next.
        let later = again.split_off(again.len().min(self.room_in(&live)));
        for entry in again.into_iter().chain(claimed(work.commands)) {
            if !live.broken {
                self.expire(&mut live, now);
            }
            if live.broken {
                // Judged once the state is rebuilt.
                live.again.entries.push(entry);
            } else {
                self.judge(&mut live, entry, now);
            }
        }
        live.again.entries.extend(later);
        self.conclude(live, cx)
    }

    /// Reads see the state between turns, and wait for what they saw to be durable.
    fn look(&self, live: &mut Live<A>, readers: Vec<Reader<A>>, now: Timestamp) {
        let again = std::mem::take(&mut live.again.readers);
        for reader in again.into_iter().chain(readers) {
            if !reader.abandoned() {
                reader.look(&live.state, now);
                live.forming.readers.push(reader);
            }
        }
    }

    /// Drives the appends: one in flight, the next batch behind it.
    fn conclude(&self, mut live: Box<Live<A>>, cx: &mut Context<'_>) -> (Life<A>, bool) {
        loop {
            match self.poll_append(&mut live, cx) {
                Poll::Pending => return (Life::Live(live), true),
                Poll::Ready(Settled::Changed(life)) => return (life, false),
                Poll::Ready(Settled::Live) => {}
            }
            if live.forming.is_empty() {
                break;
            }
            self.submit(&mut live);
        }
        if live.broken {
            return (self.begin_loading(live.again), false);
        }
        if !live.again.is_empty() {
            return (Life::Live(live), false);
        }
        if std::mem::take(&mut live.rearm) {
            let at = live.wake_at();
            live.armed = at;
            self.kind.deadlines.set(&self.id, at);
        }
        (Life::Live(live), true)
    }
}

/// Those whose callers have not given them up. From here on they are certainly judged.
fn claimed<A: Aggregate>(commands: Vec<Entry<A>>) -> impl Iterator<Item = Entry<A>> {
    commands.into_iter().filter_map(|entry| {
        if entry.envelope().claim() {
            return Some(entry);
        }
        entry.forget();
        None
    })
}

fn refuse<A: Aggregate>(work: Work<A>, error: &LoadError) {
    for entry in claimed(work.commands) {
        entry.give_back(error.clone().into());
    }
    for reader in work.readers {
        reader.fail(error.clone().into());
    }
}

/// A journal that panics cannot be read; it takes nobody down.
fn poll_fold<A: Aggregate>(
    loading: &mut Loading<A>,
    cx: &mut Context<'_>,
) -> Poll<Result<Folded<A>, LoadError>> {
    catch_unwind(AssertUnwindSafe(|| loading.fold.as_mut().poll(cx))).unwrap_or_else(|panic| {
        let message = format!("the journal panicked: {}", panic_message(&*panic));
        let error: Box<dyn Error + Send + Sync> = message.into();
        Poll::Ready(Err(LoadError::Unread(bailiwick_core::ReadError::Unavailable(error.into()))))
    })
}
