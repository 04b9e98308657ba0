//! Others are there: nobody keeps them from their turn for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::thread;

use bailiwick_tests::fixtures::counter::Count;
use parking_lot::Mutex;
use tokio::task::yield_now;

use super::{Counted, Do, at_once, executor, poll};

/// As much as tokio lets a task do in its turn.
const BUDGET: u64 = 128;

#[tokio::test]
async fn who_asks_without_end_lets_its_neighbour_have_its_turn() {
    let theatre = Counted::new().await;
    let counter = theatre.stage.counters.get("a");
    for reads in [false, true] {
        let (asked, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (asks, ends, counter) = (asked.clone(), over.clone(), counter.clone());
        let busy = tokio::spawn(async move {
            // A bound, so that this comes to its end if it never lets anybody in between.
            while !ends.load(SeqCst) && asks.load(SeqCst) < 1_000 * BUDGET {
                if reads {
                    counter.read(|state, _| state.value).await.expect("it is read");
                } else {
                    counter.ask(Count::FREELY).await.expect("a reply");
                }
                asks.fetch_add(1, SeqCst);
            }
        });
        let (seen, neighbour) = (asked.clone(), over.clone());
        let neighbour = tokio::spawn(async move {
            let mut most = 0;
            let mut before = 0;
            for _ in 0..20 {
                yield_now().await;
                let now = seen.load(SeqCst);
                most = most.max(now - before);
                before = now;
            }
            neighbour.store(true, SeqCst);
            most
        });
        let most = neighbour.await.expect("no panic");
        busy.await.expect("no panic");
        assert!((1..=2 * BUDGET).contains(&most), "{most} in one turn, reads: {reads}");
    }
    assert_eq!(theatre.spawned(), 0);
}

/// While a caller decides, others queue behind it: it runs some of them, and an actor the rest.
#[test]
fn a_caller_runs_a_bounded_number_of_others_commands() {
    const OTHERS: usize = 500;
    let executor = executor();
    let theatre = executor.block_on(Counted::new());
    let counter = theatre.stage.counters.get("a");
    at_once(counter.ask(Count::FREELY)).expect("a reply");
    let ran_by = Arc::new(Mutex::new(Vec::new()));
    let mut others: Vec<_> = (0..OTHERS)
        .map(|_| {
            let ran_by = ran_by.clone();
            Box::pin(counter.ask(Do(move || ran_by.lock().push(thread::current().id()))))
        })
        .collect();
    let caller = thread::scope(|scope| {
        let (begun, has_begun) = channel();
        let (go, may_go) = channel();
        let may_go = Mutex::new(may_go);
        let holds = counter.ask(Do(move || {
            begun.send(()).expect("somebody waits");
            may_go.lock().recv().expect("somebody lets it go");
        }));
        let caller = scope.spawn(move || {
            assert_eq!(at_once(holds).expect("a reply"), 2);
            thread::current().id()
        });
        has_begun.recv().expect("it begins");
        assert!(others.iter_mut().all(|other| poll(other).is_pending()));
        assert_eq!(theatre.spawned(), 0);
        go.send(()).expect("it is held");
        caller.join().expect("no panic")
    });
    // Nobody else has had a turn: the executor stands still.
    let ran = ran_by.lock().clone();
    assert!((1..=32).contains(&ran.len()), "{} of them", ran.len());
    assert!(ran.iter().all(|by| *by == caller));
    assert_eq!(theatre.spawned(), 1, "an actor for the rest");
    executor.block_on(async {
        for (other, value) in others.into_iter().zip(3..) {
            assert_eq!(other.await.expect("a reply"), value);
        }
    });
    assert_eq!(ran_by.lock().len(), OTHERS);
}
