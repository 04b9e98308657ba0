//! The driver of a run: polls what is ready, lets time pass when nothing is, and looks on.

use std::sync::Arc;

use super::executor::Executor;
use super::panics::Watched;
use super::trace::Step;
use super::world::World;
use crate::invariant::Invariant::{NoPanic, Progress, WakeUp};

/// No run takes nearly as many; one that does is going round in circles.
const MOST_POLLS: u64 = 10_000;

/// Drives a run.
pub(super) struct Driver {
    pub(super) executor: Executor,
    pub(super) world: Arc<World>,
    watched: Watched,
    polls: u64,
}

impl Driver {
    pub(super) fn new(executor: Executor, world: Arc<World>) -> Self {
        Driver { executor, world, watched: Watched::new(), polls: 0 }
    }

    pub(super) fn part(&self, name: &'static str) {
        self.world.note(&Step::Part { name });
    }

    /// Until the run's own tasks are done.
    pub(super) fn until_done(&mut self) {
        while self.polls_all() && self.is_busy() && self.passes(u64::MAX) {}
        if self.world.violation().is_none() && self.is_busy() {
            let what = "somebody waits for ever: nothing is ready and nobody sleeps";
            self.world.violated(WakeUp.broken(what));
        }
    }

    fn is_busy(&self) -> bool {
        self.executor.tasks_of(0).next().is_some()
    }

    /// For so many milliseconds.
    pub(super) fn pass(&mut self, millis: u64) {
        let until = self.world.now() + millis;
        while self.polls_all() && self.passes(until) {}
        self.world.time.advance_to(until);
        self.polls_all();
    }

    /// Until nothing is ready. False if an invariant is violated.
    fn polls_all(&mut self) -> bool {
        let world = &self.world;
        while let Some(polled) = self.executor.poll_one(&world.random) {
            world.note(&Step::Poll { task: polled.task, of: polled.name });
            self.polls += 1;
            let panics = self.watched.unexpected();
            if polled.panicked || !panics.is_empty() {
                world.violated(NoPanic.broken(format!("a panic nobody asked for: {panics:?}")));
            }
            if self.polls > MOST_POLLS {
                let what = format!("{MOST_POLLS} polls and no end: a livelock");
                world.violated(Progress.broken(what));
            }
            if world.violation().is_some() {
                return false;
            }
        }
        world.violation().is_none()
    }

    /// Lets time pass until the next sleeper wakes, or a little longer. False if there is none
    /// before `until`.
    fn passes(&mut self, until: u64) -> bool {
        let world = &self.world;
        world.watch();
        let Some(next) = world.time.next_sleeper() else {
            return false;
        };
        if next.as_millis() > until || world.violation().is_some() {
            return false;
        }
        let late = world.random.lock().pick(&[0, 0, 0, 1, 4]);
        world.time.advance_to(next.plus_millis(late).as_millis().min(until.max(next.as_millis())));
        let to = world.now();
        world.note(&Step::Pass { to });
        true
    }
}
