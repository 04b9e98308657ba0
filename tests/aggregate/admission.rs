//! The door of a mailbox: bounded, in order, and never losing what it turns away.

use std::time::Duration;

use bailiwick::{Admission, AskError, Cause, Unknown};
use bailiwick_tests::fixtures::counter::{Count, Look};
use bailiwick_tests::stage::{Stage, settle};

/// A stage on which one command is in flight, one is formed, and the mailbox of two is full.
async fn full() -> (Stage, Vec<tokio::task::JoinHandle<Option<u64>>>) {
    let stage = Stage::with(|builder| {
        builder.config(|config| config.mailbox_commands(2).batch_commands(1))
    })
    .await;
    stage.journal.shut();
    let mut inside = Vec::new();
    for n in 0..4 {
        inside.push(tokio::spawn(ask(&stage)));
        if n == 0 {
            stage.journal.waiting(1).await;
        }
        settle().await;
    }
    (stage, inside)
}

fn ask(stage: &Stage) -> impl Future<Output = Option<u64>> + Send + use<> {
    let asked = stage.counters.get("a").ask(Count::FREELY);
    async move { asked.await.ok() }
}

#[tokio::test]
async fn a_full_mailbox_gives_the_command_back_at_once_to_who_wants_it_so() {
    let (stage, _inside) = full().await;
    let counter = stage.counters.get("a").admission(Admission::Refuse);
    let error = counter.ask(Count { limit: 77 }).await.unwrap_err();
    let AskError::NotRun(not_run) = error else { panic!("{error:?}") };
    assert!(matches!(not_run.cause, Cause::MailboxFull { capacity: 2 }));
    assert_eq!(not_run.command.limit, 77);
    assert_eq!(stage.runtime.counts().not_admitted, 1);
}

#[tokio::test]
async fn who_waits_gets_in_in_the_order_of_arrival() {
    let (stage, inside) = full().await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(tokio::spawn(ask(&stage)));
        settle().await;
    }
    stage.journal.open();
    for (n, count) in inside.into_iter().chain(waiting).enumerate() {
        assert_eq!(count.await.unwrap(), Some(n as u64 + 1));
    }
}

#[tokio::test]
async fn a_read_does_not_queue_behind_commands() {
    let (stage, _inside) = full().await;
    let read = tokio::spawn(stage.counters.get("b").read(|state, _| state.value));
    assert_eq!(read.await.unwrap().unwrap().value, 0);
    // It saw what is not durable yet, so it waits for that; but not for the mailbox.
    let read = tokio::spawn(stage.counters.get("a").read(|state, _| state.value));
    settle().await;
    stage.journal.open();
    assert!(read.await.unwrap().unwrap().value <= 2);
}

#[tokio::test]
async fn a_time_out_is_not_run_before_the_claim_and_unknown_after() {
    let (stage, inside) = full().await;
    let counter = stage.counters.get("a").timeout(Duration::from_millis(50));
    let at_the_door = tokio::spawn(counter.ask(Count::FREELY));
    settle().await;
    stage.clock.advance(Duration::from_millis(50));
    let error = at_the_door.await.unwrap().unwrap_err();
    assert!(matches!(error.not_run(), Some(Cause::TimedOut)), "{error:?}");
    assert_eq!((stage.runtime.counts().not_admitted, stage.runtime.counts().expired), (1, 0));
    // The default time-out of those inside: two are claimed, two are not.
    stage.clock.advance(Duration::from_secs(5));
    for count in inside {
        assert_eq!(count.await.unwrap(), None);
    }
    assert_eq!(stage.runtime.counts().expired, 2);
    stage.journal.open();
    settle().await;
    assert_eq!(stage.counters.get("a").ask(Look).await.unwrap(), 2);
    let counts = stage.runtime.counts();
    assert_eq!((counts.replied, counts.open()), (3, 0), "counted though nobody listened");
}

#[tokio::test]
async fn a_claimed_command_that_times_out_is_unknown() {
    let stage = Stage::new().await;
    stage.journal.shut();
    let counter = stage.counters.get("a").timeout(Duration::from_millis(50));
    let count = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    stage.clock.advance(Duration::from_millis(50));
    let error = count.await.unwrap().unwrap_err();
    assert!(matches!(error, AskError::Unknown { why: Unknown::TimedOut, .. }), "{error:?}");
}

#[tokio::test]
async fn a_dropped_call_gives_its_place_back() {
    let (stage, inside) = full().await;
    for count in &inside[2..] {
        count.abort();
    }
    settle().await;
    assert_eq!(stage.runtime.counts().expired, 2);
    let next =
        tokio::spawn(stage.counters.get("a").admission(Admission::Refuse).ask(Count::FREELY));
    settle().await;
    stage.journal.open();
    assert_eq!(next.await.unwrap().unwrap(), 3);
}
