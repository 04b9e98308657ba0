//! One step of a cell's life: a turn if the state is known, else what leads there.

use std::pin::Pin;
use std::task::{Context, Poll};

use bailiwick_core::{Aggregate, Timestamp};

use super::Cell;
use super::drive::Work;
use super::encode::Tools;
use super::judge::Turn;
use super::life::{Fault, Known, Life, Live};
use super::settle::Settled;
use crate::environment::time::Moment;
use crate::request::entry::{Entries, Entry};
use crate::request::read::Reader;

/// What a turn left behind.
pub(super) enum Next {
    /// It waits for the journal, or has nothing to do.
    Wait,
    /// There is more to do at once.
    Again,
    /// The state is not fit for more: see [`Mend`](super::life::Mend).
    Mend,
    /// The same, but nobody waits for it.
    MendLater,
}

impl<A: Aggregate> Cell<A> {
    /// One step of the cell's life. Returns whether it now waits for something.
    pub(super) fn advance(
        &self,
        life: Life<A>,
        work: &mut Work<A>,
        tools: &mut Tools<A>,
        cx: &mut Context<'_>,
    ) -> (Life<A>, bool) {
        match life {
            Life::Quiet(known) => self.quiet_turn(known, work, tools, cx),
            Life::Live(mut live) => match self.turn(&mut live, work, tools, cx) {
                Next::Wait => (live.settled(), true),
                Next::Again => (Life::Live(live), false),
                Next::Mend => (self.mend(*live, tools), false),
                Next::MendLater => (self.mend_later(*live), false),
            },
            Life::Loading(mut loading) => match Pin::new(&mut loading.fold).poll(cx) {
                Poll::Pending => (Life::Loading(loading), true),
                Poll::Ready(Ok(folded)) => (self.loaded(folded, *loading), false),
                Poll::Ready(Err(error)) => {
                    (self.faulted(error, loading.again, loading.times), false)
                }
            },
            Life::Faulted(fault) if work.refuse => {
                refuse(work, &fault, self.kind.shared.time.moment());
                (Life::Faulted(fault), true)
            }
            Life::Behind(known) if work.wanted => (self.load(tools, Some(known), 0), false),
            Life::Faulted(fault) if work.wanted => (self.load(tools, None, fault.times), false),
            _ if work.wanted => (self.load(tools, None, 0), false),
            life => (life, true),
        }
    }

    /// A turn of an aggregate with nothing under way: most often nothing is afterwards, either.
    fn quiet_turn(
        &self,
        known: Box<Known<A>>,
        work: &mut Work<A>,
        tools: &mut Tools<A>,
        cx: &mut Context<'_>,
    ) -> (Life<A>, bool) {
        let mut live = Live::of(known);
        match self.turn(&mut live, work, tools, cx) {
            Next::Wait => (live.into_life(), true),
            Next::Again => (Life::Live(Box::new(live)), false),
            Next::Mend => (self.mend(live, tools), false),
            Next::MendLater => (self.mend_later(live), false),
        }
    }

    fn turn(
        &self,
        live: &mut Live<A>,
        work: &mut Work<A>,
        tools: &mut Tools<A>,
        cx: &mut Context<'_>,
    ) -> Next {
        let now = self.kind.shared.now();
        let span = self.named().turn(work.commands.len());
        let _entered = span.enter();
        let timings = &self.kind.timings;
        let begun = timings.begin(&self.kind.shared);
        let mut turn = Turn { tools, now, commands: work.commands.len() };
        live.known.forget_answers(now, self.kind.shared.config.answers_for);
        self.look(live, std::mem::take(&mut work.readers), now);
        if work.due {
            (live.rearm, live.again.called) = (true, true);
        }
        if work.due || live.overdue {
            self.expire(live, &mut turn);
        }
        if !live.again.entries.is_empty() && !live.overdue {
            self.judge_again(live, &mut turn);
        }
        for entry in work.commands.drain(..) {
            timings.waited(entry.envelope().request().asked, begun);
            self.expire_and_judge(live, entry, &mut turn);
        }
        if live.known.deadline.is_none_or(|deadline| deadline > now) {
            live.not_stuck();
        }
        live.forming.seal(tools);
        timings.judged(begun, &self.kind.shared);
        self.conclude(live, tools, cx)
    }

    /// What was decided once already comes before anything new. What does not fit into this batch
    /// goes into the next; [`take_work`](Self::take_work) has left room for it.
    fn judge_again(&self, live: &mut Live<A>, turn: &mut Turn<'_, A>) {
        let mut again = std::mem::take(&mut live.again.entries);
        let later: Entries<A> = again.drain(again.len().min(self.room_in(live))..).collect();
        for entry in again {
            self.expire_and_judge(live, entry, turn);
        }
        live.again.entries.extend(later);
    }

    fn expire_and_judge(&self, live: &mut Live<A>, mut entry: Entry<A>, turn: &mut Turn<'_, A>) {
        if live.takes_more() {
            self.expire(live, turn);
        }
        if !live.takes_more() {
            // Judged once the state is mended, in the next batch, or when all that is due has expired.
            live.again.entries.push(entry);
        } else if entry.claim() {
            self.judge(live, entry, turn);
        } else {
            entry.forget();
        }
    }

    /// Reads see the state between turns, and wait for what they saw to be durable.
    fn look(&self, live: &mut Live<A>, readers: Vec<Reader<A>>, now: Timestamp) {
        if live.again.readers.is_empty() && readers.is_empty() {
            return;
        }
        let again = std::mem::take(&mut live.again.readers);
        let events_upto = live.forming.count();
        for mut reader in again.into_iter().chain(readers) {
            if !reader.abandoned() {
                reader.look(&live.known.state, now, events_upto);
                live.forming.readers.push(reader);
            }
        }
    }

    /// Drives the appends: one in flight, the next batch behind it.
    fn conclude(&self, live: &mut Live<A>, tools: &mut Tools<A>, cx: &mut Context<'_>) -> Next {
        loop {
            live.mend_by_copy();
            match self.poll_append(live, cx) {
                Poll::Pending => {
                    tools.quick = false;
                    return Next::Wait;
                }
                Poll::Ready(Settled::Failed) if live.again.is_empty() => return Next::MendLater,
                Poll::Ready(Settled::Failed | Settled::Live) => {}
            }
            if live.forming.is_empty() {
                break;
            }
            self.submit(live, &tools.scope, &*tools.journal);
            tools.quick = true;
        }
        if !live.is_sound() {
            return Next::Mend;
        }
        if !live.again.is_empty() || live.overdue {
            return Next::Again;
        }
        if std::mem::take(&mut live.rearm) {
            live.again.called = false;
            let known = &mut *live.known;
            if live.again.stuck.is_none() && known.unsure {
                // Read again before it is believed, as soon as the journal is open.
                self.call_again(known);
            } else if live.again.stuck.is_none() {
                known.armed = known.deadline;
                self.kind.deadlines.settle(&mut known.slot, &self.id, known.deadline);
            }
        }
        if A::SNAPSHOTS.is_some() {
            self.keep_snapshot(&mut live.known);
        }
        Next::Wait
    }
}

fn refuse<A: Aggregate>(work: &mut Work<A>, fault: &Fault, now: Moment) {
    let again_in = fault.until.since(now);
    for entry in work.commands.drain(..) {
        entry.give_back(fault.error.cause(again_in));
    }
    for reader in work.readers.drain(..) {
        reader.fail(fault.error.read_error(again_in));
    }
}
