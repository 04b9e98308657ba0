//! A runtime that has ended lets go of its journal, however it ended and whoever still holds a
//! reference: another one can open it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{
    Aggregates, Context, Decision, FileJournal, ManualClock, MemoryJournal, Runtime, Spawn,
};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterEvent, CounterId};
use bailiwick_tests::journals::faulty::FaultyJournal;
use tokio::runtime::Handle;

use super::{within_reason, yields};

/// A runtime that is the only owner of its journal.
async fn owner(journal: impl Journal, spawner: impl Spawn) -> (Runtime, Weak<dyn Journal>) {
    let journal: Arc<dyn Journal> = Arc::new(journal);
    let kept = Arc::downgrade(&journal);
    let runtime = Runtime::builder_shared(journal)
        .aggregate::<Counter>()
        .decision::<Rounds>()
        .clock(ManualClock::at(1_000))
        .spawner(spawner)
        .start()
        .await
        .expect("it starts");
    (runtime, kept)
}

async fn count(counters: &Aggregates<Counter>) {
    within_reason(counters.get("a").ask(Count::FREELY)).await.expect("a reply");
}

async fn assert_let_go(journal: &Weak<dyn Journal>) {
    yields(64).await;
    assert_eq!(journal.strong_count(), 0, "somebody still holds the journal");
}

#[tokio::test]
async fn after_a_shutdown() {
    let (runtime, journal) = owner(MemoryJournal::new(), Handle::current()).await;
    count(&runtime.aggregates()).await;
    runtime.shutdown(Duration::from_secs(1)).await;
    assert_let_go(&journal).await;
}

/// On one thread, without giving way: a shutdown has waited for all that held it.
#[tokio::test]
async fn so_that_its_folder_can_be_opened_in_the_same_breath() {
    let folder = tempfile::tempdir().expect("a folder");
    for round in 0..10 {
        let options = FileJournal::options().lock_timeout(Duration::ZERO);
        let journal = options.open(folder.path()).expect("nobody else has it");
        let (runtime, journal) = owner(journal, Handle::current()).await;
        let counters = runtime.aggregates::<Counter>();
        for id in ["a", "b", "c"] {
            within_reason(counters.get(id).ask(Count::FREELY)).await.expect("a reply");
        }
        drop(counters);
        within_reason(runtime.decide(Rounds)).await.expect("a reply");
        assert!(runtime.shutdown(Duration::from_secs(1)).await.in_time);
        assert_eq!(journal.strong_count(), 0, "round {round}");
    }
}

/// Decides nothing.
struct Rounds;

impl Decision for Rounds {
    type Views = Counter;
    type Event = CounterEvent;
    type Reply = ();
    type Rejection = std::convert::Infallible;

    fn keys(&self) -> CounterId {
        "a".into()
    }

    fn decide(
        &self,
        _: &Counter,
        _: &mut Context<CounterEvent>,
    ) -> Result<(), std::convert::Infallible> {
        Ok(())
    }
}

/// Whoever does not let go in time is not waited for.
#[tokio::test]
async fn a_task_that_stays_does_not_keep_a_shutdown_beyond_its_limit() {
    let clock = ManualClock::at(1_000);
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Counter>();
    let builder = builder.clock(clock.clone()).spawner(Forgetful);
    let runtime = builder.start().await.expect("it starts");
    let shutdown = tokio::spawn(runtime.shutdown(Duration::from_secs(1)));
    yields(64).await;
    assert!(!shutdown.is_finished());
    clock.advance(Duration::from_secs(1));
    assert!(within_reason(shutdown).await.expect("no panic").in_time, "nothing was left to do");
}

/// Neither runs a task nor drops it.
struct Forgetful;

impl Spawn for Forgetful {
    fn spawn(&self, task: bailiwick::BoxFuture<()>) {
        std::mem::forget(task);
    }
}

#[tokio::test]
async fn after_a_drop() {
    let (runtime, journal) = owner(MemoryJournal::new(), Handle::current()).await;
    count(&runtime.aggregates()).await;
    drop(runtime);
    assert_let_go(&journal).await;
}

/// It has its first rest when nobody looks after rest any more.
#[tokio::test]
async fn after_a_shutdown_that_waited_for_the_first_command_of_an_aggregate() {
    let slow = FaultyJournal::new(MemoryJournal::new());
    let (runtime, journal) = owner(slow.clone(), Handle::current()).await;
    slow.shut();
    let counter = runtime.aggregates::<Counter>().get("a");
    let asked = tokio::spawn(counter.ask(Count::FREELY));
    drop(counter);
    slow.waiting(1).await;
    let shutdown = tokio::spawn(runtime.shutdown(Duration::from_secs(1)));
    yields(16).await;
    slow.open();
    assert!(within_reason(shutdown).await.expect("no panic").in_time);
    assert_eq!(asked.await.expect("no panic").expect("a reply"), 1);
    assert_let_go(&journal).await;
}

#[tokio::test]
async fn after_a_drop_with_commands_in_flight() {
    let slow = FaultyJournal::new(MemoryJournal::new());
    let (runtime, journal) = owner(slow.clone(), Handle::current()).await;
    slow.shut();
    let counter = runtime.aggregates::<Counter>().get("a");
    let asked =
        [tokio::spawn(counter.ask(Count::FREELY)), tokio::spawn(counter.ask(Count::FREELY))];
    drop(counter);
    slow.waiting(1).await;
    drop(runtime);
    for asked in asked {
        within_reason(asked).await.expect("no panic").expect_err("it is gone");
    }
    assert_let_go(&journal).await;
}

/// A reference is an ID: who keeps one and asks too late keeps nothing else.
#[tokio::test]
async fn although_somebody_asks_too_late() {
    let (runtime, journal) = owner(MemoryJournal::new(), Handle::current()).await;
    let counters = runtime.aggregates::<Counter>();
    count(&counters).await;
    runtime.shutdown(Duration::from_secs(1)).await;
    for late in ["a", "b"] {
        within_reason(counters.get(late).ask(Count::FREELY)).await.expect_err("too late");
        within_reason(counters.get(late).read(|_, _| ())).await.expect_err("too late");
    }
    assert_eq!(counters.in_memory(), [], "nothing comes into memory any more");
    drop(counters);
    assert_let_go(&journal).await;
}

#[test]
fn after_its_executor() {
    let executor = |threads| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_time().build()
    };
    let (elsewhere, here) = (executor(1).expect("threads"), executor(1).expect("threads"));
    let (runtime, journal) = here.block_on(async {
        let (runtime, journal) = owner(MemoryJournal::new(), elsewhere.handle().clone()).await;
        count(&runtime.aggregates()).await;
        (runtime, journal)
    });
    drop(elsewhere);
    drop(runtime);
    here.block_on(assert_let_go(&journal));
}
