//! What is refused at the start instead of failing silently later.

use std::time::Duration;

use bailiwick::{BoxFuture, MemoryJournal, Runtime, Spawn, StartError, TaskHealth};
use bailiwick_tests::fixtures::counter::{Bell, Counter, CounterEvent, SetAlarm};
use bailiwick_tests::stage::{BEGIN, Stage, settle};
use tokio::runtime::{Builder as Executor, Handle};

#[test]
fn a_tokio_runtime_without_timers_is_refused() {
    let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
    let refused = executor.block_on(builder.start()).map(drop).unwrap_err();
    assert!(refused.to_string().contains("enable_time"), "{refused}");
}

/// A spawner of one's own that says nothing of its context.
struct Opaque(Handle);

impl Spawn for Opaque {
    fn spawn(&self, task: BoxFuture<()>) {
        Spawn::spawn(&self.0, task);
    }
}

#[test]
fn a_spawner_on_a_tokio_runtime_without_timers_is_refused() {
    let with = Executor::new_current_thread().enable_time().build().unwrap();
    let without = Executor::new_current_thread().build().unwrap();
    let start = |on: &Handle| {
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
        builder.spawner(on.clone()).start()
    };
    let refused = with.block_on(start(without.handle())).map(drop).unwrap_err();
    assert!(matches!(&refused, StartError::NoTimers { message } if message.contains("timers")));
    without.block_on(start(with.handle())).expect("where it is started does not matter");
}

/// Then it is not known at the start.
#[test]
fn health_names_the_tasks_that_ended_for_want_of_timers() {
    let without = Executor::new_current_thread().build().unwrap();
    without.block_on(async {
        let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
        let runtime = builder.spawner(Opaque(Handle::current())).start().await.unwrap();
        let at = Some(runtime.now() + Duration::from_secs(3_600));
        let counter = runtime.aggregates::<Counter>().get("a");
        counter.ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
        settle().await;
        let health = runtime.health();
        assert!(!health.is_well());
        let of_deadlines = |task: &&TaskHealth| task.task.contains("deadlines");
        let ended = health.tasks.iter().find(of_deadlines).expect("it could not sleep");
        assert!(ended.ended && ended.message.contains("timers"), "{health}");
    });
}

#[test]
fn a_clock_of_ones_own_needs_no_timers() {
    let executor = tokio::runtime::Builder::new_current_thread().build().unwrap();
    executor.block_on(async {
        let stage = Stage::new().await;
        let at = Some((BEGIN + 1).into());
        stage.counters.get("a").ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
        stage.clock.advance(Duration::from_millis(1));
        settle().await;
        assert!(matches!(stage.events().await[..], [_, CounterEvent::Rang { .. }]));
    });
}

#[tokio::test]
async fn a_bound_that_cannot_be_kept_is_refused_by_its_name() {
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
    let builder = builder.config(|config| config.due_timeout(Duration::ZERO));
    let refused = builder.start().await.map(drop).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`Config::due_timeout` is zero: no deadline would have a place"
    );
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
    let builder = builder.config(|config| config.due_at_once(0).page_events(0).attempts(7));
    let StartError::Config(wrong) = builder.start().await.map(drop).unwrap_err() else {
        panic!("it is refused for its bounds");
    };
    let bounds: Vec<_> = wrong.iter().map(|wrong| wrong.bound).collect();
    assert_eq!(bounds, ["due_at_once", "page_events"]);
    assert_eq!(
        StartError::Config(wrong).to_string(),
        "`Config::due_at_once` is zero: no deadline would ever fire; \
         `Config::page_events` is zero: nothing could be read"
    );
}

/// "For ever" is a time like any other.
#[tokio::test]
async fn bounds_may_be_for_ever() {
    let stage = Stage::with(|builder| {
        builder.config(|config| {
            config
                .due_timeout(Duration::MAX)
                .timeout(Duration::MAX)
                .warm(Duration::MAX)
                .idle(Duration::MAX)
                .answers_for(Duration::MAX)
                .reload_backoff(Duration::MAX)
                .reload_backoff_max(Duration::MAX)
                .journal_ahead(Duration::MAX)
                .clock_leap(Duration::MAX)
                .clock_confirm(Duration::MAX)
                .deadline_backoff_max(Duration::MAX)
                .reopen_backoff_max(Duration::MAX)
        })
    })
    .await;
    for round in 1..4 {
        for id in ["a", "b", "c"] {
            let at = Some((BEGIN + 10 * round).into());
            stage.counters.get(id).ask(SetAlarm { at, bell: Bell::Rings }).await.unwrap();
        }
        stage.clock.advance(Duration::from_millis(10));
        settle().await;
        let rang = stage.events().await;
        let rang = rang.iter().filter(|event| matches!(event, CounterEvent::Rang { .. }));
        assert_eq!(rang.count() as u64, 3 * round);
    }
}
