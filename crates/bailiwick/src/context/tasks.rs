//! The tasks of a runtime: counted while they are not over, so that its end can be waited for (each of
//! them holds the journal), and looked after: one that panics is reported and begins again.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bailiwick_core::BoxFuture;
use tokio::sync::Notify;

use crate::context::{Lock, RuntimeContext, Stage};
use crate::environment::time::Moment;
use crate::error::caught;
use crate::util::backoff::Backoff;
use crate::util::race::{Either, race};

/// How long a task that panicked waits before it begins again; doubled each time.
const RESTART: Duration = Duration::from_millis(100);
/// The bound of that doubling. Who has run for as long begins anew with it.
const RESTART_MAX: Duration = Duration::from_secs(30);

/// How long after a panic of a background task the runtime is not called well.
const UNWELL: Duration = Duration::from_secs(60);

/// A background task that panicked.
///
/// For an example see [`Runtime`](crate::Runtime).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskHealth {
    /// What it does.
    pub task: Arc<str>,
    /// How often it panicked.
    pub panics: u64,
    /// What it said the last time.
    pub message: Arc<str>,
    /// How long ago that was.
    pub ago: Duration,
    /// It does not go on: it could not even wait.
    pub ended: bool,
}

impl TaskHealth {
    /// It has ended, or panicked within the last minute.
    pub(crate) fn is_recent(&self) -> bool {
        self.ended || self.ago < UNWELL
    }
}

/// Counts tasks. Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Running>);

#[derive(Default)]
struct Running {
    number: AtomicUsize,
    none: Notify,
    /// Those that panicked, and when.
    panicked: Lock<BTreeMap<Arc<str>, (TaskHealth, Moment)>>,
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
        let panics = panicked.get(task).map_or(0, |(before, _)| before.panics) + 1;
        let (ago, ended) = (Duration::ZERO, false);
        let health = TaskHealth { task: task.clone(), panics, message, ago, ended };
        panicked.insert(task.clone(), (health, at));
    }

    fn has_ended(&self, task: &Arc<str>) {
        if let Some((health, _)) = self.0.panicked.lock().get_mut(task) {
            health.ended = true;
        }
    }

    /// The tasks that panicked.
    pub(crate) fn health(&self, now: Moment) -> Vec<TaskHealth> {
        let panicked = self.0.panicked.lock();
        let health = panicked.values();
        health.map(|(health, at)| TaskHealth { ago: now.since(*at), ..health.clone() }).collect()
    }
}

impl RuntimeContext {
    /// Runs a task of the runtime that is there until the runtime is closed, made by `begin`. If it
    /// panics, that is reported, and it is made again after a while.
    pub(crate) fn keep<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        task: impl Into<Arc<str>>,
        begin: impl Fn() -> F + Send + Sync + 'static,
    ) {
        let begin = move || -> BoxFuture<()> { Box::pin(begin()) };
        self.spawn(Box::pin(keep_running(self.clone(), task.into(), Box::new(begin))));
    }
}

/// Not generic: it is a lot of code for each task.
async fn keep_running(
    shared: Arc<RuntimeContext>,
    task: Arc<str>,
    begin: Box<dyn Fn() -> BoxFuture<()> + Send + Sync>,
) {
    let backoff = Backoff::new(RESTART, RESTART_MAX);
    let mut times = 0;
    loop {
        let since = shared.time.moment();
        let Err(message) = to_its_end(&begin).await else { return };
        let now = shared.time.moment();
        tracing::error!(%task, %message, "a background task panicked; it begins again");
        shared.tasks.panicked(&task, message, now);
        // Before the stage is looked at, so that its change is not missed: it is not waited any longer then.
        let closing = shared.closing.notified();
        if shared.stage() == Stage::Closed {
            return;
        }
        times = if now.since(since) < RESTART_MAX { times } else { 0 };
        let wait = backoff.after(times);
        times = times.saturating_add(1);
        let slept = to_its_end(|| shared.environment.clock.sleep(wait));
        if let Either::Left(Err(_)) = race(slept, closing).await {
            tracing::error!(%task, "a background task has ended: the clock panics too");
            return shared.tasks.has_ended(&task);
        }
    }
}

/// Runs a future to its end, or to its panic.
async fn to_its_end(begin: impl Fn() -> BoxFuture<()>) -> Result<(), Arc<str>> {
    let mut future = caught(begin)?;
    poll_fn(|cx| match caught(|| future.as_mut().poll(cx)) {
        Ok(polled) => polled.map(Ok),
        Err(message) => Poll::Ready(Err(message)),
    })
    .await
}

/// A future that is a task: it is dropped before it counts as ended, polled or not.
pub(super) struct Counted {
    pub(super) future: BoxFuture<()>,
    pub(super) _task: Task,
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
