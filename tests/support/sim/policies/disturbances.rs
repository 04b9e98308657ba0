//! What is done to the runtimes of a run while they work, and what an operator does about parked lanes.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use bailiwick::ReactionHandle;

use super::plan::Deed;
use super::run::PolicySight;
use super::world::{Seat, World};
use crate::sim::clock::Timed;

impl World {
    pub(super) async fn does(self: Arc<World>, deed: Timed<Deed>) {
        self.reach(deed.at).await;
        let Some(seat) = self.any_seat() else { return };
        match deed.what {
            Deed::Break { millis } => {
                self.broken.store(true, Relaxed);
                self.sleep(millis).await;
                self.broken.store(false, Relaxed);
                return;
            }
            Deed::Down { millis } => {
                self.down.fetch_max(self.now() + millis, Relaxed);
                return;
            }
            Deed::Operate => return self.operates(&seat).await,
            Deed::Shutdown { limit } => {
                let runtime = seat.runtime.lock().take();
                self.deed(seat.group - 1, "shut down");
                if let Some(runtime) = runtime {
                    runtime.shutdown(Duration::from_millis(limit)).await;
                    self.saw(PolicySight::ShutDown);
                }
            }
            Deed::Drop => {
                self.deed(seat.group - 1, "dropped");
                drop(seat.runtime.lock().take());
                self.saw(PolicySight::Dropped);
            }
            Deed::LoseExecutor => {
                self.deed(seat.group - 1, "executor lost");
                let runtime = seat.runtime.lock().take();
                self.queue.lose(seat.group);
                let pause = self.random.lock().between(0, 6);
                self.sleep(pause).await;
                drop(runtime);
                self.saw(PolicySight::ExecutorLost);
            }
        }
        self.alive.lock().remove(&(seat.group - 1));
        if self.open_seats().is_empty() {
            let pause = self.random.lock().between(0, 4);
            self.sleep(pause).await;
            self.start().await;
        }
    }

    /// Retries, skips or drops some of the lanes that are parked.
    pub(super) async fn operates(&self, seat: &Arc<Seat>) {
        for one in seat.both() {
            self.operates_on(seat, &one).await;
        }
    }

    async fn operates_on(&self, seat: &Seat, one: &ReactionHandle) {
        let verb = self.random.lock().between(0, 2);
        let selected = one.select(|_| !self.random.lock().one_in(3));
        let at: Vec<_> = selected.lanes().iter().map(|lane| lane.at.get()).collect();
        if at.is_empty() {
            return;
        }
        match verb {
            0 => {
                self.deed(seat.group - 1, "retried");
                self.retries(seat, one);
            }
            1 => {
                self.deed(seat.group - 1, "skipped");
                self.books.lock().of(one.name()).may_skip.extend(at);
                drop(selected.skip().await);
            }
            _ => {
                self.deed(seat.group - 1, "dropped by an operator");
                drop(selected.drop_all().await);
            }
        }
    }

    /// Retries all that are parked.
    pub(super) fn retries_all(&self, seat: &Arc<Seat>) {
        seat.both().iter().for_each(|one| self.retries(seat, one));
    }

    fn retries(&self, seat: &Seat, one: &ReactionHandle) {
        let selected = one.select(|_| true);
        let is_old = {
            let mut books = self.books.lock();
            let facts = books.of(one.name());
            selected.lanes().iter().any(|lane| {
                let fact = facts.parked_where.get(lane.lane.as_str());
                fact.is_some_and(|fact| *fact <= seat.head)
            })
        };
        if selected.retry() > 0 && is_old {
            self.saw(PolicySight::RetriedAfterRestart);
        }
    }
}
