//! Many runs: one after the other in one thread, or many seeds in several threads.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::ScopedJoinHandle;

use bailiwick::Sabotage;
use parking_lot::Mutex;
use tokio::runtime::{Builder, Runtime};

use super::policies::{PolicyRun, run_of};
use super::run::{Run, run};

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
        let run = run(seed, sabotage, readable);
        drop(entered);
        self.forget_leftovers();
        run
    }

    /// Runs a seed of policies.
    #[must_use]
    pub fn run_policies(&self, seed: u64, sabotage: Option<Sabotage>, readable: bool) -> PolicyRun {
        let entered = self.tokio.enter();
        let run = run_of(seed, sabotage, readable);
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
