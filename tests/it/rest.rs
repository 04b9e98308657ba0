//! Rest: who has nothing to do gives way, and nothing is lost by it.

use std::time::Duration;

use bailiwick::Timestamp;
use bailiwick_tests::counter::{Bell, Count, CounterEvent, CounterId, SetAlarm};
use bailiwick_tests::stage::{Stage, settle};

const LINGER: Duration = Duration::from_secs(1);

fn id(n: usize) -> CounterId {
    format!("c{n}").parse().expect("an ID")
}

#[tokio::test]
async fn more_actors_than_may_linger_leave_at_once() {
    let stage = Stage::with(|builder| {
        builder.config(|config| config.lingering_actors = 8.try_into().expect("not zero"))
    })
    .await;
    for n in 0..100 {
        stage.counters.get(id(n)).ask(Count::FREELY).await.expect("it counts");
    }
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 100, "they stay in memory");
    let actors = (0..100).filter(|n| stage.counters.kill_actor(id(*n))).count();
    assert!((1..=8).contains(&actors), "{actors} actors linger");
}

#[tokio::test]
async fn more_aggregates_than_may_rest_are_stored_and_forget_nothing() {
    let stage = Stage::with(|builder| {
        builder.config(|config| config.resting_aggregates = 10.try_into().expect("not zero"))
    })
    .await;
    let rings_at = stage_now(&stage) + Duration::from_secs(30);
    for n in 0..100 {
        let alarm = SetAlarm { at: Some(rings_at), bell: Bell::Rings };
        stage.counters.get(id(n)).ask(alarm).await.expect("it is set");
    }
    stage.clock.advance(LINGER);
    settle().await;
    let resting = stage.counters.in_memory().len();
    assert!((1..=10).contains(&resting), "{resting} rest");
    assert_eq!(stage.counters.deadlines_armed(), 100);

    stage.clock.advance_to(rings_at);
    settle().await;
    let events = stage.events().await;
    let rang = events.iter().filter(|event| matches!(event, CounterEvent::Rang { .. })).count();
    assert_eq!(rang, 100, "each rings once, in memory or not");
    assert_eq!(stage.counters.deadlines_armed(), 0);
}

/// The policy gives who was used since a second chance.
#[tokio::test]
async fn who_is_used_stays_before_who_is_not() {
    let stage = Stage::with(|builder| {
        builder.config(|config| config.resting_aggregates = 10.try_into().expect("not zero"))
    })
    .await;
    for n in 0..10 {
        stage.counters.get(id(n)).ask(Count::FREELY).await.expect("it counts");
    }
    stage.clock.advance(LINGER);
    settle().await;
    stage.clock.advance(LINGER);
    stage.counters.get(id(0)).ask(Count::FREELY).await.expect("it counts");
    stage.clock.advance(LINGER);
    settle().await;
    for n in 10..15 {
        stage.counters.get(id(n)).ask(Count::FREELY).await.expect("it counts");
    }
    stage.clock.advance(LINGER);
    settle().await;
    let in_memory = stage.counters.in_memory();
    assert!(in_memory.contains(&id(0)), "the first to come was used since: {in_memory:?}");
    assert!(!in_memory.contains(&id(1)), "the second was not: {in_memory:?}");
}

#[tokio::test]
async fn a_flood_of_unknown_ids_leaves_nothing() {
    let stage = Stage::new().await;
    for n in 0..5_000 {
        let counter = stage.counters.get(id(n));
        assert_eq!(counter.read(|state, _| state.value).await.expect("it is read"), 0);
        counter.ask(Count { limit: 0 }).await.expect_err("nothing may be counted");
    }
    settle().await;
    assert_eq!(stage.counters.in_memory(), []);
    assert_eq!(stage.counters.deadlines_armed(), 0);
}

/// A hot aggregate takes at most four batches before another has its turn.
#[tokio::test]
async fn a_hot_aggregate_does_not_keep_the_others_waiting() {
    const BATCH: u64 = 16;
    let stage = Stage::with(|builder| {
        builder.config(|config| {
            config.mailbox_commands = 10_000.try_into().expect("not zero");
            config.batch_commands = 16.try_into().expect("not zero");
        })
    })
    .await;
    let hot = stage.counters.get("hot");
    for n in 0..20 {
        let before = hot.read(|state, _| state.value).await.expect("it is read");
        let callers: Vec<_> = (0..2_000).map(|_| tokio::spawn(hot.ask(Count::FREELY))).collect();
        settle_until(|| stage.runtime.counts().open() > 1_000).await;
        let done = before + 2_000 - stage.runtime.counts().open();
        stage.counters.get(id(n)).ask(Count::FREELY).await.expect("it counts");
        let open = stage.runtime.counts().open();
        let meanwhile = (before + 2_000 - open).saturating_sub(done);
        // One poll of the hot actor while the cold one is loaded, one while it is asked.
        assert!(meanwhile <= 4 * 4 * BATCH, "{meanwhile} hot commands went first");
        for caller in callers {
            caller.await.expect("no panic").expect("it counts");
        }
    }
}

async fn settle_until(mut done: impl FnMut() -> bool) {
    while !done() {
        tokio::task::yield_now().await;
    }
}

fn stage_now(stage: &Stage) -> Timestamp {
    bailiwick::Clock::now(&stage.clock)
}
