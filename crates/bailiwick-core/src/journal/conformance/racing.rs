//! Running on several threads at once: truly at once, because a race that the threads do not run
//! finds nothing.

use std::hint::spin_loop;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};

/// Runs `run` on that many threads, each with its number; what they return, in order.
pub(super) fn race<T: Send>(threads: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let rounds = race_in_rounds(threads, 1, |_, number| run(number));
    rounds.into_iter().flatten().collect()
}

/// Runs `run` with the number of the round and of the thread, round after round, each starting
/// together; what they return, by round.
pub(super) fn race_in_rounds<T: Send>(
    threads: usize,
    rounds: usize,
    run: impl Fn(usize, usize) -> T + Sync,
) -> Vec<Vec<T>> {
    let (gate, run) = (&Gate::of(threads), &run);
    let of_one_thread = |number| {
        let _opened_at_a_panic = OpenAtPanic(gate);
        let round = |round| {
            gate.pass(round);
            run(round, number)
        };
        (0..rounds).map(round).collect::<Vec<T>>()
    };
    let by_thread: Vec<Vec<T>> = thread::scope(|scope| {
        let spawn = |number| scope.spawn(move || of_one_thread(number));
        let threads: Vec<_> = (0..threads).map(spawn).collect();
        // A thread's panic goes on in the test; its message was printed.
        let join =
            |thread: ScopedJoinHandle<'_, _>| thread.join().unwrap_or_else(|p| resume_unwind(p));
        threads.into_iter().map(join).collect()
    });
    let mut by_thread: Vec<_> = by_thread.into_iter().map(Vec::into_iter).collect();
    let of_round = |_| by_thread.iter_mut().filter_map(Iterator::next).collect();
    (0..rounds).map(of_round).collect()
}

/// Where threads wait for each other. They spin, because those that are woken start one by one.
struct Gate {
    threads: usize,
    arrived: AtomicUsize,
    /// For good: a thread that panicked will not arrive.
    open: AtomicBool,
}

impl Gate {
    fn of(threads: usize) -> Gate {
        Gate { threads, arrived: AtomicUsize::new(0), open: AtomicBool::new(false) }
    }

    fn pass(&self, round: usize) {
        self.arrived.fetch_add(1, Ordering::SeqCst);
        let mut spins = 0_usize;
        while self.arrived.load(Ordering::SeqCst) < self.threads * (round + 1)
            && !self.open.load(Ordering::SeqCst)
        {
            spins += 1;
            if spins.is_multiple_of(256) {
                thread::yield_now();
            } else {
                spin_loop();
            }
        }
    }
}

/// Lets the others through when a thread panics, or they would wait for it for ever.
struct OpenAtPanic<'a>(&'a Gate);

impl Drop for OpenAtPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.open.store(true, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_start_together_and_come_back_in_order() {
        let started = AtomicUsize::new(0);
        let rounds = race_in_rounds(4, 20, |round, number| {
            let together = started.fetch_add(1, Ordering::SeqCst) / 4;
            (together, round, number)
        });
        for (round, of_round) in rounds.into_iter().enumerate() {
            assert_eq!(of_round, [0, 1, 2, 3].map(|number| (round, round, number)));
        }
    }

    #[test]
    #[should_panic(expected = "of several")]
    fn a_panic_of_several_threads_ends_the_race() {
        race_in_rounds(8, 3, |round, number| {
            assert!(round == 0 || number < 3, "of several");
        });
    }
}
