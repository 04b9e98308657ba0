//! A runtime of counters whose actors can be seen coming and going, and whose loads can be held up.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use bailiwick::{AskError, Builder, ManualClock};
use bailiwick_tests::fixtures::counter::{Count, LimitReached};
use bailiwick_tests::journals::faulty::FaultyJournal;
use bailiwick_tests::stage::{BEGIN, Stage};
use tokio::task::JoinHandle;

use super::actors::Actors;
use super::slow_journal::{Gate, slow_reads};

/// How long an aggregate with nothing to do stays as it is, and how long it stays in memory.
pub const LINGER: Duration = Duration::from_millis(10);

/// A stage of which it can be seen when actors come and go, and on which loading can be held up.
pub struct ActorHarness {
    pub stage: Stage,
    pub actors: Actors,
    pub loading: Gate,
}

impl ActorHarness {
    /// An empty one.
    pub async fn new() -> ActorHarness {
        ActorHarness::with(|builder| builder).await
    }

    /// As [`ActorHarness::new`], with changes to the runtime.
    pub async fn with(change: impl FnOnce(Builder) -> Builder) -> ActorHarness {
        let loading = Gate::default();
        let actors = Actors::on(tokio::runtime::Handle::current());
        let journal = FaultyJournal::new(slow_reads(&loading));
        let stage = Stage::on(journal, ManualClock::at(BEGIN), |builder| {
            let builder = builder
                .spawner(actors.clone())
                .config(|config| config.warm(LINGER).idle(LINGER).timeout(Duration::MAX));
            change(builder)
        })
        .await;
        actors.forget();
        ActorHarness { stage, actors, loading }
    }

    /// Counts once more.
    pub fn count(&self) -> Asked {
        tokio::spawn(self.stage.counters.get("a").ask(Count::FREELY))
    }

    /// Counts while the journal is shut. When this returns the caller attends to its answer, and runs no turn.
    pub async fn count_with_a_caller(&self) -> Asked {
        let mut asked = Box::pin(self.stage.counters.get("a").ask(Count::FREELY));
        assert!(poll_once(&mut asked).await.is_pending(), "the journal is shut");
        tokio::spawn(asked)
    }

    /// Counts twice while the journal is shut: the first caller attends to its answer, and the second
    /// brings an actor, which waits for the journal.
    pub async fn counts_of_an_actor(&self) -> [Asked; 2] {
        self.stage.journal.shut();
        let first = self.count_with_a_caller().await;
        within_reason(self.stage.journal.waiting(1)).await;
        [first, self.count_with_an_actor().await]
    }

    /// Counts once more, while a caller attends to the aggregate: an actor takes over.
    pub async fn count_with_an_actor(&self) -> Asked {
        let before = self.actors.so_far();
        let count = self.count();
        self.actors.begin(before + 1).await;
        yields(8).await;
        count
    }

    /// Waits until a resting aggregate has left memory.
    pub async fn is_stored(&self) {
        within_reason(async {
            while !self.stage.counters.in_memory().is_empty() {
                self.stage.clock.advance(LINGER);
                yields(8).await;
            }
        })
        .await;
    }
}

/// Somebody who waits for the answer to a count.
pub type Asked = JoinHandle<Result<u64, AskError<Count, LimitReached>>>;

/// Whoever takes longer than this hangs. No test waits for time to pass.
pub async fn within_reason<F: Future>(future: F) -> F::Output {
    let limit = Duration::from_secs(20);
    tokio::time::timeout(limit, future).await.expect("it hangs")
}

/// What they counted, in the order in which they asked.
pub async fn values(asked: impl IntoIterator<Item = Asked>) -> Vec<u64> {
    let mut values = Vec::new();
    for asked in asked {
        let answer = within_reason(asked).await.expect("no panic");
        values.push(answer.expect("a reply"));
    }
    values
}

/// Lets others have their turn.
pub async fn yields(times: usize) {
    for _ in 0..times {
        tokio::task::yield_now().await;
    }
}

/// Polls it once, and no more.
pub async fn poll_once<F: Future>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}
