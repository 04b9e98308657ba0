//! A run of policies: first with faults, then without, when everything that was sent arrives, then a last
//! runtime that finds nothing to do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bailiwick::{ManualClock, ReactionHandle, Sabotage};
use parking_lot::Mutex;

use super::plan::Plan;
use super::world::World;
use crate::fixtures::messages::model::Model;
use crate::invariant::Invariant::{End, Progress};
use crate::invariant::Violation;
use crate::sim::driver::{Driven, Driver};
use crate::sim::executor::Executor;
use crate::sim::random::Random;
use crate::sim::trace::Step;

/// Long enough for every back-off and all that is late.
const REST: u64 = 200;
/// What came of a run of policies.
#[derive(Debug)]
pub struct PolicyRun {
    /// Its seed.
    pub seed: u64,
    /// All its steps in one number.
    pub trace: u64,
    /// Which cases it met.
    pub coverage: PolicyCoverage,
    /// The first invariant that was violated.
    pub violation: Option<Violation>,
}

/// Runs a seed in this thread, in which a tokio runtime is entered.
pub fn run(seed: u64, sabotage: Option<Sabotage>, readable: bool) -> PolicyRun {
    let mut random = Random::of(seed ^ 0x0070_011c_7000);
    let plan = Plan::draw(&mut random);
    let executor = Executor::new(plan.order);
    let world = World::new(plan, random, executor.queue(), sabotage, readable);
    if readable {
        eprintln!("seed {seed}: {:#?}", world.plan);
    }
    let mut driver = Driver::new(executor, world.clone());
    for part in [Driver::with_faults, Driver::without_faults, Driver::restart] {
        part(&mut driver);
        if world.violation().is_some() {
            break;
        }
    }
    world.end();
    drop(driver);
    if world.violation().is_none() && Arc::strong_count(&world) != 1 {
        world.violated(End.broken("something of a runtime outlives it: a leak"));
    }
    let mut coverage = world.coverage.lock().clone();
    let models = world.models.lock();
    coverage.extend(models.effect.endings.iter().filter_map(|ending| match *ending {
        "performed" => Some(PolicyCase::Performed),
        "gave up" => Some(PolicyCase::EffectGaveUp),
        "parked" => Some(PolicyCase::EffectParked),
        "skipped as a whole" => Some(PolicyCase::EffectSkipped),
        "dropped" => Some(PolicyCase::EffectDropped),
        _ => None,
    }));
    coverage.extend((models.effect.called_again() > 0).then_some(PolicyCase::CalledAgain));
    coverage.extend(models.policy.endings.iter().map(|ending| match *ending {
        "rejected" => PolicyCase::Rejected,
        "nothing" => PolicyCase::Nothing,
        "gave up" => PolicyCase::GaveUp,
        "skipped" => PolicyCase::Skipped,
        "skipped as a whole" => PolicyCase::SkippedAsAWhole,
        "dropped" => PolicyCase::DroppedByOperator,
        "parked" => PolicyCase::Parked,
        _ => PolicyCase::Caused,
    }));
    drop(models);
    let trace = world.trace.lock().number();
    PolicyRun { seed, trace, coverage, violation: world.violation() }
}

impl Driver<World> {
    fn with_faults(&mut self) {
        let world = self.world.clone();
        for _ in 0..world.plan.nodes {
            world.spawn("start", world.clone().start());
        }
        for message in &world.plan.messages {
            world.spawn("says", world.clone().send(*message));
        }
        for disturbance in &world.plan.disturbances {
            world.spawn("disturbance", world.clone().disturb(*disturbance));
        }
        self.until_done();
    }

    /// From now on everything works, and an operator retries what is parked.
    fn without_faults(&mut self) {
        let world = self.world.clone();
        self.part("without faults");
        world.faulty.store(false, Relaxed);
        world.broken.store(false, Relaxed);
        // Twice: what was late may park a lane again.
        for _ in 0..3 {
            self.pass(REST);
            world.open_nodes().iter().for_each(|node| world.retry_all(node));
        }
        self.pass(REST);
        self.checks_that_all_is_done();
    }

    /// A last runtime finds everything done.
    fn restart(&mut self) {
        let world = self.world.clone();
        self.part("restart");
        self.cover_counts();
        for node in world.open_nodes() {
            drop(node.runtime.lock().take());
        }
        self.pass(REST);
        if let Some(task) = (1..=world.groups()).find_map(|g| self.executor.tasks_of(g).next()) {
            world.violated(End.broken(format!("task {task} outlives its runtime")));
        }
        let (before, calls) = (world.head(), world.models.lock().effect.all_calls());
        world.spawn("start", world.clone().start());
        self.until_done();
        self.pass(REST);
        world.open_nodes().iter().for_each(|node| world.retry_all(node));
        self.pass(REST);
        self.checks_that_all_is_done();
        let read = bailiwick::journal::Read::new(bailiwick::journal::Query::all());
        let page = bailiwick::journal::Journal::read(
            &world.store,
            read.after(bailiwick::Position::new(before)),
        );
        let page = page.now().expect("at once").expect("it can be read");
        let again =
            page.events.iter().find(|event| event.event.metadata.extra().delivery.is_some());
        if let Some(again) = again {
            world.violated(Progress.broken(format!("a last runtime delivers {again:?}")));
        }
        let called = world.models.lock().effect.all_calls() - calls;
        if called > 0 {
            world.violated(Progress.broken(format!("a last runtime calls {called} times")));
        }
        self.cover_counts();
        world.end();
        self.pass(REST);
    }

    fn cover_counts(&self) {
        for node in self.world.open_nodes() {
            if node.reactions().iter().any(|one| one.status().counts.repeated > 0) {
                self.world.covered(PolicyCase::FoundDone);
            }
        }
    }

    fn checks_that_all_is_done(&self) {
        let world = &self.world;
        let both: Vec<_> = world.open_nodes().iter().flat_map(|node| node.reactions()).collect();
        let undone = world.models.lock().each().map(Model::undone);
        if undone.iter().any(|undone| !undone.is_empty()) {
            let status: Vec<_> = both.iter().map(ReactionHandle::status).collect();
            let what = format!("{undone:?} are never heard or told: {status:?}");
            world.violated(Progress.broken(what));
        }
        for one in both {
            let status = one.status();
            let idle = status.pending == 0 && status.stalled_lanes == 0 && status.parked_lanes == 0;
            if !idle || status.reached != status.read {
                world.violated(Progress.broken(format!("it is not at rest: {status:?}")));
            }
        }
    }
}

impl Driven for World {
    const MOST_POLLS: u64 = 60_000;

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
}

/// Something worth having happened in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum PolicyCase {
    Caused,
    Rejected,
    Nothing,
    GaveUp,
    Skipped,
    SkippedAsAWhole,
    DroppedByOperator,
    /// What was to be delivered was found done.
    FoundDone,
    /// The journal refused a delivery.
    Overtaken,
    Parked,
    /// A lane that an earlier runtime had parked was retried by a later one.
    RetriedAfterRestart,
    /// A lane read what it did not hold.
    ReadOn,
    /// A runtime went on from a mark.
    FromAMark,
    ShutDown,
    Dropped,
    ExecutorLost,
    /// A runtime could not be started, and was started again.
    NotStarted,
    Performed,
    EffectGaveUp,
    EffectParked,
    EffectSkipped,
    EffectDropped,
    /// The outside world was called again.
    CalledAgain,
    /// A call ended before it had an answer.
    CallCut,
    /// A lane was parked, or an operator saw to one, while another runtime ran.
    ParkedBeside,
}

/// The cases that were met.
pub type PolicyCoverage = BTreeSet<PolicyCase>;
