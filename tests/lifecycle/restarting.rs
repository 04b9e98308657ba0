//! One live activation per ID: a new actor begins after the last turn of the one before it, and
//! what is done to "the actor" is done to that of today.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bailiwick::journal::Answer;
use bailiwick::{MemoryJournal, Runtime};
use bailiwick_tests::fixtures::runner::{Run, Runner, Track};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::stage::events;

use super::held_decision::Hold;
use super::{ActorHarness, values, within_reason, yields};

/// B5: kameo's next incarnation starts while the last one still stops. The middle of a decision is
/// the worst moment for that.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_actor_killed_in_the_middle_of_a_decision_finishes_it_before_the_next_begins() {
    let harness = ActorHarness::new().await;
    harness.stage.journal.shut();
    let first = harness.count_with_a_caller().await;
    within_reason(harness.stage.journal.waiting(1)).await;
    let (hold, held) = Hold::new();
    let deciding = tokio::spawn(harness.stage.counters.get("a").ask(hold));
    // On the thread of the test, which is none of the workers.
    held.has_begun();
    let reads = harness.stage.journal.reads();
    let counts: Vec<_> = (0..3).map(|_| harness.count()).collect();
    assert!(harness.stage.counters.kill_actor("a"));
    harness.stage.journal.open();
    while harness.stage.runtime.counts().accepted < 5 {
        yields(1).await;
    }
    yields(1_000).await;
    assert!(!counts.iter().any(tokio::task::JoinHandle::is_finished));
    assert_eq!(harness.actors.so_far(), 1, "a second actor while the first one decides");
    held.let_go();
    assert_eq!(values([first]).await, [1]);
    assert_eq!(within_reason(deciding).await.expect("no panic").expect("a reply"), 2);
    assert_eq!(values(counts).await, [3, 4, 5]);
    assert_eq!(harness.stage.journal.reads(), reads, "the state was handed over");
    assert_eq!(harness.stage.runtime.counts().conflicts, 0);
}

/// B5: as above, at every other moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn turns_never_overlap_however_often_their_actor_is_killed() {
    const COUNTS: u64 = 4_000;
    // It answers a little later, so that callers wait and actors take over from them.
    let journal = Altered::new(MemoryJournal::new()).append(|inner, events, condition| {
        let answer = inner.append(events, condition);
        Answer::later(async move {
            yields(1).await;
            answer.await
        })
    });
    let runtime = Runtime::builder(journal).aggregate::<Runner>();
    let runtime = runtime.start().await.expect("it starts");
    let runners = runtime.aggregates::<Runner>();
    let track = Arc::new(Track::default());
    let over = Arc::new(AtomicBool::new(false));
    let (victims, until) = (runners.clone(), over.clone());
    let killer = tokio::spawn(async move {
        let mut killed = 0;
        while !until.load(Relaxed) {
            killed += u64::from(victims.kill_actor("a"));
            yields(1).await;
        }
        killed
    });
    let callers: Vec<_> = (0..6)
        .map(|_| {
            let (runner, run) = (runners.get("a"), Run { slow: true, ..Run::on(&track) });
            tokio::spawn(async move {
                for _ in 0..COUNTS {
                    runner.ask(run.clone()).await.expect("a reply");
                }
            })
        })
        .collect();
    for caller in callers {
        within_reason(caller).await.expect("a reply each time");
    }
    over.store(true, Relaxed);
    assert!(killer.await.expect("no panic") > 100);
    assert_eq!(track.overlaps(), 0);
    assert_eq!(
        runners.get("a").read(|state, _| state.laps).await.expect("it is read").value,
        6 * COUNTS
    );
    assert_eq!(runtime.counts().conflicts, 0);
}

/// B5: as above, for the longest end that an actor can have.
#[tokio::test]
async fn the_end_of_yesterdays_actor_does_not_touch_that_of_today() {
    let harness = ActorHarness::new().await;
    let counts = harness.counts_of_an_actor().await;
    harness.actors.die_slowly(true);
    harness.stage.journal.open();
    assert_eq!(values(counts).await, [1, 2]);
    yields(16).await;
    // The first has left and is still there; the second works.
    assert!(!harness.stage.counters.kill_actor("a"), "it has left");
    assert_eq!(harness.actors.gone(), 0, "it is still there");
    assert_eq!(values([harness.count()]).await, [3]);
    let counts = harness.counts_of_an_actor().await;
    harness.actors.die_slowly(false);
    harness.actors.end(1).await;
    harness.stage.journal.open();
    assert_eq!(values(counts.into_iter().chain([harness.count()])).await, [4, 5, 6]);
    assert_eq!(harness.actors.so_far(), 2, "a third one was needed by nobody");
}

/// B6: kameo's reference from before a restart kills the dead incarnation.
#[tokio::test]
async fn a_kill_hits_the_actor_of_today() {
    let harness = ActorHarness::new().await;
    assert_eq!(values([harness.count()]).await, [1]);
    assert!(!harness.stage.counters.kill_actor("a"), "there is none");
    for n in 1..=5 {
        let counts = harness.counts_of_an_actor().await;
        let alive = harness.actors.so_far();
        assert!(harness.stage.counters.kill_actor("a"));
        harness.actors.end(alive).await;
        // What is in flight needs an actor, and has one.
        assert_eq!(harness.actors.so_far(), alive + 1);
        harness.stage.journal.open();
        assert_eq!(values(counts).await, [2 * n, 2 * n + 1]);
        harness.actors.all_end().await;
    }
    assert_eq!(events(&harness.stage.journal.inner()).await.len(), 11);
}
