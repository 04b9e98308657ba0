//! Driving: what whoever runs a cell does when it is polled.
//!
//! It takes the life of the cell and what is waiting out of the lock, runs a turn, and puts
//! the life back. It waits only after it has seen, under the lock, that nothing has come meanwhile.
//! In one poll an actor takes [`COMMANDS_PER_POLL`] commands at most, then it lets others have theirs;
//! a caller takes [`COMMANDS_OF_CALLER`], its own and those of others, and leaves what is left to an
//! actor.

use std::sync::Arc;
use std::task::{Context, Waker};

use bailiwick_core::{Aggregate, Position};
use parking_lot::MutexGuard;

use super::encode::Tools;
use super::inbox::InTurn;
use super::life::{Life, Live};
use super::lifecycle::Input;
use super::{Cell, Core};
use crate::request::entry::Entries;
use crate::request::read::Reader;

/// After how many commands an actor lets others have their turn.
const COMMANDS_PER_POLL: usize = 256;
/// After how many turns, whatever they hold.
const TURNS_PER_POLL: usize = 16;
/// The same of a caller.
const COMMANDS_OF_CALLER: usize = 32;
/// The same of a caller: enough to be loaded, judged, find another writer, read what that wrote, and be
/// judged again.
const TURNS_OF_CALLER: usize = 5;
/// How many commands a turn takes while the journal answers at once: those who are answered go on
/// while the next ones are judged. A journal that takes its time gets all there are.
const COMMANDS_PER_QUICK_TURN: usize = 16;

/// What whoever runs a cell is to do after a poll.
pub(crate) enum Drive {
    /// Wait until it is woken.
    Park,
    /// Let others have their turn, then go on.
    Yield,
    /// Leave: the cell has let it go.
    Leave,
    /// The same, and it queues for a permit.
    Queued,
}

/// Who runs a cell.
#[derive(Clone, Copy)]
pub(super) enum Driver<'a> {
    Actor,
    /// A caller, and its waker if it would attend to the cell.
    Caller {
        attends: Option<&'a Waker>,
    },
}

impl Driver<'_> {
    fn is_actor(self) -> bool {
        matches!(self, Driver::Actor)
    }

    /// How many turns and commands it takes in a poll.
    fn bounds(self) -> (usize, usize) {
        match self {
            Driver::Actor => (TURNS_PER_POLL, COMMANDS_PER_POLL),
            Driver::Caller { .. } => (TURNS_OF_CALLER, COMMANDS_OF_CALLER),
        }
    }
}

/// What was waiting in a cell.
pub(super) struct Work<A: Aggregate> {
    pub(super) commands: Entries<A>,
    pub(super) readers: Vec<Reader<A>>,
    /// The deadline index has called.
    pub(super) due: bool,
    /// Whether there was anything, taken or not.
    pub(super) wanted: bool,
    /// It was taken to be refused: the aggregate cannot be loaded yet.
    pub(super) refuse: bool,
    /// Somebody has asked the cell something since it came to rest last.
    pub(super) asked: bool,
}

impl<A: Aggregate> Cell<A> {
    /// Runs turns until there is nothing to do now. Only the `number`th who runs it may call it.
    pub(super) fn drive(
        self: &Arc<Self>,
        number: u32,
        tools: &mut Tools<A>,
        driver: Driver<'_>,
        cx: &mut Context<'_>,
    ) -> Drive {
        let (turns, most_commands) = driver.bounds();
        let mut commands = 0;
        for _ in 0..turns {
            if commands >= most_commands {
                break;
            }
            let is_closed = self.kind.shared.journal_closed().is_some();
            let mut core = self.core.lock();
            if core.attachments != number || !core.phase.is_driven() {
                return Drive::Leave;
            }
            core.phase = core.phase.after(Input::Runs).0;
            if core.inbox.is_none() {
                // Whoever waits is found by it.
                self.inbox(&mut core);
            }
            let is_abandoned = core.is_abandoned();
            let mut life = std::mem::replace(&mut core.life, Life::Out);
            let abandoned = is_abandoned.then(|| std::mem::replace(&mut life, Life::Unloaded));
            let may_begin = core.inbox.as_ref().is_none_or(|inbox| self.may_begin(inbox));
            let is_sure = is_closed || !life.is_unsure();
            let mut life = match &mut core.inbox {
                Some(inbox) if inbox.overtaken != Position::START || !is_sure => {
                    self.catch_up(inbox, life, (is_sure, may_begin), tools)
                }
                _ => life,
            };
            let most = if tools.quick { COMMANDS_PER_QUICK_TURN } else { usize::MAX };
            let most = if driver.is_actor() { most } else { most.min(most_commands - commands) };
            let buffers = (std::mem::take(&mut tools.commands), std::mem::take(&mut tools.in_turn));
            let mut work = self.take_work(&mut core, &mut life, (most, may_begin), buffers);
            drop(core);
            drop(abandoned);
            commands += work.commands.len();
            let (mut life, waiting) = self.advance(life, &mut work, tools, cx);
            // Who was asked is weighed when it cools down.
            let unweighed = waiting && !work.asked && matches!(life, Life::Quiet(_));
            let over = unweighed && self.weigh(&mut life);
            tools.reuse(work.commands);
            let mut core = self.core.lock();
            if core.phase.is_over() {
                // Closed during the turn: what the turn held gets its outcomes here.
                drop(core);
                drop(life);
                return Drive::Leave;
            }
            core.life = life;
            core.doubt();
            let in_turn = core.inbox.as_mut().map(|inbox| std::mem::take(&mut inbox.in_turn));
            let granted = self.grant(&mut core);
            let gone = core.take_left_reads();
            let idle = waiting && !self.has_more(&core);
            let told = (granted, gone, self.keep_permit(&mut core, idle));
            let leaves = idle && (commands <= 1 || tools.quick || !driver.is_actor());
            let parked = if leaves {
                Some(self.park(core, driver, cx))
            } else {
                drop(core);
                None
            };
            // The lock first: the last reference to an envelope drops what is the domain's.
            drop(told);
            tools.in_turn = in_turn.unwrap_or_default();
            tools.in_turn.clear();
            if over {
                self.make_room();
            }
            if let Some(drive) = parked {
                return drive;
            }
            if idle {
                // Those who were answered may ask again at once: a look costs less than to be
                // woken. Where the journal answers at once they need no actor for that.
                break;
            }
        }
        Drive::Yield
    }

    /// Whether a turn now would find something that the last one did not.
    fn has_more(&self, core: &Core<A>) -> bool {
        if core.inbox.as_ref().is_some_and(|inbox| inbox.answered) {
            return true;
        }
        let room = match &core.life {
            Life::Live(live) if live.overdue => return live.may_go_on(),
            Life::Live(live) if !live.again.is_empty() => return self.room_in(live) > 0,
            Life::Live(live) => self.room_in(live) > 0,
            Life::Loading(_) => return core.is_abandoned(),
            Life::Unloaded | Life::Quiet(_) | Life::Behind(_) | Life::Faulted(_) | Life::Out => {
                true
            }
        };
        let Some(inbox) = core.inbox.as_ref().filter(|inbox| room && inbox.has_work_now()) else {
            return false;
        };
        match &core.life {
            Life::Faulted(fault) if self.kind.shared.time.moment() < fault.until => true,
            life => self.may_begin(inbox) || inbox.has_work_meanwhile(life),
        }
    }

    fn park(
        self: &Arc<Self>,
        mut core: MutexGuard<'_, Core<A>>,
        driver: Driver<'_>,
        cx: &Context<'_>,
    ) -> Drive {
        core.busy_at = self.kind.shared.time.recent();
        if let Life::Faulted(fault) = &core.life {
            // It is kept until it may be tried again, and for as long as others after that: what is
            // known of it is how often that failed.
            core.busy_at = core.busy_at.max(fault.until);
        }
        let (attended, waker) = match driver {
            Driver::Actor => (false, Some(cx.waker())),
            Driver::Caller { attends } => (true, attends),
        };
        let mut parked = None;
        let input = if !core.has_work() {
            Input::Idles { keep: core.is_to_be_kept() }
        } else if !self.must_queue(&core) {
            // Whom nobody attends to is left to an actor.
            let Some(waker) = waker else { return Drive::Yield };
            parked = core.inbox.as_mut().and_then(|inbox| inbox.parked.replace(waker.clone()));
            Input::Waits { attended }
        } else if self.queue(&mut core) {
            // Whoever ran it waits for nothing any more.
            parked = core.inbox.as_mut().and_then(|inbox| inbox.parked.take());
            Input::Queues
        } else {
            // It was given a permit just now.
            drop(core);
            drop(parked);
            return Drive::Yield;
        };
        let stays = self.step(core, input).is_driven();
        // The lock first: whose waker it was may do anything.
        drop(parked);
        match input {
            _ if stays => Drive::Park,
            Input::Queues => Drive::Queued,
            _ => Drive::Leave,
        }
    }

    /// Whether what there is to do waits for nothing but a permit.
    fn must_queue(&self, core: &Core<A>) -> bool {
        let waits = core.life.waits_for_journal();
        let inbox = core.inbox.as_ref().filter(|inbox| !waits && !inbox.queue.is_blocked());
        inbox.is_some_and(|inbox| !self.may_begin(inbox))
    }

    pub(super) fn room_in(&self, live: &Live<A>) -> usize {
        if !live.takes_more() {
            return 0;
        }
        self.kind.shared.config.batch_commands.saturating_sub(live.forming.entries.len())
    }

    /// Takes what is waiting, as far as this life can use it now; `most` commands at most.
    fn take_work(
        &self,
        core: &mut Core<A>,
        life: &mut Life<A>,
        (most, may_begin): (usize, bool),
        (commands, in_turn): (Entries<A>, InTurn<A>),
    ) -> Work<A> {
        let mut work = Work {
            commands,
            readers: Vec::new(),
            due: false,
            wanted: false,
            refuse: false,
            asked: false,
        };
        let Some(inbox) = &mut core.inbox else { return work };
        inbox.answered = false;
        inbox.in_turn = in_turn;
        inbox.asked |= inbox.queue.has_commands() || !inbox.readers.is_empty();
        work.asked = inbox.asked;
        work.wanted = inbox.has_work() && may_begin;
        inbox.reads_out = life.reads();
        let room = match life {
            Life::Quiet(_) => self.kind.shared.config.batch_commands.min(most),
            Life::Live(live) if !live.is_sound() => return work,
            Life::Live(live) => {
                self.room_in(live).saturating_sub(live.again.entries.len()).min(most)
            }
            Life::Faulted(fault) if self.kind.shared.time.moment() < fault.until => {
                work.refuse = true;
                usize::MAX
            }
            _ => return work,
        };
        work.readers = std::mem::take(&mut inbox.readers);
        inbox.reads_out += work.readers.len();
        if inbox.queue.is_blocked() || !(may_begin || work.refuse) {
            return work;
        }
        work.due = inbox.queue.take(room, &mut work.commands);
        for entry in &work.commands {
            inbox.in_turn.push(entry.share());
        }
        self.accept_waiting(core);
        work
    }
}
