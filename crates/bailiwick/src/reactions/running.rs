//! A policy or an effect that runs: what its tasks share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bailiwick_core::journal::{QueryItem, RecordedEvent};
use bailiwick_core::policy::ReactionDescriptor;
use bailiwick_core::{Position, Tag, Text};
use tokio::sync::{Notify, Semaphore};

use super::counts::ReactionCounts;
use super::facts::{Dropped, Recorded, Runs};
use super::lanes::Lanes;
use super::perform::Called;
use super::reaction::{Bounds, Does, Reaction};
use super::start::Begun;
use super::status::ReactionHealth;
use super::targets::Targets;
use super::timing::Marks;
use super::worker;
use crate::context::{Lock, RuntimeContext, Stage};
use crate::view::cache::ViewCache;

pub(crate) struct Running {
    pub(super) shared: Arc<RuntimeContext>,
    pub(super) declares: ReactionDescriptor,
    pub(super) does: Does,
    pub(super) bounds: Bounds,
    pub(super) targets: Arc<Targets>,
    /// What its facts carry.
    pub(super) tag: Tag,
    /// Its news, by all names of their types.
    pub(super) wants: QueryItem,
    pub(super) runs: Runs,
    /// What was in the journal when it began: of that it may have done something before.
    pub(super) unsure_upto: Position,
    /// What operators have dropped, of this runtime or another one, as far as the journal was read. It may lie
    /// above the mark.
    pub(super) dropped: Lock<Dropped>,
    pub(super) lanes: Lock<Lanes>,
    pub(super) kept: ViewCache,
    /// What calls have come to whose trace could not be written, by their news: one of a lane at most.
    pub(super) untraced: Lock<BTreeMap<Position, Called>>,
    pub(super) counts: Lock<ReactionCounts>,
    workers: Lock<Workers>,
    /// Wakes workers that have nothing to do.
    pub(super) work: Semaphore,
    /// Signalled when there is room for news again.
    pub(super) room: Notify,
    /// Signalled when something is to be done at a time.
    pub(super) timing: Notify,
    pub(super) marks: Marks,
    stopped: AtomicBool,
}

/// How many workers there are.
#[derive(Default)]
struct Workers {
    all: usize,
    idle: usize,
}

impl Running {
    pub(super) fn new(
        shared: Arc<RuntimeContext>,
        targets: Arc<Targets>,
        begun: Begun,
    ) -> Arc<Self> {
        let seed = shared.environment.entropy.next_u64();
        let Begun { reaction: Reaction { declares, does }, tag, recorded, head } = begun;
        let left_behind = recorded.left_behind();
        let Recorded { reached, runs, parked, dropped, .. } = recorded;
        let bounds = Bounds::of(declares.kind, &shared.config);
        let mut lanes = Lanes::new(seed, bounds.lanes, reached, parked);
        left_behind.into_iter().for_each(|(lane, upto)| lanes.goes_on_behind(lane, upto));
        Arc::new(Running {
            wants: QueryItem::new(declares.names(), []).expect("it wants some event"),
            lanes: Lock::new(lanes),
            kept: ViewCache::of(&shared, seed),
            untraced: Lock::default(),
            counts: Lock::default(),
            workers: Lock::default(),
            work: Semaphore::new(0),
            room: Notify::new(),
            timing: Notify::new(),
            marks: Marks::new(reached),
            stopped: AtomicBool::new(false),
            unsure_upto: head,
            runs,
            dropped: Lock::new(dropped),
            tag,
            declares,
            does,
            bounds,
            targets,
            shared,
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.declares.name
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.shared.environment.clock.elapsed()
    }

    /// Whether it goes on: neither stopped, nor in a runtime that ends.
    pub(super) fn goes_on(&self) -> bool {
        self.shared.stage() == Stage::Open && !self.is_stopped()
    }

    /// It does nothing any more until the runtime is started again.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        tracing::error!(
            reaction = self.name(),
            most = self.shared.config.parked_lanes,
            "as many lanes are parked as may be; it has stopped: see to them (`policies()`, `effects()`), \
             or raise `parked_lanes`, and start again"
        );
        self.room.notify_waiters();
        self.timing.notify_waiters();
    }

    /// If it has lanes that stand still.
    pub(crate) fn health(&self) -> Option<ReactionHealth> {
        let (kind, name, stopped) = (self.declares.kind, self.name(), self.is_stopped());
        let lanes = self.lanes.lock();
        let (parked_lanes, stalled_lanes) = (lanes.parked(), lanes.count_stalled());
        let is_well = !stopped && parked_lanes == 0 && stalled_lanes == 0;
        (!is_well).then_some(ReactionHealth { kind, name, stopped, parked_lanes, stalled_lanes })
    }

    /// How long to leave a lane alone that was tried in vain so often, and no less than `after`: with a quarter of
    /// it by chance, so that those that failed together are not tried together.
    pub(super) fn back_off(&self, times: u32, after: Option<Duration>) -> Duration {
        let wait = self.bounds.backoff.after(u8::try_from(times).unwrap_or(u8::MAX));
        let share = u32::try_from(self.shared.environment.entropy.next_u64() % 256).unwrap_or(0);
        let by_chance = |of: Duration| of / 1_024 * share;
        let backoff = wait * 3 / 4 + by_chance(wait);
        match after {
            Some(after) if after > backoff => after.saturating_add(by_chance(after)),
            _ => backoff,
        }
    }

    /// Changes the lanes, and sees to what follows: there may be room for news, and work for workers, but for
    /// `looking` of them, who look for work by themselves.
    pub(super) fn change<T>(
        self: &Arc<Self>,
        looking: usize,
        change: impl FnOnce(&mut Lanes) -> T,
    ) -> T {
        let mut lanes = self.lanes.lock();
        let was_full = !lanes.has_room();
        let changed = change(&mut lanes);
        let (has_room, ready) = (lanes.has_room(), lanes.ready());
        drop(lanes);
        if was_full && has_room {
            self.room.notify_waiters();
        }
        self.call_workers(ready.saturating_sub(looking));
        changed
    }

    /// There may be work for as many workers more.
    pub(super) fn call_workers(self: &Arc<Self>, ready: usize) {
        if ready == 0 {
            return;
        }
        let mut workers = self.workers.lock();
        let woken = ready.min(workers.idle);
        let more = (ready - woken).min(self.bounds.workers.saturating_sub(workers.all));
        workers.idle -= woken;
        workers.all += more;
        drop(workers);
        self.work.add_permits(woken);
        (0..more).for_each(|_| worker::begin(self.clone()));
    }

    /// A worker has nothing to do.
    pub(super) fn is_idle(&self) {
        self.workers.lock().idle += 1;
    }

    /// An idle worker goes to work by itself, unless it is called just now. If it `leaves`, another may take its
    /// place from then on.
    pub(super) fn is_busy(&self, leaves: bool) -> bool {
        let mut workers = self.workers.lock();
        if workers.idle == 0 {
            return false;
        }
        workers.idle -= 1;
        if leaves {
            workers.all -= 1;
        }
        true
    }

    /// A worker is gone that had not left.
    pub(super) fn is_gone(&self) {
        self.workers.lock().all -= 1;
    }

    /// Whether an operator has dropped this news.
    pub(super) fn is_dropped(&self, lane: &Text, news: &RecordedEvent) -> bool {
        self.dropped.lock().has(lane, news.position)
    }

    /// The lane of a news. Who has none is alone in one.
    pub(super) fn lane_of(&self, news: &RecordedEvent) -> Text {
        let alone = |_| Text::from(format!("{ALONE}{}", news.position));
        self.lane_today(self.declares.lane.name(news).unwrap_or_else(alone))
    }

    /// The name of a lane, as it was recorded, by the names of today.
    pub(super) fn lane_today(&self, recorded: Text) -> Text {
        self.declares.lane.today(recorded, &self.shared.emitters)
    }
}

/// How the name of a lane begins that holds one news, which has none.
pub(super) const ALONE: char = '@';
