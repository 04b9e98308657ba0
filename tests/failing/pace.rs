//! Who folds a long history lets others have their turn meanwhile.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use bailiwick::{Context, Decision, ManualClock, Runtime};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterEvent, CounterId};
use bailiwick_tests::stage::{BEGIN, Stage};

/// How many events the history has.
const EVENTS: u64 = 6_000;
/// How often others must have their turn at least meanwhile.
const TURNS: usize = 10;

async fn with_long_history() -> Stage {
    let stage = Stage::new().await;
    let counter = stage.counters.get("a");
    let asked: Vec<_> = (0..EVENTS).map(|_| counter.ask(Count::FREELY)).collect();
    for asked in asked.into_iter().map(tokio::spawn) {
        asked.await.unwrap().unwrap();
    }
    stage
}

/// How often another task had its turn while this one ran.
async fn turns_during<T: Send + 'static>(
    task: impl Future<Output = T> + Send + 'static,
) -> (usize, T) {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let other = tokio::spawn(poll_fn(move |cx| {
        counted.fetch_add(1, Ordering::Relaxed);
        // Not tokio's own, which waits until nobody else has anything to do.
        cx.waker().wake_by_ref();
        Poll::<()>::Pending
    }));
    let observed = tokio::spawn(async move {
        let output = task.await;
        (turns.load(Ordering::Relaxed), output)
    });
    let observed = observed.await.unwrap();
    other.abort();
    observed
}

fn again(stage: &Stage) -> bailiwick::Builder {
    Runtime::builder(stage.journal.clone())
        .aggregate::<Counter>()
        .decision::<Look>()
        .clock(ManualClock::at(BEGIN))
        .config(|config| config.page_events(1_000_000))
}

#[tokio::test]
async fn a_start_and_a_load_do() {
    let stage = with_long_history().await;
    let (turns, runtime) = turns_during(again(&stage).start()).await;
    assert!(turns >= TURNS, "{turns} turns while it started");
    let runtime = runtime.unwrap();
    let counter = runtime.aggregates::<Counter>().get("a");
    let (turns, value) = turns_during(counter.read(|a, _| a.value)).await;
    assert!(turns >= TURNS, "{turns} turns while it was loaded");
    assert_eq!(value.unwrap().value, EVENTS);
    let (turns, counter) = turns_during(runtime.read::<Counter>("a")).await;
    assert!(turns >= TURNS, "{turns} turns while it was read as a view");
    assert_eq!(counter.unwrap().value.value, EVENTS);
}

struct Look;

impl Decision for Look {
    type Views = Counter;
    type Event = CounterEvent;
    type Reply = u64;
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> CounterId {
        "a".into()
    }

    fn decide(&self, a: &Counter, _: &mut Context<CounterEvent>) -> Result<u64, Self::Rejection> {
        Ok(a.value)
    }
}

#[tokio::test]
async fn a_decision_does() {
    let stage = with_long_history().await;
    let runtime = again(&stage).start().await.unwrap();
    let (turns, value) = turns_during(runtime.decide(Look)).await;
    assert!(turns >= TURNS, "{turns} turns while its view was folded");
    assert_eq!(value.unwrap(), EVENTS);
}
