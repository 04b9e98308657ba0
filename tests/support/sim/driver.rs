//! The driver of a run: polls what is ready, and lets time pass when nothing is.

use std::sync::Arc;

use bailiwick::{Clock, ManualClock};
use parking_lot::Mutex;

use super::executor::Executor;
use super::panics::Watched;
use super::random::Random;
use super::trace::Step;
use crate::invariant::Invariant::{NoPanic, Progress, WakeUp};
use crate::invariant::Violation;

/// The world of a run, as its driver sees it.
pub(super) trait Driven {
    /// No run takes nearly as many polls; one that does is going round in circles.
    const MOST_POLLS: u64;

    fn random(&self) -> &Mutex<Random>;
    fn time(&self) -> &ManualClock;
    fn note(&self, step: &Step);
    fn violated(&self, violation: Violation);
    fn violation(&self) -> Option<Violation>;

    /// Checks what must hold whenever nothing is ready and time is about to pass.
    fn check_at_rest(&self) {}
}

/// Drives a run.
pub(super) struct Driver<W> {
    pub(super) executor: Executor,
    pub(super) world: Arc<W>,
    watched: Watched,
    polls: u64,
}

impl<W: Driven> Driver<W> {
    pub(super) fn new(executor: Executor, world: Arc<W>) -> Self {
        Driver { executor, world, watched: Watched::new(), polls: 0 }
    }

    /// The next part of the run begins.
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
        let until = self.world.time().now().as_millis() + millis;
        while self.polls_all() && self.passes(until) {}
        self.world.time().advance_to(until);
        self.polls_all();
    }

    /// Until nothing is ready. False if an invariant is violated.
    fn polls_all(&mut self) -> bool {
        let world = &self.world;
        while let Some(polled) = self.executor.poll_one(world.random()) {
            world.note(&Step::Poll { task: polled.task, of: polled.name });
            self.polls += 1;
            let panics = self.watched.unexpected();
            if polled.panicked || !panics.is_empty() {
                world.violated(NoPanic.broken(format!("a panic nobody asked for: {panics:?}")));
            }
            if self.polls > W::MOST_POLLS {
                let what = format!("{} polls and no end: a livelock", W::MOST_POLLS);
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
        let (world, time) = (&self.world, self.world.time());
        world.check_at_rest();
        let Some(next) = time.next_sleeper() else { return false };
        if next.as_millis() > until || world.violation().is_some() {
            return false;
        }
        let late = world.random().lock().pick(&[0, 0, 0, 1, 4]);
        time.advance_to(next.plus_millis(late).as_millis().min(until.max(next.as_millis())));
        world.note(&Step::Pass { to: time.now().as_millis() });
        true
    }
}
