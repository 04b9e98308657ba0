//! A run of policies: first with faults, then without, when everything that was sent arrives, then a last
//! runtime that finds nothing to do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bailiwick::{ManualClock, ReactionHandle, Sabotage};
use parking_lot::Mutex;

use super::plan::Plan;
use super::world::World;
use crate::invariant::Invariant::{End, Progress};
use crate::invariant::Violation;
use crate::saying::book::Book;
use crate::sim::driver::{Driven, Driver};
use crate::sim::executor::Executor;
use crate::sim::random::Random;
use crate::sim::trace::Step;

/// Long enough for every back-off and all that is late.
const QUIET: u64 = 200;
/// What came of a run of policies.
#[derive(Debug)]
pub struct PolicyRun {
    /// Its seed.
    pub seed: u64,
    /// All its steps in one number.
    pub trace: u64,
    /// What was to be seen in it.
    pub sights: PolicySights,
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
    for part in [Driver::trouble, Driver::quiet, Driver::aftermath] {
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
    let mut sights = world.sights.lock().clone();
    let books = world.books.lock();
    sights.extend(books.effect.endings.iter().filter_map(|ending| match *ending {
        "performed" => Some(PolicySight::Performed),
        "gave up" => Some(PolicySight::EffectGaveUp),
        "parked" => Some(PolicySight::EffectParked),
        "skipped as a whole" => Some(PolicySight::EffectSkipped),
        "dropped" => Some(PolicySight::EffectDropped),
        _ => None,
    }));
    sights.extend((books.effect.called_again() > 0).then_some(PolicySight::CalledAgain));
    sights.extend(books.policy.endings.iter().map(|ending| match *ending {
        "rejected" => PolicySight::Rejected,
        "nothing" => PolicySight::Nothing,
        "gave up" => PolicySight::GaveUp,
        "skipped" => PolicySight::Skipped,
        "skipped as a whole" => PolicySight::SkippedAsAWhole,
        "dropped" => PolicySight::DroppedByOperator,
        "parked" => PolicySight::Parked,
        _ => PolicySight::Caused,
    }));
    drop(books);
    let trace = world.trace.lock().number();
    PolicyRun { seed, trace, sights, violation: world.violation() }
}

impl Driver<World> {
    fn trouble(&mut self) {
        let world = self.world.clone();
        for _ in 0..world.plan.seats {
            world.spawn("start", world.clone().start());
        }
        for saying in &world.plan.sayings {
            world.spawn("says", world.clone().says(*saying));
        }
        for deed in &world.plan.deeds {
            world.spawn("deed", world.clone().does(*deed));
        }
        self.until_done();
    }

    /// From now on everything works, and an operator retries what is parked.
    fn quiet(&mut self) {
        let world = self.world.clone();
        self.part("quiet");
        world.trouble.store(false, Relaxed);
        world.broken.store(false, Relaxed);
        // Twice: what was late may park a lane again.
        for _ in 0..3 {
            self.pass(QUIET);
            world.open_seats().iter().for_each(|seat| world.retries_all(seat));
        }
        self.pass(QUIET);
        self.checks_that_all_is_done();
    }

    /// A last runtime finds everything done.
    fn aftermath(&mut self) {
        let world = self.world.clone();
        self.part("aftermath");
        self.sees_counts();
        for seat in world.open_seats() {
            drop(seat.runtime.lock().take());
        }
        self.pass(QUIET);
        if let Some(task) = (1..=world.groups()).find_map(|g| self.executor.tasks_of(g).next()) {
            world.violated(End.broken(format!("task {task} outlives its runtime")));
        }
        let (before, calls) = (world.head(), world.books.lock().effect.all_calls());
        world.spawn("start", world.clone().start());
        self.until_done();
        self.pass(QUIET);
        world.open_seats().iter().for_each(|seat| world.retries_all(seat));
        self.pass(QUIET);
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
        let called = world.books.lock().effect.all_calls() - calls;
        if called > 0 {
            world.violated(Progress.broken(format!("a last runtime calls {called} times")));
        }
        self.sees_counts();
        world.end();
        self.pass(QUIET);
    }

    fn sees_counts(&self) {
        for seat in self.world.open_seats() {
            if seat.both().iter().any(|one| one.status().counts.repeated > 0) {
                self.world.saw(PolicySight::FoundDone);
            }
        }
    }

    fn checks_that_all_is_done(&self) {
        let world = &self.world;
        let both: Vec<_> = world.open_seats().iter().flat_map(|seat| seat.both()).collect();
        let undone = world.books.lock().each().map(Book::undone);
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
pub enum PolicySight {
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

/// What was seen.
pub type PolicySights = BTreeSet<PolicySight>;
