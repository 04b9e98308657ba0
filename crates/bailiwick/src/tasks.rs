//! The tasks of a runtime that are not over, so that its end can be waited for: each of them holds
//! the journal.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bailiwick_core::BoxFuture;
use tokio::sync::Notify;

/// Counts tasks. Cloning shares it.
#[derive(Clone, Default)]
pub(crate) struct Tasks(Arc<Running>);

#[derive(Default)]
struct Running {
    number: AtomicUsize,
    none: Notify,
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
