//! The runtime is dropped or shut down with commands in every place where one can be: each caller is
//! told the truth, nobody hangs, and the counts add up.

use std::time::Duration;

use bailiwick::{Aggregates, AskError, Cause, ReadError, Seen, Unknown};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterId, LimitReached};
use bailiwick_tests::stage::{Stage, events};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::{Asked, values, within_reason, yields};

/// What the callers of a stage that is about to end are told.
pub struct Audience {
    /// Its command is being appended.
    submitted: Asked,
    /// Decided on top of it, in the mailbox, at the door.
    others: Vec<Asked>,
    read: JoinHandle<Result<Seen<u64>, ReadError>>,
}

/// How many get in: one runs, two are decided on top of it, four wait.
const INSIDE: usize = 7;
const AT_THE_DOOR: usize = 3;

/// A stage on which a command is in every place where one can be.
pub async fn full_stage(executor: Handle) -> (Stage, Audience) {
    let stage = Stage::with(|builder| {
        builder.spawner(executor).config(|config| config.mailbox_commands(4).batch_commands(2))
    })
    .await;
    stage.journal.shut();
    let counter = stage.counters.get("a");
    let submitted = tokio::spawn(counter.ask(Count::FREELY));
    stage.journal.waiting(1).await;
    let read = tokio::spawn(counter.read(|state, _| state.value));
    let mut others = Vec::new();
    for n in 1..INSIDE + AT_THE_DOOR {
        others.push(tokio::spawn(counter.ask(Count::FREELY)));
        let inside = (n + 1).min(INSIDE) as u64;
        within_reason(async {
            while stage.runtime.counts().accepted < inside {
                yields(1).await;
            }
        })
        .await;
        yields(8).await;
    }
    (stage, Audience { submitted, others, read })
}

impl Audience {
    pub async fn assert_told_the_truth(self) {
        let submitted = told(self.submitted).await;
        assert!(
            matches!(submitted, AskError::Unknown { why: Unknown::ShutDown, .. }),
            "{submitted:?}"
        );
        for other in self.others {
            let AskError::NotRun(not_run) = told(other).await else { panic!("it was not run") };
            assert!(matches!(not_run.cause, Cause::ShutDown), "{not_run:?}");
            assert_eq!(not_run.command.limit, u64::MAX, "the command comes back");
        }
        let read = within_reason(self.read).await.expect("no panic");
        assert!(matches!(read, Err(ReadError::ShutDown)), "{read:?}");
    }
}

async fn told(asked: Asked) -> AskError<Count, LimitReached> {
    within_reason(asked).await.expect("no panic").expect_err("it is gone")
}

/// One was being appended, the others inside are given back, those at the door were not let in.
pub fn assert_add_up(counters: &Aggregates<Counter>) {
    let counts = counters.counts();
    let (inside, at_the_door) = (INSIDE as u64, AT_THE_DOOR as u64);
    let accepted = (counts.accepted, counts.unknown, counts.returned);
    assert_eq!(accepted, (inside, 1, inside - 1), "{counts:?}");
    assert_eq!((counts.not_admitted, counts.open()), (at_the_door, 0), "{counts:?}");
}

#[tokio::test]
async fn a_runtime_dropped_in_full_swing_tells_everybody() {
    let (stage, audience) = full_stage(Handle::current()).await;
    let Stage { runtime, counters, journal, .. } = stage;
    drop(runtime);
    audience.assert_told_the_truth().await;
    assert_add_up(&counters);
    journal.open();
    yields(16).await;
    assert_eq!(events(&journal.inner()).await, [], "nothing is written afterwards");
}

/// Whoever comes too late must not take away from the end what was there in time.
#[tokio::test]
async fn a_shutdown_beyond_its_limit_tells_everybody_whoever_comes_late() {
    let (stage, audience) = full_stage(Handle::current()).await;
    let Stage { runtime, counters, clock, journal } = stage;
    let limit = Duration::from_secs(1);
    let shutdown = tokio::spawn(runtime.shutdown(limit));
    yields(8).await;
    let late = within_reason(counters.get("a").read(|_, _| ())).await;
    assert!(matches!(late, Err(ReadError::ShutDown)), "{late:?}");
    clock.advance(limit);
    let shutdown = within_reason(shutdown).await.expect("no panic");
    assert!(!shutdown.in_time);
    assert_eq!((shutdown.unknown, shutdown.returned), (1, INSIDE as u64 - 1), "{shutdown:?}");
    audience.assert_told_the_truth().await;
    journal.open();
    yields(16).await;
    assert_eq!(events(&journal.inner()).await, [], "nothing is written after the end");
    assert_add_up(&counters);
}

/// New work is refused, also where there is no room for it, and before time passes.
#[tokio::test]
async fn a_shutdown_sends_away_who_waits_for_room() {
    let (stage, mut audience) = full_stage(Handle::current()).await;
    let Stage { runtime, counters, journal, .. } = stage;
    let shutdown = tokio::spawn(runtime.shutdown(Duration::from_secs(1)));
    yields(8).await;
    let mut at_the_door = audience.others.split_off(audience.others.len() - AT_THE_DOOR);
    at_the_door.push(tokio::spawn(counters.get("a").ask(Count::FREELY)));
    for late in at_the_door {
        let late = told(late).await;
        assert!(matches!(late.not_run(), Some(Cause::ShutDown)), "{late:?}");
    }
    journal.open();
    assert!(within_reason(shutdown).await.expect("no panic").in_time);
    let inside = values([audience.submitted].into_iter().chain(audience.others)).await;
    assert_eq!(inside, (1..=INSIDE as u64).collect::<Vec<_>>());
}

/// Whoever comes too late on other threads, in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_dropped_in_a_crowd_tells_everybody() {
    for _ in 0..10 {
        let stage = Stage::new().await;
        stage.journal.shut();
        let ids: Vec<_> = (0..500).map(|n| format!("{n}").parse::<CounterId>().unwrap()).collect();
        let count = |id| tokio::spawn(stage.counters.get(id).ask(Count::FREELY));
        let asked: Vec<_> = ids.iter().map(count).collect();
        within_reason(stage.journal.waiting(ids.len())).await;
        let crowd = [0, 250].map(|first| {
            let ids = ids.iter().cycle().skip(first).take(500).cloned().collect();
            tokio::spawn(read_until_the_end(stage.counters.clone(), ids))
        });
        let Stage { runtime, counters, .. } = stage;
        drop(runtime);
        for asked in asked {
            let error = told(asked).await;
            assert!(matches!(error, AskError::Unknown { why: Unknown::ShutDown, .. }), "{error:?}");
        }
        for late in crowd {
            within_reason(late).await.expect("no panic");
        }
        assert_eq!(counters.counts().open(), 0);
    }
}

async fn read_until_the_end(counters: Aggregates<Counter>, ids: Vec<CounterId>) {
    let mut refused = 0;
    while refused < ids.len() {
        for id in &ids {
            let read = counters.get(id).timeout(Duration::ZERO).read(|_, _| ()).await;
            refused += usize::from(matches!(read, Err(ReadError::ShutDown)));
        }
    }
}

/// By the task that runs it: what the executor runs next is the actor.
#[tokio::test]
async fn a_runtime_dropped_between_any_two_steps_tells_everybody() {
    for step in 0..24 {
        let stage = Stage::new().await;
        let counter = stage.counters.get("a");
        let asked: Vec<_> = (0..6).map(|_| tokio::spawn(counter.ask(Count::FREELY))).collect();
        yields(step).await;
        let Stage { runtime, counters, journal, .. } = stage;
        drop(runtime);
        let mut replied = 0;
        for asked in asked {
            match within_reason(asked).await.expect("no panic") {
                Ok(value) => replied = value,
                Err(AskError::NotRun(not_run)) => {
                    assert!(matches!(not_run.cause, Cause::ShutDown), "{not_run:?}");
                }
                Err(error) => panic!("{error:?}, but this journal is never slow"),
            }
        }
        let written = events(&journal.inner()).await.len();
        assert_eq!(written as u64, replied, "step {step}");
        assert_eq!(counters.counts().open(), 0);
    }
}
