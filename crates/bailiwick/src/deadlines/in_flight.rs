//! The places of the deadlines that are under way: how many there are, and for how long.
//!
//! 1. No more than `due_at_once` places are taken at a time.
//! 2. A place is free again when its holder is done, and at the latest `due_timeout` after it was
//!    taken: an aggregate for which the journal does not answer holds up the others no longer.
//! 3. Who has lost its place like this still counts: no more than `due_unanswered` are under way,
//!    with a place or without. So a journal that answers nobody does not fill the memory.
//!
//! Times are the clock's [`elapsed`](crate::Clock::elapsed).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::config::Config;
use crate::context::Lock;

pub(crate) struct InFlightLimit {
    taken: Lock<Taken>,
    /// There was no room, and now there may be.
    pub(super) freed: Notify,
    at_once: usize,
    unanswered: usize,
    patience: Duration,
}

#[derive(Default)]
struct Taken {
    /// Since when how many are taken, the oldest first; the first number is never 0. No more than
    /// [`GRAINS`] elements and one.
    by_time: VecDeque<(Duration, usize)>,
    /// Their sum.
    in_flight: usize,
    /// How many are under way, with a place or without.
    under_way: usize,
    /// The latest time that anybody came with.
    now: Duration,
}

/// Into how many parts `due_timeout` is divided: what is taken in the same part is taken back at
/// the same time.
const GRAINS: u32 = 64;

/// A deadline that was handed out counts as under way until this is dropped.
pub(crate) struct InFlight {
    in_flight: Arc<InFlightLimit>,
    since: Duration,
}

impl InFlightLimit {
    pub(super) fn new(config: &Config) -> Arc<Self> {
        Arc::new(InFlightLimit {
            taken: Lock::default(),
            freed: Notify::new(),
            at_once: config.due_at_once,
            unanswered: config.due_unanswered,
            // Not 0, by `Config::check`: what was taken back is older than all that is taken.
            patience: config.due_timeout,
        })
    }

    /// How many more may be handed out at `now`. Takes the places back that were held too long.
    pub(super) fn room(&self, now: Duration) -> usize {
        let mut taken = self.taken.lock();
        taken.now = taken.now.max(now);
        while let Some((since, in_flight)) = taken.by_time.front().copied()
            && since.saturating_add(self.patience) <= taken.now
        {
            taken.by_time.pop_front();
            taken.in_flight -= in_flight;
            taken.trim();
        }
        self.room_in(&taken)
    }

    /// Takes a place. The caller has seen that there is room.
    pub(super) fn take(self: &Arc<Self>, now: Duration) -> InFlight {
        let mut taken = self.taken.lock();
        taken.now = taken.now.max(now);
        let now = taken.now;
        let since = match taken.by_time.back_mut() {
            Some((since, in_flight)) if now - *since <= self.patience / GRAINS => {
                *in_flight += 1;
                *since
            }
            _ => {
                taken.by_time.push_back((now, 1));
                now
            }
        };
        taken.in_flight += 1;
        taken.under_way += 1;
        InFlight { in_flight: self.clone(), since }
    }

    /// When the next place is taken back from its holder, if there is one.
    pub(super) fn next_back(&self) -> Option<Duration> {
        self.taken.lock().by_time.front().map(|(since, _)| since.saturating_add(self.patience))
    }

    fn room_in(&self, taken: &Taken) -> usize {
        let in_flight = self.at_once.saturating_sub(taken.in_flight);
        in_flight.min(self.unanswered.saturating_sub(taken.under_way))
    }
}

impl Taken {
    /// Forgets the times of which no place is taken any more.
    fn trim(&mut self) {
        while self.by_time.pop_front_if(|(_, in_flight)| *in_flight == 0).is_some() {}
    }

    fn give_back(&mut self, since: Duration) {
        self.under_way -= 1;
        // Not found: it was taken back.
        if let Ok(at) = self.by_time.binary_search_by_key(&since, |(since, _)| *since) {
            self.by_time[at].1 -= 1;
            self.in_flight -= 1;
            self.trim();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut taken = self.in_flight.taken.lock();
        let full = self.in_flight.room_in(&taken) == 0;
        taken.give_back(self.since);
        drop(taken);
        if full {
            self.in_flight.freed.notify_one();
        }
    }
}
