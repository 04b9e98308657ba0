//! A flood: far more commands than may wait for the journal, each to another aggregate that is not in
//! memory, while the journal answers no read. As many loads are under way as may be and no more, all
//! others queue without a task, those who cannot wait are told so, and when the journal answers, so is
//! everybody.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use bailiwick::journal::{Answer, Journal};
use bailiwick::{
    Admission, Aggregates, AskError, BoxFuture, Cause, ManualClock, MemoryJournal, Runtime, Spawn,
};
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterId, LimitReached};
use bailiwick_tests::journals::altered::Altered;
use bailiwick_tests::stage::BEGIN;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::coop::unconstrained;
use tokio::task::{JoinHandle, yield_now};

use crate::now;

const COMMANDS: usize = 20_000;
/// How many aggregates may wait for the journal.
const PERMITS: usize = 1_000;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(5);
/// Long enough for every aggregate without work to leave memory.
const IDLE: Duration = Duration::from_secs(600);

/// How many there are, and how many there ever were at once.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    /// One more, until what is returned is dropped.
    fn enter(self: &Arc<Self>) -> Entered {
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        Entered(self.clone())
    }

    fn now(&self) -> usize {
        self.now.load(SeqCst)
    }

    fn most(&self) -> usize {
        self.most.load(SeqCst)
    }

    /// Forgets how many there were at once.
    fn restart(&self) {
        self.most.store(self.now(), SeqCst);
    }
}

struct Entered(Arc<Gauge>);

impl Drop for Entered {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

/// Spawns on tokio, and counts the tasks that have not ended.
struct CountingSpawner {
    executor: Handle,
    tasks: Arc<Gauge>,
}

impl Spawn for CountingSpawner {
    fn spawn(&self, mut task: BoxFuture<()>) {
        let entered = self.tasks.enter();
        drop(self.executor.spawn(poll_fn(move |cx| {
            let _ = &entered;
            task.as_mut().poll(cx)
        })));
    }
}

/// A runtime of counters, and a journal whose reads the test holds back.
struct Flood {
    runtime: Runtime,
    counters: Aggregates<Counter>,
    clock: ManualClock,
    store: MemoryJournal,
    answers_reads: watch::Sender<bool>,
    reads: Arc<Gauge>,
    tasks: Arc<Gauge>,
    /// Those of the runtime itself, which are there for as long as it is.
    own_tasks: usize,
}

type Asked = Result<u64, AskError<Count, LimitReached>>;

impl Flood {
    async fn new() -> Flood {
        let (reads, tasks) = (Arc::<Gauge>::default(), Arc::<Gauge>::default());
        let (answers_reads, gate) = watch::channel(true);
        let (store, counted) = (MemoryJournal::new(), reads.clone());
        let journal = Altered::new(store.clone()).read(move |inner, read| {
            let (entered, mut gate, page) = (counted.enter(), gate.clone(), inner.read(read));
            Answer::later(async move {
                let _entered = entered;
                unconstrained(gate.wait_for(|open| *open)).await.expect("never closed");
                page.await
            })
        });
        let clock = ManualClock::at(BEGIN);
        let runtime = Runtime::builder(journal)
            .aggregate::<Counter>()
            .clock(clock.clone())
            .spawner(CountingSpawner { executor: Handle::current(), tasks: tasks.clone() })
            .config(|config| config.waiting_aggregates(PERMITS))
            .start();
        let runtime = runtime.await.expect("it starts");
        settle().await;
        let (counters, own_tasks) = (runtime.aggregates(), tasks.now());
        let flood =
            Flood { runtime, counters, clock, store, answers_reads, reads, tasks, own_tasks };
        // Loaded and at rest before the journal hangs.
        assert_eq!(flood.ask("known", LONG).await.unwrap().unwrap(), 1);
        flood.answers_reads.send_replace(false);
        flood.reads.restart();
        flood.tasks.restart();
        flood
    }

    fn ask(&self, name: &str, timeout: Duration) -> JoinHandle<Asked> {
        let counter = self.counters.get(name.parse::<CounterId>().expect("an ID"));
        tokio::spawn(counter.timeout(timeout).ask(Count::FREELY))
    }

    /// So many commands, each to another new counter.
    async fn ask_each(
        &self,
        names: &str,
        count: usize,
        timeout: Duration,
    ) -> Vec<JoinHandle<Asked>> {
        let asked = (0..count).map(|n| self.ask(&format!("{names}{n}"), timeout)).collect();
        settle().await;
        asked
    }

    /// How many aggregates have a permit, and how many queue for one.
    fn permits(&self) -> (usize, usize) {
        let recorder = DebuggingRecorder::new();
        metrics::with_local_recorder(&recorder, || self.runtime.record_metrics());
        let told = recorder.snapshotter().snapshot().into_vec();
        let gauge = |name: &str| {
            let found = told.iter().find(|(key, ..)| key.key().name() == name);
            match found {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                Some((_, _, _, DebugValue::Gauge(value))) => value.0 as usize,
                _ => panic!("no gauge {name}"),
            }
        };
        (gauge("bailiwick_aggregates_waiting"), gauge("bailiwick_aggregates_queued"))
    }

    /// As many loads are under way as may be, and `queued` aggregates wait for their turn.
    #[track_caller]
    fn is_full(&self, queued: usize) {
        assert_eq!(self.permits(), (PERMITS, queued));
        assert_eq!(self.reads.now(), PERMITS);
        self.kept_its_bounds();
    }

    /// Nobody has or wants a permit, and no actor is left.
    #[track_caller]
    fn is_over(&self) {
        assert_eq!(self.permits(), (0, 0));
        assert_eq!((self.reads.now(), self.tasks.now()), (0, self.own_tasks));
        assert_eq!(self.runtime.counts().open(), 0);
        self.kept_its_bounds();
    }

    /// Those that queued held neither a part of the journal nor a task, at any moment.
    #[track_caller]
    fn kept_its_bounds(&self) {
        assert!(self.reads.most() <= PERMITS, "{} loads at once", self.reads.most());
        let tasks = self.tasks.most() - self.own_tasks;
        // One that hands its permit on ends after that.
        assert!(tasks <= PERMITS + 1, "{tasks} tasks at once");
    }

    /// How many events the journal has.
    async fn events(&self) -> u64 {
        self.store.head().await.expect("it can be read").position.get()
    }

    /// Aggregates that have nothing to do leave memory.
    async fn all_are_stored(&self) {
        self.clock.advance(IDLE);
        settle().await;
        assert_eq!(self.counters.in_memory().len(), 0);
        self.is_over();
    }
}

/// Lets every task that has something to do do it, however many there are.
async fn settle() {
    for _ in 0..COMMANDS / 10 {
        yield_now().await;
    }
}

#[track_caller]
fn is_overloaded(told: &Asked) {
    let cause = told.as_ref().err().and_then(AskError::not_run);
    assert!(matches!(cause, Some(Cause::Overloaded { most: PERMITS })), "{told:?}");
}

/// What is ready already; it waits for nothing.
#[track_caller]
fn at_once<T>(call: impl Future<Output = T>) -> T {
    let mut call = std::pin::pin!(call);
    match call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
        Poll::Ready(told) => told,
        Poll::Pending => panic!("it has to wait"),
    }
}

#[tokio::test]
async fn a_flood_queues_without_tasks_and_is_answered_when_the_journal_is() {
    let flood = Flood::new().await;
    let asked = flood.ask_each("c", COMMANDS, LONG).await;
    flood.is_full(COMMANDS - PERMITS);
    assert_eq!(flood.runtime.counts().open(), COMMANDS as u64);

    // Who does not want to wait is told so at once, and leaves nothing.
    for n in 0..1_000 {
        let counter = flood.counters.get(format!("r{n}").parse::<CounterId>().unwrap());
        let refused = counter.admission(Admission::Refuse).ask(Count::FREELY);
        is_overloaded(&at_once(unconstrained(refused)));
    }
    // Who cannot wait for so long is told in time.
    let hasty = flood.ask_each("h", 1_000, SHORT).await;
    flood.is_full(COMMANDS - PERMITS + 1_000);
    flood.clock.advance(SHORT);
    settle().await;
    for hasty in hasty {
        assert!(hasty.is_finished(), "it waits for longer than it said");
        is_overloaded(&hasty.await.unwrap());
    }
    flood.is_full(COMMANDS - PERMITS);
    assert_eq!(flood.counters.in_memory().len(), COMMANDS + 1, "those who were told have left");
    // What is known is shown, and a command that queues before that does not begin because of it.
    let behind = flood.ask("known", LONG);
    settle().await;
    let known = tokio::spawn(flood.counters.get("known").read(|counter, _| counter.value));
    assert_eq!(now(known).await.unwrap().value, 1);
    flood.is_full(COMMANDS - PERMITS + 1);
    assert!(asked.iter().all(|asked| !asked.is_finished()));

    flood.answers_reads.send_replace(true);
    for (nth, asked) in asked.into_iter().enumerate() {
        assert_eq!(asked.await.unwrap().unwrap(), 1, "{nth}");
    }
    assert_eq!(behind.await.unwrap().unwrap(), 2);
    settle().await;
    flood.is_over();
    let counts = flood.runtime.counts();
    // With the two of the counter that was known.
    let replied = COMMANDS as u64 + 2;
    assert_eq!((counts.replied, counts.expired), (replied, 1_000));
    assert_eq!((counts.accepted, counts.not_admitted), (replied + 1_000, 1_000));
    assert_eq!(flood.events().await, replied, "each was run once");
    flood.all_are_stored().await;
}

#[tokio::test]
async fn a_flood_that_nobody_waits_for_any_more_leaves_nothing() {
    let flood = Flood::new().await;
    // Half of them go away, the others are told in time; in turns, so that permits are handed on.
    let gone = flood.ask_each("a", COMMANDS / 4, LONG).await;
    let hasty = flood.ask_each("b", COMMANDS / 4, SHORT).await;
    let gone_later = flood.ask_each("c", COMMANDS / 4, LONG).await;
    let hasty_too = flood.ask_each("d", COMMANDS / 4, SHORT).await;
    flood.is_full(COMMANDS - PERMITS);
    gone.iter().for_each(JoinHandle::abort);
    settle().await;
    flood.is_full(COMMANDS - COMMANDS / 4 - PERMITS);
    flood.clock.advance(SHORT);
    settle().await;
    for hasty in hasty.into_iter().chain(hasty_too) {
        let told = hasty.await.unwrap().unwrap_err();
        let cause = told.not_run();
        let expected = matches!(cause, Some(Cause::TimedOut | Cause::Overloaded { .. }));
        assert!(expected, "{told:?}");
    }
    flood.is_full(COMMANDS / 4 - PERMITS);
    gone_later.iter().for_each(JoinHandle::abort);
    settle().await;
    flood.is_over();
    let counts = flood.runtime.counts();
    assert_eq!((counts.replied, counts.expired), (1, COMMANDS as u64));
    assert_eq!(flood.counters.in_memory().len(), 1, "that which was known");
    assert_eq!(flood.events().await, 1, "nothing was run");

    // Whoever comes then is answered as ever.
    flood.answers_reads.send_replace(true);
    for asked in flood.ask_each("a", 2 * PERMITS, LONG).await {
        assert_eq!(asked.await.unwrap().unwrap(), 1);
    }
    flood.all_are_stored().await;
}
