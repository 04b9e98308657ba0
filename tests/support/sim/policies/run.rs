//! A run of policies: first with faults, then without, when everything that was sent arrives, then a last
//! runtime that finds nothing to do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bailiwick::{Clock, ReactionHandle, Sabotage};

use super::plan::Plan;
use super::world::World;
use crate::invariant::Invariant::{End, NoPanic, Progress, WakeUp};
use crate::invariant::Violation;
use crate::saying::book::Book;
use crate::sim::executor::Executor;
use crate::sim::panics::Watched;
use crate::sim::random::Random;
use crate::sim::trace::Step;

/// Long enough for every back-off and all that is late.
const QUIET: u64 = 200;
const MOST_POLLS: u64 = 60_000;

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
    let mut driver = Driver { executor, world: world.clone(), watched: Watched::new(), polls: 0 };
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

struct Driver {
    executor: Executor,
    world: Arc<World>,
    watched: Watched,
    polls: u64,
}

impl Driver {
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
        world.note(&Step::Part { name: "quiet" });
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
        world.note(&Step::Part { name: "aftermath" });
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

    fn until_done(&mut self) {
        while self.polls_all() && self.is_busy() && self.passes(u64::MAX) {}
        if self.world.violation().is_none() && self.is_busy() {
            let what = "somebody waits for ever: nothing is ready and nobody sleeps";
            self.world.violated(WakeUp.broken(what));
        }
    }

    fn is_busy(&self) -> bool {
        self.executor.tasks_of(0).next().is_some()
    }

    fn pass(&mut self, millis: u64) {
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

    /// Lets time pass until the next sleeper wakes. False if there is none before `until`.
    fn passes(&mut self, until: u64) -> bool {
        let world = &self.world;
        let Some(next) = world.time.next_sleeper() else { return false };
        if next.as_millis() > until || world.violation().is_some() {
            return false;
        }
        let late = world.random.lock().pick(&[0, 0, 0, 1, 4]);
        world.time.advance_to(next.plus_millis(late).as_millis().min(until.max(next.as_millis())));
        let to = world.time.now().as_millis();
        world.note(&Step::Pass { to });
        true
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
