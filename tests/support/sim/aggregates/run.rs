//! A run: first with faults, then without, when every promise falls due, then the end of all runtimes,
//! and then one that has to make do with what is in the journal.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bailiwick::{ManualClock, Sabotage};
use parking_lot::Mutex;

use super::client::client;
use super::coverage::Coverage;
use super::disturbances::{disturb, foreign, set_alarms};
use super::plan::Plan;
use super::watcher::{WATCHERS, watcher};
use super::world::World;
use super::{disturbances, liveness_checks};
use crate::invariant::Invariant::{End, Watch};
use crate::invariant::Violation;
use crate::sim::driver::{Driven, Driver};
use crate::sim::executor::Executor;
use crate::sim::random::Random;
use crate::sim::trace::Step;

/// Long enough for every back-off, every alarm that rings in a run, and all rest.
const REST: u64 = 400;

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    /// All its steps in one number.
    pub trace: u64,
    /// How many steps it took.
    pub steps: u64,
    /// Which cases it met.
    pub coverage: Coverage,
    /// The first invariant that was violated.
    pub violation: Option<Violation>,
}

pub fn run(seed: u64, sabotage: Option<Sabotage>, readable: bool) -> Run {
    let mut random = Random::of(seed);
    let plan = Plan::draw(&mut random);
    let executor = Executor::new(plan.order);
    let world = World::new(plan, random, executor.queue(), sabotage, readable);
    let mut driver = Driver::new(executor, world.clone());
    if readable {
        eprintln!("seed {seed}: {:#?}", world.plan);
    }
    driver.all_parts();
    drop(driver);
    world.end();
    let trace = world.trace.lock();
    Run {
        seed,
        trace: trace.number(),
        steps: trace.steps(),
        coverage: *world.coverage.lock(),
        violation: world.violation(),
    }
}

impl Driven for World {
    const MOST_POLLS: u64 = 10_000;

    fn random(&self) -> &Mutex<Random> {
        &self.random
    }

    fn time(&self) -> &ManualClock {
        &self.time
    }

    fn note(&self, step: &Step) {
        World::note(self, step);
    }

    fn violated(&self, violation: Violation) {
        World::violated(self, violation);
    }

    fn violation(&self) -> Option<Violation> {
        World::violation(self)
    }

    fn check_at_rest(&self) {
        self.check_liveness();
    }
}

impl World {
    /// Lets go of everything, and sees whether anything else holds on to it.
    fn end(self: &Arc<World>) {
        let nodes = std::mem::take(&mut *self.nodes.lock());
        for node in &nodes {
            drop(node.runtime.lock().take());
            drop(node.counters.lock().take());
            drop(node.decisions.lock().take());
        }
        drop(nodes);
        self.watchers.lock().clear();
        if Arc::strong_count(self) != 1 {
            self.violated(End.broken("something of a runtime outlives it: a leak"));
        }
    }
}

impl Driver<World> {
    fn all_parts(&mut self) {
        for part in [Self::with_faults, Self::without_faults, Self::end, Self::restart] {
            part(self);
            if self.world.violation().is_some() {
                return;
            }
        }
    }

    /// Everything at once, while the journal is slow and fails.
    fn with_faults(&mut self) {
        self.part("with faults");
        let world = self.world.clone();
        for _ in 0..world.plan.nodes {
            world.spawn("start", world.clone().start());
        }
        for call in &world.plan.calls {
            world.spawn("client", client(world.clone(), *call));
        }
        for planned in &world.plan.disturbances {
            world.spawn("disturbance", disturb(world.clone(), *planned));
        }
        for planned in &world.plan.foreign {
            world.spawn("foreign", foreign(world.clone(), *planned));
        }
        for planned in &world.plan.watchers {
            let watcher = Box::pin(watcher(world.clone(), *planned));
            world.queue.spawn(WATCHERS, "watcher", watcher);
        }
        self.until_done();
    }

    /// From now on everything works: every command is run, and every promise falls due.
    fn without_faults(&mut self) {
        self.part("without faults");
        self.world.faulty.store(false, Relaxed);
        self.pass(REST);
        let world = self.world.clone();
        for node in world.open_nodes() {
            // An alarm that is broken is tried for ever, even if another writer has mended it.
            world.expect(world.check_memory(&node, &world.plan.broken_bells));
        }
        world.spawn("probe", liveness_checks::probe(world.clone()));
        world.spawn("again", liveness_checks::ask_keys_again(world.clone()));
        self.until_done();
        self.pass(REST);
        let world = &self.world;
        for node in world.open_nodes() {
            let exactly = !world.plan.is_shared() && world.plan.append_faults == 0;
            world.expect(world.check_rest(&node, exactly));
        }
    }

    /// All runtimes are shut down; that takes nothing from anybody.
    fn end(&mut self) {
        self.part("end");
        let world = self.world.clone();
        for node in world.open_nodes() {
            world.spawn("end", disturbances::close(world.clone(), node));
        }
        self.until_done();
        self.pass(1);
        for node in world.nodes.lock().iter() {
            world.expect(node.check_end());
            if let Some(task) = self.executor.tasks_of(node.group()).next() {
                let node = node.number;
                world.violated(
                    End.broken(format!("task {task} of node {node} outlives its runtime")),
                );
            }
        }
        if self.executor.tasks_of(WATCHERS).next().is_some() {
            world.violated(Watch.broken("a watcher outlives its runtime"));
        }
    }

    /// A new runtime learns from the journal what there is to do, and does it.
    fn restart(&mut self) {
        self.part("restart");
        let world = self.world.clone();
        world.spawn("foreign", set_alarms(world.clone()));
        self.until_done();
        world.spawn("start", world.clone().start());
        self.until_done();
        world.spawn("again", liveness_checks::ask_keys_again(world.clone()));
        self.until_done();
        self.pass(REST);
        for node in world.open_nodes() {
            world.expect(world.check_nothing_due(&node));
            world.expect(world.check_rest(&node, true));
        }
        self.end();
    }
}
