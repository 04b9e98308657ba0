//! Rest: who has nothing to do gives way, and nothing is lost by it.

mod byte_budget;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::{BoxFuture, Spawn, Timestamp};
use bailiwick_tests::fixtures::counter::{Bell, Count, CounterEvent, CounterId, SetAlarm};
use bailiwick_tests::stage::{Stage, settle, write_raw};
use parking_lot::Mutex;
use tokio::runtime::Handle;

const LINGER: Duration = Duration::from_secs(1);

fn id(n: usize) -> CounterId {
    format!("c{n}").parse().expect("an ID")
}

/// Runs actors, but none of the tasks that a runtime starts with: as if the executor were too busy.
#[derive(Clone)]
struct Busy {
    executor: Handle,
    /// Those tasks, until it has started.
    starting: Arc<Mutex<Option<Vec<BoxFuture<()>>>>>,
}

impl Spawn for Busy {
    fn spawn(&self, task: BoxFuture<()>) {
        match &mut *self.starting.lock() {
            Some(held) => held.push(task),
            None => Spawn::spawn(&self.executor, task),
        }
    }
}

#[tokio::test]
async fn who_comes_makes_room_even_if_nobody_else_has_the_time() {
    let starting = Arc::new(Mutex::new(Some(Vec::new())));
    let busy = Busy { executor: Handle::current(), starting: starting.clone() };
    let stage = Stage::with(|builder| {
        builder.spawner(busy).config(|config| config.warm_aggregates(8).resting_aggregates(10))
    })
    .await;
    let held = starting.lock().take();
    assert!(held.is_some_and(|tasks| !tasks.is_empty()), "nobody was held up");
    for wave in (0..500).step_by(50) {
        count(&stage, wave..wave + 50).await;
        settle().await;
        let in_memory = stage.counters.in_memory().len();
        assert!((10..=18).contains(&in_memory), "{in_memory} in memory");
    }
}

#[tokio::test]
async fn more_aggregates_than_may_rest_are_stored_and_forget_nothing() {
    let stage = Stage::with(|builder| builder.config(|config| config.resting_aggregates(10))).await;
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

#[tokio::test]
async fn who_is_used_again_stays_whatever_passes_by() {
    let stage =
        Stage::with(|builder| builder.config(|config| config.resting_aggregates(100))).await;
    for _ in 0..2 {
        rest_after(&stage, 0..50).await;
    }
    for scan in (1_000..3_000).step_by(40) {
        rest_after(&stage, scan..scan + 40).await;
    }
    let in_memory = stage.counters.in_memory();
    assert_eq!(in_memory.len(), 100);
    let gone = (0..50).map(id).filter(|id| !in_memory.contains(id));
    assert_eq!(gone.collect::<Vec<_>>(), [], "gave way to those who are used once");
}

/// A working set that moves finds its place, although all places are taken.
#[tokio::test]
async fn who_comes_back_soon_stays() {
    let stage =
        Stage::with(|builder| builder.config(|config| config.resting_aggregates(100))).await;
    rest_after(&stage, 0..100).await;
    for _ in 0..4 {
        rest_after(&stage, 200..230).await;
    }
    let in_memory = stage.counters.in_memory();
    assert!((200..230).all(|n| in_memory.contains(&id(n))), "{in_memory:?}");
    assert_eq!(in_memory.len(), 100);
}

#[tokio::test]
async fn who_is_at_work_does_not_give_way() {
    let stage = Stage::with(|builder| builder.config(|config| config.resting_aggregates(5))).await;
    rest_after(&stage, 5..25).await;
    rest_after(&stage, 0..5).await;
    stage.journal.shut();
    let at_work: Vec<_> =
        (0..5).map(|n| tokio::spawn(stage.counters.get(id(n)).ask(Count::FREELY))).collect();
    stage.journal.waiting(5).await;
    let reads = stage.journal.reads();
    for n in 5..25 {
        let read = stage.counters.get(id(n)).read(|state, _| state.value);
        assert_eq!(read.await.expect("it is read").value, 1);
    }
    stage.clock.advance(LINGER);
    settle().await;
    assert!(stage.journal.reads() > reads + 5, "all had room");
    let in_memory = stage.counters.in_memory();
    assert!((0..5).all(|n| in_memory.contains(&id(n))), "they are there: {in_memory:?}");
    assert!(in_memory.len() <= 10, "{in_memory:?}");
    stage.journal.open();
    for at_work in at_work {
        assert_eq!(at_work.await.expect("no panic").expect("it counts"), 2);
    }
    stage.clock.advance(LINGER);
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 5);
}

#[tokio::test]
async fn a_flood_of_unknown_ids_leaves_nothing() {
    let stage = Stage::new().await;
    for n in 0..5_000 {
        let counter = stage.counters.get(id(n));
        assert_eq!(counter.read(|state, _| state.value).await.expect("it is read").value, 0);
        counter.ask(Count { limit: 0 }).await.expect_err("nothing may be counted");
    }
    settle().await;
    assert_eq!(stage.counters.in_memory(), []);
    assert_eq!(stage.counters.deadlines_armed(), 0);
}

#[tokio::test]
async fn a_flood_of_unknown_ids_pushes_nobody_out() {
    let stage = Stage::with(|builder| builder.config(|config| config.resting_aggregates(10))).await;
    rest_after(&stage, 0..10).await;
    let flood = (1_000..6_000).map(|n| {
        let counter = stage.counters.get(id(n));
        tokio::spawn(async move {
            let read = counter.read(|state, _| state.value);
            let (read, asked) = tokio::join!(read, counter.ask(Count { limit: 0 }));
            (read.expect("it is read"), asked.expect_err("nothing may be counted"))
        })
    });
    for caller in flood.collect::<Vec<_>>() {
        caller.await.expect("no panic");
    }
    settle().await;
    assert_eq!(stage.counters.in_memory(), (0..10).map(id).collect::<Vec<_>>());
}

/// An actor takes at most 256 commands before others have their turn.
#[tokio::test]
async fn a_hot_aggregate_does_not_keep_the_others_waiting() {
    const COMMANDS_PER_POLL: u64 = 256;
    let stage = Stage::with(|builder| {
        builder.config(|config| config.mailbox_commands(10_000).batch_commands(16))
    })
    .await;
    let hot = stage.counters.get("hot");
    for n in 0..20 {
        stage.journal.shut();
        let callers: Vec<_> = (0..2_000).map(|_| tokio::spawn(hot.ask(Count::FREELY))).collect();
        settle_until(|| stage.runtime.counts().open() == 2_000).await;
        stage.journal.open();
        // As a task that is to have its turn beside the hot one's.
        let cold = stage.counters.get(id(n));
        let cold = tokio::spawn(async move { cold.ask(Count::FREELY).await });
        cold.await.expect("no panic").expect("it counts");
        let meanwhile = 2_000 - stage.runtime.counts().open();
        // One poll of the hot actor before the cold task has its turn, one before it is seen here.
        assert!(meanwhile <= 2 * COMMANDS_PER_POLL, "{meanwhile} hot commands went first");
        for caller in callers {
            caller.await.expect("no panic").expect("it counts");
        }
    }
}

/// Each is used, and all come to rest.
async fn rest_after(stage: &Stage, ids: Range<usize>) {
    count(stage, ids).await;
    stage.clock.advance(LINGER);
    settle().await;
}

async fn count(stage: &Stage, ids: Range<usize>) {
    for n in ids {
        stage.counters.get(id(n)).ask(Count::FREELY).await.expect("it counts");
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

/// One that cannot be loaded, and is kept for longer, drives out nobody who was just used.
#[tokio::test]
async fn one_that_cannot_be_loaded_ages_nobody() {
    let stage = Stage::with(|builder| {
        builder.config(|config| {
            let config = config.warm(Duration::ZERO).idle(Duration::from_secs(10));
            config
                .reload_backoff(Duration::from_secs(30))
                .reload_backoff_max(Duration::from_secs(60))
        })
    });
    let stage = stage.await;
    write_raw(&stage.journal.inner(), "Counted", vec![0x80]).await;
    stage.counters.get("c").ask(Count::FREELY).await.unwrap();
    stage.counters.get("a").ask(Count::FREELY).await.unwrap_err();
    settle().await;
    assert!(stage.counters.in_memory().contains(&"c".into()));
}
