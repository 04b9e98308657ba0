//! Where it can be seen when actors come and go.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};

use bailiwick::{BoxFuture, Spawn};
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::harness::within_reason;

/// Runs tasks on tokio and counts them: once a runtime has begun, each is an actor.
#[derive(Clone)]
pub struct Actors {
    executor: Handle,
    dying_slowly: Arc<AtomicBool>,
    begun: Arc<watch::Sender<usize>>,
    ended: Arc<watch::Sender<usize>>,
}

impl Actors {
    pub fn on(executor: Handle) -> Actors {
        Actors {
            executor,
            dying_slowly: Arc::default(),
            begun: Arc::new(watch::Sender::new(0)),
            ended: Arc::new(watch::Sender::new(0)),
        }
    }

    /// The tasks so far are no actors: they look after deadlines and rest.
    pub fn forget(&self) {
        self.begun.send_replace(0);
    }

    /// From now on an actor that has left its aggregate does not come to its end; or does again.
    pub fn die_slowly(&self, slowly: bool) {
        self.dying_slowly.store(slowly, Relaxed);
    }

    /// How many actors there were so far.
    pub fn so_far(&self) -> usize {
        *self.begun.borrow()
    }

    /// How many of them have ended.
    pub fn gone(&self) -> usize {
        *self.ended.borrow()
    }

    /// Waits until there were `count` actors.
    pub async fn begin(&self, count: usize) {
        let mut begun = self.begun.subscribe();
        let begin = begun.wait_for(|begun| *begun >= count);
        within_reason(begin).await.expect("never closed");
    }

    /// Waits until `count` actors have ended.
    pub async fn end(&self, count: usize) {
        let mut ended = self.ended.subscribe();
        let end = ended.wait_for(|ended| *ended >= count);
        within_reason(end).await.expect("never closed");
    }

    pub async fn all_end(&self) {
        self.end(self.so_far()).await;
    }
}

impl Spawn for Actors {
    fn spawn(&self, task: BoxFuture<()>) {
        self.begun.send_modify(|begun| *begun += 1);
        let (ended, slowly) = (self.ended.clone(), self.dying_slowly.clone());
        let mut task = Some(task);
        // The end is counted after the task was dropped.
        let and_end = poll_fn(move |cx| {
            if slowly.load(Relaxed) {
                exhaust(cx);
            }
            let polled = task.as_mut().map_or(Poll::Ready(()), |task| task.as_mut().poll(cx));
            if polled.is_ready() {
                task = None;
                ended.send_modify(|ended| *ended += 1);
            }
            polled
        });
        drop(self.executor.spawn(and_end));
    }
}

/// Takes all that tokio lets a task do at once. kameo takes locks of tokio's when an actor ends, and
/// gets none of them now; the turns of an aggregate take none.
pub fn exhaust(cx: &mut Context<'_>) {
    while pin!(tokio::task::coop::consume_budget()).poll(cx).is_ready() {}
}
