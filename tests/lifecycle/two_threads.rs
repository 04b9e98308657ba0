//! Two threads at the same place at the same time: one of them is first, and both know which.
//!
//! Nothing runs here but what a test runs: an actor's executor stands still until it is driven, so
//! each round puts two steps of two threads side by side, a little earlier or later each time.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use bailiwick_tests::fixtures::counter::{Count, CounterId};
use bailiwick_tests::stage::Stage;
use tokio::runtime::Runtime as Executor;

use super::{poll_once, within_reason, yields};

const ROUNDS: usize = 4_000;

fn executor() -> Executor {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a thread")
}

/// Runs both, on two threads, each after it has lingered a little.
fn at_once<A, B: Send>(
    (later, one): (usize, impl FnOnce() -> A),
    (other_later, other): (usize, impl FnOnce() -> B + Send),
) -> (A, B) {
    let ready = AtomicBool::new(false);
    thread::scope(|scope| {
        let other = scope.spawn(|| {
            ready.store(true, Ordering::Release);
            linger(other_later);
            other()
        });
        while !ready.load(Ordering::Acquire) {
            thread::yield_now();
        }
        linger(later);
        (one(), other.join().expect("no panic"))
    })
}

fn linger(times: usize) {
    (0..times).for_each(|_| std::hint::spin_loop());
}

/// How much later one of two begins, so that both are first about equally often: whoever was first
/// begins later the next time, and ever later for as long as it stays first. So it does not matter
/// how long this machine takes to let a thread run.
#[derive(Default)]
struct Handicap {
    /// Of the one, if positive; of the other, if negative.
    lingers: isize,
    step: isize,
}

impl Handicap {
    /// Some ten milliseconds.
    const MOST: isize = 1 << 20;

    fn of_one(&self) -> usize {
        self.lingers.max(0).unsigned_abs()
    }

    fn of_other(&self) -> usize {
        self.lingers.min(0).unsigned_abs()
    }

    fn adjust(&mut self, one_was_first: bool) {
        let way = if one_was_first { 1 } else { -1 };
        let again = self.step.signum() == way;
        self.step = if again { (self.step * 2).clamp(-Self::MOST, Self::MOST) } else { way };
        self.lingers = (self.lingers + self.step).clamp(-Self::MOST, Self::MOST);
    }
}

/// One live activation per ID, also if two make it.
#[test]
fn two_who_come_first_meet_the_same_aggregate() {
    let executor = executor();
    let stage = executor.block_on(Stage::new());
    let reads = stage.journal.reads();
    for round in 0..ROUNDS {
        let id: CounterId = format!("{round}").parse().expect("an ID");
        let come = || {
            let mut asked = Box::pin(stage.counters.get(&id).ask(Count::FREELY));
            // It is admitted when it is polled first. One of them may be answered by the other.
            let mut cx = Context::from_waker(Waker::noop());
            let polled = asked.as_mut().poll(&mut cx);
            (polled, asked)
        };
        let answer = async |(polled, asked)| match polled {
            Poll::Ready(answer) => answer,
            Poll::Pending => within_reason(asked).await,
        };
        let (one, other) = at_once((round % 53, come), (round % 61, come));
        executor.block_on(async {
            let both = (answer(one).await, answer(other).await);
            let mut both = [both.0.expect("a reply"), both.1.expect("a reply")];
            both.sort_unstable();
            assert_eq!(both, [1, 2], "round {round}");
        });
    }
    assert_eq!(stage.runtime.counts().conflicts, 0, "two of one ID wrote");
    assert_eq!(stage.journal.reads(), reads + ROUNDS, "two of one ID were loaded");
}

/// The claim: a command that its caller gives up while it is taken from the mailbox is run, or it
/// has expired, and never both or neither.
#[test]
fn a_command_given_up_while_it_is_claimed_is_run_or_lapses() {
    let executor = executor();
    let stage = executor.block_on(Stage::new());
    let counter = stage.counters.get("a");
    let mut handicap = Handicap::default();
    for _ in 0..ROUNDS {
        let expired = stage.runtime.counts().expired;
        stage.journal.shut();
        // Whoever asked first attends to its answer, so the other one is left to an actor.
        let mut asked = [(); 2].map(|()| Box::pin(counter.ask(Count::FREELY)));
        for asked in &mut asked {
            assert!(executor.block_on(poll_once(asked)).is_pending());
        }
        let [first, second] = asked;
        let turn = || executor.block_on(yields(2));
        at_once((handicap.of_one(), turn), (handicap.of_other(), || drop(second)));
        stage.journal.open();
        executor.block_on(within_reason(first)).expect("a reply");
        // The actor leaves.
        executor.block_on(yields(8));
        handicap.adjust(stage.runtime.counts().expired == expired);
    }
    let counts = stage.runtime.counts();
    let rounds = ROUNDS as u64;
    let outcomes = (counts.replied - rounds + counts.expired, counts.open());
    assert_eq!(outcomes, (rounds, 0), "{counts:?}");
    let fewer = (counts.replied - rounds).min(counts.expired);
    assert!(fewer > 100, "one was nearly always first: {counts:?}");
    let last = executor.block_on(within_reason(counter.read(|state, _| state.value)));
    assert_eq!(
        last.expect("it is read").value,
        counts.replied,
        "what expired was run, or the reverse"
    );
}
