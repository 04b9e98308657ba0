//! One command to an aggregate with nothing else to do, where nobody wants to know more of it than its
//! outcome: decided, recorded and released without what a turn of several needs.
//!
//! All that a turn guarantees holds. What does not come to its end at once (a journal that takes its
//! time, another writer, a failure) goes on as a turn of this one command.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bailiwick_core::{Aggregate, Context, Decide, Position, Timestamp};

use super::Cell;
use super::attend::Attending;
use super::encode::{Source, Tools, seal};
use super::inbox::Inbox;
use super::inline::Ran;
use super::judge::Turn;
use super::life::Life;
use super::lifecycle::{Input, Phase};
use super::record::NotRecorded;
use crate::context::Stage;
use crate::context::permits::Look;
use crate::error::{Cause, caught};
use crate::request::entry::Entry;
use crate::telemetry::log::decide_panicked;

/// The right to decide one command. To be [ended](Self::end), or [left](Self::leave) to a turn.
pub(crate) struct Single<A: Aggregate> {
    cell: Arc<Cell<A>>,
    /// A number: one higher for each who runs the cell.
    number: u32,
    now: Timestamp,
    life: Option<Life<A>>,
    tools: Option<Box<Tools<A>>>,
    /// It was found at rest.
    cold: bool,
    /// What was known is back in the cell.
    ended: bool,
}

/// How it went.
pub(crate) enum Committed {
    /// Durable, with the last event there.
    At(Position),
    /// Nothing is recorded.
    Failed(Cause),
    /// It was given to the journal, which has not answered, or said no. To be [left](Single::leave).
    Submitted { events: u32 },
}

impl<A: Aggregate> Cell<A> {
    /// Begins, if the aggregate is known and has nothing else to do or to look at. `elapsed`: by the
    /// clock, just now.
    pub(crate) fn begin_single(self: &Arc<Self>, elapsed: Duration) -> Option<Single<A>> {
        let shared = &self.kind.shared;
        if !self.hint.is_free_soon() {
            return None;
        }
        if shared.journal_closed().is_some() || self.kind.timings.are_wanted() {
            return None;
        }
        #[cfg(feature = "fault-injection")]
        if shared.sabotage.is_some() {
            return None;
        }
        let now = shared.time.now_with(elapsed);
        let mut core = self.core.lock();
        // Not before whoever ran it last.
        let now = now.max(shared.time.latest());
        if core.inbox.as_ref().is_some_and(|inbox| !inbox.is_clear()) {
            return None;
        }
        let Life::Quiet(known) = &core.life else { return None };
        let is_quiet = !known.unsure
            && known.answers.is_none()
            && known.deadline.is_none_or(|deadline| deadline > now);
        let is_free = core.phase == Phase::Idle && shared.permits.look() == Look::Free;
        if !is_quiet || !is_free || shared.stage() != Stage::Open {
            return None;
        }
        let scope = match &core.inbox {
            Some(inbox) => inbox.scope.clone(),
            None => self.kind.scope(&self.id).ok()?,
        };
        let tools = self.kind.tools.take(scope, shared)?;
        let life = std::mem::replace(&mut core.life, Life::Out);
        let number = self.begin(&mut core);
        self.hint.is_single();
        if let Some(inbox) = &mut core.inbox {
            inbox.reads_out = 0;
        }
        // Under the lock: a shutdown that has met this cell has seen what was accepted before.
        self.kind.counters.here().accepted.one();
        let cold = core.inbox.is_none();
        drop(core);
        let cell = self.clone();
        Some(Single { cell, number, now, life: Some(life), tools: Some(tools), cold, ended: false })
    }
}

impl<A: Aggregate> Single<A> {
    /// Decides. What was emitted waits to be [committed](Self::commit).
    pub(crate) fn decide<C>(
        &mut self,
        command: &C,
        name: &'static str,
    ) -> Result<Result<A::Reply, A::Rejection>, Cause>
    where
        A: Decide<C>,
    {
        let (Some(Life::Quiet(known)), Some(tools)) = (&self.life, &mut self.tools) else {
            unreachable!("it has not ended");
        };
        let mut ctx = Context::reusing(self.now, std::mem::take(&mut tools.events));
        let decided = caught(|| known.state.decide(command, &mut ctx));
        tools.events = ctx.into_events();
        decided.map_err(|message| {
            decide_panicked(A::NAME, name, &message);
            Cause::Panicked { message }
        })
    }

    /// Records what was emitted, and gives it to the journal. `command`: its name.
    pub(crate) fn commit(&mut self, command: &'static str) -> Committed {
        let (Some(Life::Quiet(mut known)), Some(tools)) = (self.life.take(), &mut self.tools)
        else {
            unreachable!("it has not ended");
        };
        if tools.events.is_empty() {
            let version = known.version;
            self.life = Some(Life::Quiet(known));
            return Committed::At(version);
        }
        let before = known.copy();
        let mut events = std::mem::take(&mut tools.events);
        let mut batch = Vec::new();
        let source = Source { command: Some(command), ..Source::DEADLINE };
        let mut turn = Turn { tools, now: self.now, commands: events.len() };
        let alone = |_| true;
        let recorded =
            self.cell.record_in(&mut batch, &mut known, &mut events, &mut turn, source, alone);
        events.clear();
        tools.events = events;
        match recorded {
            Ok(_) => seal(&mut batch, tools),
            Err(NotRecorded::Garbage(cause)) => {
                self.life = Some(self.cell.mended(known, before));
                return Committed::Failed(cause);
            }
            Err(NotRecorded::Failed(cause)) => {
                self.life = Some(Life::Quiet(known));
                return Committed::Failed(cause);
            }
            Err(NotRecorded::NoRoom) => unreachable!("it goes alone"),
        }
        let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        match self.cell.append_alone(known, before, batch, tools) {
            Ok((known, position)) => {
                self.life = Some(Life::Quiet(known));
                Committed::At(position)
            }
            Err(live) => {
                self.life = Some(Life::Live(live));
                Committed::Submitted { events: count }
            }
        }
    }

    /// It has its outcome: whatever has come meanwhile is run, or left to an actor.
    pub(crate) fn end(mut self) {
        let (Some(mut life), Some(tools)) = (self.life.take(), &self.tools) else { return };
        let (scope, cell) = (tools.scope.clone(), self.cell.clone());
        // It does not cool down, when others are weighed.
        let over = self.cold && cell.weigh(&mut life);
        let now = cell.kind.shared.time.recent();
        let mut core = cell.core.lock();
        if core.phase.is_over() {
            self.ended = true;
            drop(core);
            return drop(life);
        }
        core.life = life;
        self.ended = true;
        let again = now.since(core.busy_at) < cell.kind.shared.config.warm;
        core.busy_at = now;
        if core.inbox.is_none() && again {
            // The first after a while finds it cold, and leaves it so: it may be the only one.
            core.inbox = Some(Box::new(Inbox::new(scope.clone())));
        }
        if let Some(inbox) = &mut core.inbox {
            inbox.asked = true;
        }
        if core.inbox.as_ref().is_none_or(|inbox| inbox.is_clear()) {
            let keep = core.is_to_be_kept();
            cell.step(core, Input::Idles { keep });
            self.put_back();
        } else {
            cell.hint.is_idle(false);
            core.doubt();
            drop(core);
            self.put_back();
            cell.go_on_inline(self.number, scope, None);
        }
        if over {
            cell.make_room();
        }
    }

    /// Goes on as a turn of this command, which waits until `until`. Returns what its caller, whose
    /// waker this is, is to attend to.
    pub(crate) fn leave(
        mut self,
        mut entry: Entry<A>,
        (events, until): (u32, Duration),
        waker: &Waker,
    ) -> Option<Attending<A>> {
        entry.was_submitted(events);
        let Some(Life::Live(mut live)) = self.life.take() else {
            unreachable!("it was submitted");
        };
        if let Some(running) = &mut live.running {
            running.entries.push(entry);
        }
        let scope = self.tools.as_ref().map(|tools| tools.scope.clone())?;
        let cell = self.cell.clone();
        let mut core = cell.core.lock();
        self.ended = true;
        if core.phase.is_over() {
            drop(core);
            drop(live);
            return None;
        }
        core.life = Life::Live(live);
        // A cold one has none, and whoever waits is found by it.
        cell.inbox(&mut core).asked = true;
        cell.hint.is_idle(false);
        core.doubt();
        drop(core);
        self.put_back();
        match cell.go_on_inline(self.number, scope, Some(waker)) {
            Ran::Done => None,
            ran => cell.has_to_wait(ran, until),
        }
    }

    fn put_back(&mut self) {
        if let Some(mut tools) = self.tools.take() {
            // Of a command that was rejected.
            tools.events.clear();
            self.cell.kind.tools.put_back(Some(tools));
        }
    }
}

impl<A: Aggregate> Drop for Single<A> {
    fn drop(&mut self) {
        if self.ended {
            return self.put_back();
        }
        // A panic of ours, or in what was dropped: the state is rebuilt, and what is left in the buffers is
        // nobody's.
        if self.tools.take().is_some() {
            self.cell.kind.tools.put_back(None);
        }
        self.cell.detached(self.number, true);
    }
}
