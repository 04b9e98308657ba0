//! Whoever goes away takes nothing along: no place in a mailbox, no turn of others, no runtime.
//! What was given up before its turn is never run.

use std::time::Duration;

use bailiwick::{Admission, AskError, Cause, Unknown};
use bailiwick_tests::fixtures::counter::{Count, CounterEvent};
use bailiwick_tests::stage::Stage;

use super::held_decision::Hold;
use super::{ActorHarness, poll_once, values, within_reason, yields};

/// B11: kameo's handler runs although nobody asks any more.
#[tokio::test]
async fn what_is_given_up_before_its_turn_is_never_run() {
    let harness =
        ActorHarness::with(|builder| builder.config(|config| config.batch_commands(1))).await;
    let counter = harness.stage.counters.get("a");
    // One is being appended, and another one decided on top of it: there is no room for more.
    let [first, second] = harness.counts_of_an_actor().await;
    let mut dropped = Box::pin(counter.ask(Count::FREELY));
    assert!(poll_once(&mut dropped).await.is_pending());
    let timed_out = counter.timeout(Duration::ZERO).ask(Count { limit: 7 });
    drop(dropped);
    let AskError::NotRun(not_run) = timed_out.await.expect_err("no turn yet") else {
        panic!("it had no turn")
    };
    assert!(matches!(not_run.cause, Cause::TimedOut));
    assert_eq!(not_run.command.limit, 7, "the command comes back");
    drop(counter.ask(Count::FREELY));
    yields(16).await;
    harness.stage.journal.open();
    assert_eq!(values([first, second, harness.count()]).await, [1, 2, 3]);
    let counts = harness.stage.runtime.counts();
    assert_eq!((counts.accepted, counts.expired, counts.replied), (5, 2, 3));
}

/// B11: from its turn on, it is run, and only the answer is lost.
#[tokio::test]
async fn what_is_given_up_in_its_turn_is_run_once() {
    let harness = ActorHarness::new().await;
    harness.stage.journal.shut();
    let counter = harness.stage.counters.get("a");
    let hasty = counter.timeout(Duration::from_millis(1)).ask(Count::FREELY);
    let (timed_out, dropped) = (tokio::spawn(hasty), harness.count());
    harness.stage.journal.waiting(1).await;
    harness.stage.clock.advance(Duration::from_millis(1));
    let unknown = within_reason(timed_out).await.expect("no panic").expect_err("too late");
    assert!(matches!(unknown, AskError::Unknown { why: Unknown::TimedOut, .. }), "{unknown:?}");
    dropped.abort();
    yields(8).await;
    harness.stage.journal.open();
    assert_eq!(values([harness.count()]).await, [3]);
    let counts = harness.stage.runtime.counts();
    assert_eq!((counts.accepted, counts.replied, counts.expired), (3, 3, 0));
}

/// B11: nor does it wait longer than it said, whatever it is that takes so long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_in_the_middle_of_a_decision_is_told_so_at_once() {
    let harness = ActorHarness::new().await;
    harness.stage.journal.shut();
    let first = harness.count();
    within_reason(harness.stage.journal.waiting(1)).await;
    let (hold, held) = Hold::new();
    let hasty = harness.stage.counters.get("a").timeout(Duration::from_millis(1));
    // An actor decides it: the first caller attends to its answer.
    let deciding = tokio::spawn(hasty.ask(hold));
    // On the thread of the test, which is none of the workers.
    held.has_begun();
    let behind = tokio::spawn(hasty.ask(Count::FREELY));
    while harness.stage.runtime.counts().accepted < 3 {
        yields(1).await;
    }
    harness.stage.clock.advance(Duration::from_millis(1));
    let told = tokio::time::timeout(Duration::from_secs(5), async {
        let not_run = behind.await.expect("no panic").expect_err("no turn yet");
        assert!(matches!(not_run.not_run(), Some(Cause::TimedOut)), "{not_run:?}");
        let unknown = deciding.await.expect("no panic").expect_err("it is still decided");
        assert!(matches!(unknown, AskError::Unknown { why: Unknown::TimedOut, .. }), "{unknown:?}");
    });
    let told = told.await;
    held.let_go();
    told.expect("nobody is told as long as it is decided");
    harness.stage.journal.open();
    assert_eq!(values([first, harness.count()]).await, [1, 3], "it took effect nevertheless");
}

/// As above, if the decision runs on the task of its own caller, who cannot be told before it returns.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gives_up_behind_a_caller_that_decides_is_told_so_at_once() {
    let harness = ActorHarness::new().await;
    let (hold, held) = Hold::new();
    let hasty = harness.stage.counters.get("a").timeout(Duration::from_millis(1));
    let deciding = tokio::spawn(hasty.ask(hold));
    // On the thread of the test, which is none of the workers.
    held.has_begun();
    let behind = tokio::spawn(hasty.ask(Count::FREELY));
    while harness.stage.runtime.counts().accepted < 2 {
        yields(1).await;
    }
    harness.stage.clock.advance(Duration::from_millis(1));
    let told = tokio::time::timeout(Duration::from_secs(5), behind).await;
    held.let_go();
    let told = told.expect("nobody is told as long as it is decided");
    let not_run = told.expect("no panic").expect_err("no turn yet");
    assert!(matches!(not_run.not_run(), Some(Cause::TimedOut)), "{not_run:?}");
    match within_reason(deciding).await.expect("no panic") {
        Ok(value) => assert_eq!(value, 1),
        Err(AskError::Unknown { why: Unknown::TimedOut, .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    assert_eq!(values([harness.count()]).await, [2], "it took effect either way");
}

/// B8: kameo's cancelled stop, which waited for room, leaves a mailbox that takes nothing.
#[tokio::test]
async fn a_cancelled_wait_for_room_leaves_its_place_to_others() {
    let harness = ActorHarness::with(|builder| {
        builder.config(|config| config.mailbox_commands(3).batch_commands(1))
    })
    .await;
    for round in 0..20 {
        harness.stage.journal.shut();
        let mut counts = fill(&harness).await;
        let counter = harness.stage.counters.get("a");
        let mut waiting: Vec<_> = (0..10).map(|_| Box::pin(counter.ask(Count::FREELY))).collect();
        for wait in &mut waiting {
            assert!(poll_once(wait).await.is_pending());
        }
        if round % 2 == 0 {
            drop(waiting);
            harness.stage.journal.open();
        } else {
            // They go away when they were given room, but have not seen it.
            harness.stage.journal.open();
            yields(round).await;
            drop(waiting);
        }
        counts.push(harness.count());
        let told = values(counts).await;
        assert!(told.is_sorted(), "{told:?}");
    }
    assert_eq!(fill(&harness).await.len(), 5, "one runs, one is formed, three places");
}

/// Asks until there is no room; one is in flight and one formed on top of it.
async fn fill(harness: &ActorHarness) -> Vec<super::Asked> {
    harness.stage.journal.shut();
    let mut counts = vec![harness.count()];
    harness.stage.journal.waiting(1).await;
    let counter = harness.stage.counters.get("a").admission(Admission::Refuse);
    loop {
        let count = tokio::spawn(counter.ask(Count::FREELY));
        yields(8).await;
        if count.is_finished() {
            let refused = count.await.expect("no panic").expect_err("no room");
            assert!(matches!(refused.not_run(), Some(Cause::MailboxFull { capacity: 3 })));
            return counts;
        }
        counts.push(count);
    }
}

/// B8: as above, for the stop itself.
#[tokio::test]
async fn a_cancelled_shutdown_leaves_no_zombie() {
    let harness = ActorHarness::with(|builder| {
        builder.config(|config| config.mailbox_commands(3).batch_commands(1))
    })
    .await;
    let counts = fill(&harness).await;
    let waits_for_room = harness.count();
    yields(8).await;
    let ActorHarness { stage, .. } = harness;
    let Stage { runtime, counters, clock, journal } = stage;
    let mut shutdown = Box::pin(runtime.shutdown(Duration::from_secs(1)));
    assert!(poll_once(&mut shutdown).await.is_pending());
    drop(shutdown);
    clock.advance(Duration::from_secs(1));
    for (n, count) in counts.into_iter().chain([waits_for_room]).enumerate() {
        let error = within_reason(count).await.expect("no panic").expect_err("it is gone");
        match error {
            AskError::Unknown { why: Unknown::ShutDown, .. } => {
                assert_eq!(n, 0, "only one was submitted");
            }
            AskError::NotRun(not_run) => assert!(matches!(not_run.cause, Cause::ShutDown)),
            error => panic!("{error:?}"),
        }
    }
    let late = within_reason(counters.get("a").ask(Count::FREELY)).await.expect_err("gone");
    assert!(matches!(late.not_run(), Some(Cause::ShutDown)), "{late:?}");
    journal.open();
    let next = Stage::on(journal, clock, |builder| builder).await;
    let value = within_reason(next.counters.get("a").ask(Count::FREELY)).await;
    assert_eq!(value.expect("the next one works"), 1);
    assert_eq!(next.events().await, [CounterEvent::Counted { value: 1 }]);
}
