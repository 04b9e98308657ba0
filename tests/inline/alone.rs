//! Nobody else is there, and nobody else is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use bailiwick::{Cause, Timestamp};
use bailiwick_tests::fixtures::counter::{
    Bell, Count, CounterEvent, LimitReached, Panic, SetAlarm,
};
use tokio::task::coop::unconstrained;

use super::{Counted, Do, at_once, executor, poll};

/// On a plain thread, with a waker that wakes nobody, and without any runtime around.
#[test]
fn an_idle_aggregate_answers_at_the_first_poll() {
    let executor = executor();
    let theatre = executor.block_on(Counted::new());
    let counters = &theatre.stage.counters;
    thread::scope(|scope| {
        scope.spawn(|| {
            let counter = counters.get("a");
            for value in 1..=3 {
                assert_eq!(at_once(counter.ask(Count::FREELY)).expect("a reply"), value);
            }
            let rejected = at_once(counter.ask(Count { limit: 3 })).expect_err("3");
            assert_eq!(rejected.rejection(), Some(&LimitReached { value: 3 }));
            let read = at_once(counter.read(|state, _| state.value)).expect("it is read");
            assert_eq!(read.value, 3);
            let unseen = at_once(counters.get("unseen").read(|state, _| state.value));
            assert_eq!(unseen.expect("it is read").value, 0);
            let at = Some(Timestamp::from_millis(u64::MAX / 2));
            let alarm = SetAlarm { at, bell: Bell::Rings };
            at_once(counters.get("alarmed").ask(alarm)).expect("it is set");
            let receipt = at_once(counter.ask_with_receipt(Count::FREELY)).expect("a reply");
            assert_eq!((receipt.reply, receipt.position.get()), (4, 5));
        });
    });
    assert_eq!(theatre.spawned(), 0);
    let counts = theatre.stage.runtime.counts();
    assert_eq!((counts.accepted, counts.replied, counts.rejected), (6, 5, 1));
}

/// However many there are, each is over before the next one begins.
#[test]
fn a_hundred_thousand_one_after_the_other_need_the_stack_of_one() {
    const COMMANDS: u64 = 100_000;
    let executor = executor();
    executor.block_on(async {
        let theatre = Counted::new().await;
        let counter = theatre.stage.counters.get("a");
        let (lowest, highest) = (Arc::new(AtomicUsize::new(usize::MAX)), Arc::default());
        let asked = async {
            for value in 1..=COMMANDS {
                let (low, high) = (lowest.clone(), Arc::<AtomicUsize>::clone(&highest));
                let notes_the_stack = Do(move || {
                    let here = std::ptr::from_ref(&0u8.clone()).addr();
                    low.fetch_min(here, SeqCst);
                    high.fetch_max(here, SeqCst);
                });
                assert_eq!(counter.ask(notes_the_stack).await.expect("a reply"), value);
            }
        };
        unconstrained(asked).await;
        let depth = highest.load(SeqCst) - lowest.load(SeqCst);
        assert!(depth < 64 * 1024, "{depth} bytes apart");
        assert_eq!(theatre.spawned(), 0);
    });
}

/// Interleaved poll by poll, and one within a decision of another one.
#[tokio::test]
async fn several_runtimes_on_one_thread_do_not_mix() {
    let theatres = [Counted::new().await, Counted::new().await, Counted::new().await];
    let counters: Vec<_> = theatres.iter().map(|theatre| theatre.stage.counters.get("a")).collect();
    for (counter, counted) in counters.iter().zip([1, 2, 3]) {
        for value in 1..=counted {
            assert_eq!(at_once(counter.ask(Count::FREELY)).expect("a reply"), value);
        }
    }
    theatres.iter().for_each(|theatre| theatre.stage.journal.shut());
    let ask = |n: usize| Box::pin(counters[n].ask(Count::FREELY));
    let mut asked = [ask(0), ask(1), ask(2)];
    for _ in 0..3 {
        assert!(asked.iter_mut().all(|asked| poll(asked).is_pending()));
    }
    for nth in [1, 2, 0] {
        theatres[nth].stage.journal.open();
        for (n, asked) in asked.iter_mut().enumerate().filter(|(n, _)| *n != nth) {
            let is_open = [1, 2, 0].iter().position(|open| *open == n)
                < [1, 2, 0].iter().position(|open| *open == nth);
            assert!(is_open || poll(asked).is_pending(), "{n} is shut");
        }
        let value = u64::try_from(nth).expect("small") + 2;
        assert_eq!(at_once(&mut asked[nth]).expect("a reply"), value);
    }
    let other = counters[1].clone();
    let within = Do(move || {
        assert_eq!(at_once(other.ask(Count::FREELY)).expect("a reply"), 4);
    });
    assert_eq!(at_once(counters[0].ask(within)).expect("a reply"), 3);
    for (theatre, counted) in theatres.iter().zip([3, 4, 4]) {
        let expected: Vec<_> = (1..=counted).map(|value| CounterEvent::Counted { value }).collect();
        assert_eq!(theatre.stage.events().await, expected);
        assert_eq!(theatre.spawned(), 0);
    }
}

/// Of an aggregate that can be copied, and of one that is folded anew; loaded by it, or known before.
#[tokio::test]
async fn a_panic_is_told_and_the_aggregate_is_usable() {
    for id in ["a", "b"] {
        for panic in [Panic::InDecide, Panic::InApply] {
            let theatre = Counted::new().await;
            let counter = theatre.stage.counters.get(id);
            for value in 1..=3 {
                let error = at_once(counter.ask(panic)).expect_err("it panics");
                let cause = error.not_run();
                assert!(matches!(cause, Some(Cause::Panicked { .. })), "{id} {panic:?} {error:?}");
                assert_eq!(at_once(counter.ask(Count::FREELY)).expect("a reply"), value);
            }
            let counts = theatre.stage.runtime.counts();
            assert_eq!((counts.accepted, counts.panicked, counts.replied), (6, 3, 3));
            assert_eq!(theatre.stage.events().await.len(), 3);
            assert_eq!(theatre.spawned(), 0);
        }
    }
}
