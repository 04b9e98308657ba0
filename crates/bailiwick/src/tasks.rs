//! The tasks of a runtime that are not over, so that its end can be waited for: each of them holds
//! the journal.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

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

impl Task {
    /// Runs `future` as this task.
    pub(crate) async fn run(self, future: impl Future<Output = ()>) {
        future.await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.0.number.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none.notify_waiters();
        }
    }
}
