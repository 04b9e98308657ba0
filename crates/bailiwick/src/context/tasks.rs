//! The tasks of a runtime: counted while they are not over, so that its end can be waited for (each of
//! them holds the journal), and looked after: one that panics is reported and begins again.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bailiwick_core::BoxFuture;
use tokio::sync::Notify;

use crate::context::health::TaskHealth;
use crate::context::{Lock, RuntimeContext, Stage};
use crate::environment::time::Moment;
use crate::error::panic_message;
use crate::util::backoff::Backoff;
use crate::util::race::{Either, race};

/// How long a task that panicked waits before it begins again; doubled each time.
const RESTART: Duration = Duration::from_millis(100);
/// The bound of that doubling. Who has run for as long begins anew with it.
const RESTART_MAX: Duration = Duration::from_secs(30);

/// Makes a task, as often as it has to begin again.
type Begin = Box<dyn Fn() -> BoxFuture<()> + Send + Sync>;

/// Counts tasks. Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Running>);

#[derive(Default)]
struct Running {
    number: AtomicUsize,
    none: Notify,
    /// Those that panicked.
    panicked: Lock<BTreeMap<Arc<str>, Panicked>>,
}

struct Panicked {
    times: u64,
    message: Arc<str>,
    at: Moment,
    ended: bool,
}

/// A task that is not over. It is dropped after everything that the task holds.
pub(crate) struct Task(Arc<Running>);

impl Tasks {
    /// A task begins.
    pub(crate) fn begin(&self) -> Task {
        self.0.number.fetch_add(1, Ordering::Relaxed);
        Task(self.0.clone())
    }

    /// Waits until there is none.
    pub(crate) async fn ended(&self) {
        loop {
            // Before counting, so that the end of the last one is noticed.
            let none = self.0.none.notified();
            if self.0.number.load(Ordering::Acquire) == 0 {
                return;
            }
            none.await;
        }
    }

    fn panicked(&self, task: &Arc<str>, message: Arc<str>, at: Moment) {
        let mut panicked = self.0.panicked.lock();
        let times = panicked.get(task).map_or(0, |before| before.times) + 1;
        panicked.insert(task.clone(), Panicked { times, message, at, ended: false });
    }

    fn has_ended(&self, task: &Arc<str>) {
        if let Some(panicked) = self.0.panicked.lock().get_mut(task) {
            panicked.ended = true;
        }
    }

    /// The tasks that panicked.
    pub(crate) fn health(&self, now: Moment) -> Vec<TaskHealth> {
        let panicked = self.0.panicked.lock();
        let health = panicked.iter().map(|(task, panicked)| TaskHealth {
            task: task.clone(),
            panics: panicked.times,
            message: panicked.message.clone(),
            ago: now.since(panicked.at),
            ended: panicked.ended,
        });
        health.collect()
    }
}

impl RuntimeContext {
    /// Runs a task of the runtime that is there until the runtime is closed, made by `begin`. If it
    /// panics, that is reported, and it is made again after a while.
    pub(crate) fn keep(
        self: &Arc<Self>,
        task: impl Into<Arc<str>>,
        begin: impl Fn() -> BoxFuture<()> + Send + Sync + 'static,
    ) {
        self.keep_running(task.into(), Box::new(begin));
    }

    fn keep_running(self: &Arc<Self>, task: Arc<str>, begin: Begin) {
        let shared = self.clone();
        self.spawn(Box::pin(async move {
            let backoff = Backoff::new(RESTART, RESTART_MAX);
            let mut times = 0;
            loop {
                let since = shared.time.moment();
                let Err(message) = caught(&begin).await else { return };
                let now = shared.time.moment();
                tracing::error!(%task, %message, "a background task panicked; it begins again");
                shared.tasks.panicked(&task, message, now);
                if shared.stage() == Stage::Closed {
                    return;
                }
                times = if now.since(since) < RESTART_MAX { times } else { 0 };
                let wait = backoff.after(times);
                times = times.saturating_add(1);
                if shared.pause(wait).await.is_err() {
                    tracing::error!(%task, "a background task has ended: the clock panics too");
                    return shared.tasks.has_ended(&task);
                }
            }
        }));
    }
}

impl RuntimeContext {
    /// Waits for so long, or until the stage changes.
    async fn pause(&self, wait: Duration) -> Result<(), Arc<str>> {
        // Before the stage is looked at, so that its change is not missed.
        let closing = self.closing.notified();
        if self.stage() == Stage::Closed {
            return Ok(());
        }
        let slept = caught(|| self.environment.clock.sleep(wait));
        match race(slept, closing).await {
            Either::Left(slept) => slept,
            Either::Right(()) => Ok(()),
        }
    }
}

/// Runs a future to its end, or to its panic.
async fn caught(begin: impl Fn() -> BoxFuture<()>) -> Result<(), Arc<str>> {
    let begun = catch_unwind(AssertUnwindSafe(begin));
    let mut future = begun.map_err(|panic| panic_message(&*panic))?;
    let end = poll_fn(|cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx)));
        polled.map_or_else(|panic| Poll::Ready(Err(panic)), |polled| polled.map(Ok))
    })
    .await;
    end.map_err(|panic| panic_message(&*panic))
}

/// A future that is a task: it is dropped before it counts as ended, polled or not.
pub(crate) struct Counted {
    future: BoxFuture<()>,
    _task: Task,
}

impl Task {
    /// Makes `future` this task.
    pub(crate) fn of(self, future: BoxFuture<()>) -> Counted {
        Counted { future, _task: self }
    }
}

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.future.as_mut().poll(cx)
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.0.number.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}
