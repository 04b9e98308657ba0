//! Account sessions, live: the limit holds at every instant, whoever asks and whatever dies.

use std::collections::HashSet;
use std::time::Duration;

use bailiwick::{ManualClock, MemoryJournal, Runtime};
use bailiwick_examples::streaming::{AccountSessions, Acquire, AcquireRefused, SessionId};
use bailiwick_tests::stage::settle;

fn acquire(n: usize) -> Acquire {
    let session: SessionId = format!("s{n}").parse().unwrap();
    Acquire { session, lease_ms: 10_000 }
}

async fn runtime(journal: &MemoryJournal, clock: &ManualClock) -> Runtime {
    let builder = Runtime::builder(journal.clone()).aggregate::<AccountSessions>();
    builder.clock(clock.clone()).start().await.unwrap()
}

/// 64 callers at once; returns how many were granted.
async fn storm(runtimes: &[&Runtime]) -> usize {
    let callers: Vec<_> = (0..64)
        .map(|n| {
            let accounts = runtimes[n % runtimes.len()].aggregates::<AccountSessions>();
            tokio::spawn(accounts.get("acc-1").ask(acquire(n)))
        })
        .collect();
    let mut slots = HashSet::new();
    for caller in callers {
        match caller.await.unwrap() {
            Ok(granted) => assert!(slots.insert(granted.in_use), "a slot was given twice"),
            Err(error) => {
                let refused = error.rejection().expect("a rule");
                assert!(
                    matches!(refused, AcquireRefused::LimitReached { limit: 5 }),
                    "{refused:?}"
                );
            }
        }
    }
    slots.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_never_exceed_the_limit() {
    let (journal, clock) = (MemoryJournal::new(), ManualClock::at(0));
    let runtime = runtime(&journal, &clock).await;
    assert_eq!(storm(&[&runtime]).await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_do_they_through_two_runtimes() {
    let (journal, clock) = (MemoryJournal::new(), ManualClock::at(0));
    let one = runtime(&journal, &clock).await;
    let two = runtime(&journal, &clock).await;
    assert_eq!(storm(&[&one, &two]).await, 5);
}

#[tokio::test]
async fn leases_run_out_by_themselves_and_make_room() {
    let (journal, clock) = (MemoryJournal::new(), ManualClock::at(0));
    let runtime = runtime(&journal, &clock).await;
    let account = runtime.aggregates::<AccountSessions>().get("acc-1");
    assert_eq!(storm(&[&runtime]).await, 5);
    clock.advance(Duration::from_millis(9_999));
    settle().await;
    assert_eq!(account.read(AccountSessions::in_use).await.unwrap().value, 5);
    clock.advance(Duration::from_millis(1));
    assert_eq!(account.read(AccountSessions::in_use).await.unwrap().value, 0);
    settle().await;
    assert_eq!(storm(&[&runtime]).await, 5);
}
