//! Simulated runs, driven by a seed: of runtimes of several aggregates and of decisions about two of
//! them, and of runtimes of a policy and an effect.
//!
//! A run is a function of its seed: one thread, a schedule by chance, a time that passes only when
//! nothing is ready, and a journal that is slow and fails by chance. While it goes on, all that its
//! callers are told and all that takes effect in the journal is checked against a model that is
//! folded by other code than the runtime's.
//!
//! | | |
//! |---|---|
//! | `random`, `executor`, `clock`, `driver`, `trace` | what makes a run a function of its seed |
//! | `faults`, `panics` | how appends fail, and which panics were asked for |
//! | `aggregates` | runs of aggregates and decisions |
//! | `policies` | runs of a policy and an effect |
//!
//! Here: many runs, one after the other in one thread, or many seeds in several threads.

mod aggregates;
mod clock;
mod driver;
mod executor;
mod faults;
mod panics;
mod policies;
pub mod random;
mod trace;

pub use aggregates::{Case, Coverage, Run};
pub use policies::{PolicyCase, PolicyCoverage, PolicyRun};
pub use random::Random;

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::ScopedJoinHandle;

use bailiwick::Sabotage;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};

/// As many as the smallest machine that builds this has cores.
const THREADS: usize = 2;

/// Runs seeds, one at a time.
///
/// It owns a tokio runtime that no task of a run is ever polled on: kameo spawns a task there when
/// an actor stops, and that task does nothing.
pub struct Simulator {
    tokio: Runtime,
}

impl Simulator {
    /// A simulator for this thread.
    ///
    /// # Panics
    /// If there is no tokio runtime to be had.
    #[must_use]
    pub fn new() -> Self {
        let tokio = Builder::new_current_thread().build();
        Simulator { tokio: tokio.expect("a runtime without drivers") }
    }

    /// Runs a seed, perhaps with a bug in every runtime.
    #[must_use]
    pub fn run(&self, seed: u64, sabotage: Option<Sabotage>) -> Run {
        self.run_readable(seed, sabotage, false)
    }

    /// As [`run`](Self::run), and writes every step to the standard error output if `readable`.
    #[must_use]
    pub fn run_readable(&self, seed: u64, sabotage: Option<Sabotage>, readable: bool) -> Run {
        let entered = self.tokio.enter();
        let run = aggregates::run(seed, sabotage, readable);
        drop(entered);
        self.forget_leftovers();
        run
    }

    /// Runs a seed of policies.
    #[must_use]
    pub fn run_policies(&self, seed: u64, sabotage: Option<Sabotage>, readable: bool) -> PolicyRun {
        let entered = self.tokio.enter();
        let run = policies::run(seed, sabotage, readable);
        drop(entered);
        self.forget_leftovers();
        run
    }

    /// What kameo spawned is run to its end, so that it does not pile up.
    fn forget_leftovers(&self) {
        while self.tokio.metrics().num_alive_tasks() > 0 {
            self.tokio.block_on(tokio::task::yield_now());
        }
    }
}

impl Default for Simulator {
    fn default() -> Self {
        Simulator::new()
    }
}

/// Runs all `seeds` in several threads, each run in one of them, until `each` returns false. Their
/// order is that of the seeds, but for those that run at the same time.
///
/// # Panics
/// If `each` panics.
pub fn sweep(
    seeds: impl IntoIterator<Item = u64, IntoIter: Send>,
    sabotage: Option<Sabotage>,
    each: impl Fn(Run) -> bool + Sync,
) {
    sweep_with(seeds, |simulator, seed| each(simulator.run(seed, sabotage)));
}

/// The same of policies.
///
/// # Panics
/// If `each` panics.
pub fn sweep_policies(
    seeds: impl IntoIterator<Item = u64, IntoIter: Send>,
    sabotage: Option<Sabotage>,
    each: impl Fn(PolicyRun) -> bool + Sync,
) {
    sweep_with(seeds, |simulator, seed| each(simulator.run_policies(seed, sabotage, false)));
}

fn sweep_with(
    seeds: impl IntoIterator<Item = u64, IntoIter: Send>,
    each: impl Fn(&Simulator, u64) -> bool + Sync,
) {
    let (seeds, stopped) = (Mutex::new(seeds.into_iter()), AtomicBool::new(false));
    let next = || seeds.lock().next().filter(|_| !stopped.load(Relaxed));
    let work = || {
        let simulator = Simulator::new();
        while let Some(seed) = next() {
            if !each(&simulator, seed) {
                stopped.store(true, Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let ends: Vec<_> = threads.into_iter().map(ScopedJoinHandle::join).collect();
        if let Some(panic) = ends.into_iter().find_map(Result::err) {
            resume_unwind(panic);
        }
    });
}
