//! Rest: who has nothing to do gives way, and nothing is lost by it.

mod shelf;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bailiwick::{BoxFuture, Spawn, Timestamp};
use bailiwick_tests::counter::{Bell, Count, CounterEvent, CounterId, SetAlarm};
use bailiwick_tests::stage::{Stage, settle};
use parking_lot::Mutex;
use tokio::runtime::Handle;

const LINGER: Duration = Duration::from_secs(1);

fn id(n: usize) -> CounterId {
    format!("c{n}").parse().expect("an ID")
}

#[tokio::test]
async fn more_actors_than_may_linger_leave_at_once() {
    let stage = Stage::with(|builder| builder.config(|config| config.warm_aggregates(8))).await;
    for n in 0..100 {
        stage.counters.get(id(n)).ask(Count::FREELY).await.expect("it counts");
    }
    settle().await;
    assert_eq!(stage.counters.in_memory().len(), 100, "they stay in memory");
    let actors = (0..100).filter(|n| stage.counters.kill_actor(id(*n))).count();
    assert!((1..=8).contains(&actors), "{actors} actors linger");
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
    let actors = (0..500).filter(|n| stage.counters.kill_actor(id(*n))).count();
    assert!((1..=8).contains(&actors), "{actors} actors linger");
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
    rest_after(&stage, 0..5).await;
    stage.clock.advance(LINGER / 2);
    count(&stage, 5..25).await;
    stage.clock.advance(LINGER / 2);
    count(&stage, 0..5).await;
    // Those who came later rest, and these linger.
    stage.clock.advance(LINGER / 2);
    settle().await;
    let in_memory = stage.counters.in_memory();
    assert!((0..5).all(|n| stage.counters.kill_actor(id(n))), "they are there: {in_memory:?}");
    settle().await;
    let in_memory = stage.counters.in_memory();
    let used = (0..5).filter(|n| in_memory.contains(&id(*n))).count();
    assert_eq!((used, in_memory.len()), (4, 5), "one place is for who came last: {in_memory:?}");
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

/// A hot aggregate takes at most four batches before another has its turn.
#[tokio::test]
async fn a_hot_aggregate_does_not_keep_the_others_waiting() {
    const BATCH: u64 = 16;
    let stage = Stage::with(|builder| {
        builder.config(|config| config.mailbox_commands(10_000).batch_commands(16))
    })
    .await;
    let hot = stage.counters.get("hot");
    for n in 0..20 {
        let before = hot.read(|state, _| state.value).await.expect("it is read").value;
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
