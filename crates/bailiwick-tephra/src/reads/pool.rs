//! The threads that read. tephra reads on the thread that asks, and a disk may take its time: that
//! must not be a thread that others need.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bailiwick_core::{BoxError, BoxFuture, ReadError};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Why a read did not come to an end.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error("{0} reads wait for a thread; no more may")]
    TooMany(usize),
    #[error("the journal was closed before")]
    Ended,
    #[error("reading panicked: {0}")]
    Panicked(String),
}

pub(crate) struct Pool {
    queue: Mutex<Queue>,
    work: Condvar,
    max_waiting: usize,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    ended: bool,
}

impl Pool {
    pub(crate) fn new(max_waiting: usize) -> Pool {
        Pool { queue: Mutex::default(), work: Condvar::new(), max_waiting }
    }

    /// Runs `read` on one of the threads, in the order of the calls. It is left out if nobody waits
    /// for it any more when its turn comes.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, BoxError> + Send + 'static,
    ) -> BoxFuture<Result<T, ReadError>> {
        let (waiter, told) = oneshot::channel();
        let job = move || {
            if !waiter.is_closed() {
                let _ = waiter.send(guarded(read));
            }
        };
        let taken = self.run(job);
        Box::pin(async move {
            taken.map_err(unavailable)?;
            told.await.unwrap_or_else(|_| Err(NotRead::Ended.into())).map_err(unavailable)
        })
    }

    /// The same, for what nobody waits for.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), BoxError> {
        let mut queue = self.queue.lock();
        if queue.ended {
            return Err(NotRead::Ended.into());
        }
        if queue.jobs.len() >= self.max_waiting {
            return Err(NotRead::TooMany(queue.jobs.len()).into());
        }
        queue.jobs.push_back(Box::new(job));
        drop(queue);
        self.work.notify_one();
        Ok(())
    }

    /// One of the threads, until the end.
    pub(crate) fn work(&self) {
        loop {
            let mut queue = self.queue.lock();
            let job = loop {
                match queue.jobs.pop_front() {
                    Some(job) => break job,
                    None if queue.ended => return,
                    None => self.work.wait(&mut queue),
                }
            };
            drop(queue);
            job();
        }
    }

    /// What waits is not done any more.
    pub(crate) fn end(&self) {
        let mut queue = self.queue.lock();
        queue.ended = true;
        let jobs = std::mem::take(&mut queue.jobs);
        drop(queue);
        drop(jobs);
        self.work.notify_all();
    }
}

fn guarded<T>(read: impl FnOnce() -> Result<T, BoxError>) -> Result<T, BoxError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|panic| Err(NotRead::Panicked(message(panic.as_ref())).into()))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

fn unavailable(error: BoxError) -> ReadError {
    ReadError::Unavailable(Arc::from(error))
}
