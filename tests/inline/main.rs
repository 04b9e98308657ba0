//! Whoever brings work to an aggregate with nothing to do has it done on its own task, and attends to the
//! journal's answer itself; an actor is there only for what nobody polls for.

mod alone;
mod attending;
mod crowded;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use bailiwick::{BoxFuture, Builder, Decide, Spawn};
use bailiwick_tests::fixtures::counter::{Counter, CounterEvent};
use bailiwick_tests::stage::Stage;
use tokio::runtime::{Handle, Runtime as Executor};

/// A stage of which the tasks are counted that it spawns after it has started.
struct Counted {
    stage: Stage,
    spawned: Arc<AtomicUsize>,
}

impl Counted {
    async fn new() -> Counted {
        Counted::with(|builder| builder).await
    }

    async fn with(change: impl FnOnce(Builder) -> Builder) -> Counted {
        let spawned = Arc::<AtomicUsize>::default();
        let spawner = Spawner { executor: Handle::current(), spawned: spawned.clone() };
        let stage = Stage::with(|builder| change(builder.spawner(spawner))).await;
        spawned.store(0, SeqCst);
        Counted { stage, spawned }
    }

    fn spawned(&self) -> usize {
        self.spawned.load(SeqCst)
    }
}

struct Spawner {
    executor: Handle,
    spawned: Arc<AtomicUsize>,
}

impl Spawn for Spawner {
    fn spawn(&self, task: BoxFuture<()>) {
        self.spawned.fetch_add(1, SeqCst);
        Spawn::spawn(&self.executor, task);
    }
}

/// Runs nothing but what it is given, for as long as it is given it.
fn executor() -> Executor {
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a thread")
}

/// Polls once, for somebody whom nobody can wake.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What it was asked for is there at the first poll.
fn at_once<F: Future>(future: F) -> F::Output {
    match poll(&mut Box::pin(future)) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

/// Counts how often it is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Woken {
    fn times(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A count that does something when it is decided. Impure, as no command should be.
struct Do<F>(F);

impl<F: Fn() + Send + 'static> Decide<Do<F>> for Counter {
    type Reply = u64;
    type Rejection = std::convert::Infallible;

    fn decide(
        &self,
        command: &Do<F>,
        ctx: &mut bailiwick::Context<CounterEvent>,
    ) -> Result<u64, Self::Rejection> {
        (command.0)();
        let value = self.value + 1;
        ctx.emit(CounterEvent::Counted { value });
        Ok(value)
    }
}
