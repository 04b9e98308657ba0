//! Reads that wait for a thread.
//!
//! No read is refused for the sake of others: it waits for its turn, for as long as somebody waits
//! for it. So as many wait here as there are futures that do; who drops one takes its read out.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::BoxError;
use bailiwick_core::journal::{Answer, JournalReadError};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::waking::waking;

type Job = Box<dyn FnOnce() + Send>;

/// Why a read did not come to an end.
#[derive(Debug, thiserror::Error)]
enum NotRead {
    #[error("the journal was closed before")]
    Ended,
    #[error("reading panicked: {0}")]
    Panicked(String),
}

#[derive(Default)]
pub(crate) struct Pool(Arc<Jobs>);

#[derive(Default)]
struct Jobs {
    queue: Mutex<Queue>,
    work: Condvar,
}

#[derive(Default)]
struct Queue {
    /// By their place in the order of the calls.
    jobs: BTreeMap<u64, Job>,
    last: u64,
    ended: bool,
}

impl Pool {
    /// Runs `read` on one of the threads, in the order of the calls. It is left out if nobody waits
    /// for it any more when its turn comes.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, BoxError> + Send + 'static,
    ) -> Answer<Result<T, JournalReadError>> {
        let (waiter, told) = oneshot::channel();
        let job = move || {
            if !waiter.is_closed() {
                let _ = waiter.send(guarded(read));
            }
        };
        // Without a place: it is dropped, which tells that the journal has ended.
        let place = self.push(Box::new(job));
        Answer::later(Reading { jobs: self.0.clone(), place, told })
    }

    /// Its place; none if nothing is done any more.
    fn push(&self, job: Job) -> Option<u64> {
        let mut queue = self.0.queue.lock();
        if queue.ended {
            drop(queue);
            drop(job);
            return None;
        }
        queue.last += 1;
        let place = queue.last;
        queue.jobs.insert(place, job);
        drop(queue);
        self.0.work.notify_one();
        Some(place)
    }

    /// One of the threads, until the end.
    pub(crate) fn work(&self) {
        loop {
            let mut queue = self.0.queue.lock();
            let job = loop {
                match queue.jobs.pop_first() {
                    Some((_, job)) => break job,
                    None if queue.ended => return,
                    None => self.0.work.wait(&mut queue),
                }
            };
            drop(queue);
            waking(job);
        }
    }

    /// Does what waits longest, on this thread. Whether anything did.
    #[cfg(feature = "simulation")]
    pub(crate) fn step(&self) -> bool {
        let job = self.0.queue.lock().jobs.pop_first();
        job.is_some_and(|(_, job)| {
            job();
            true
        })
    }

    /// What waits is not done any more.
    pub(crate) fn end(&self) {
        let mut queue = self.0.queue.lock();
        queue.ended = true;
        let jobs = std::mem::take(&mut queue.jobs);
        drop(queue);
        self.0.work.notify_all();
        // Last: it tells whoever waits, which may run anything.
        drop(jobs);
    }
}

/// A read that somebody waits for.
struct Reading<T> {
    jobs: Arc<Jobs>,
    place: Option<u64>,
    told: oneshot::Receiver<Result<T, BoxError>>,
}

impl<T> Future for Reading<T> {
    type Output = Result<T, JournalReadError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let told = Pin::new(&mut self.told).poll(cx);
        told.map(|told| {
            self.place = None;
            told.unwrap_or_else(|_| Err(NotRead::Ended.into())).map_err(unavailable)
        })
    }
}

impl<T> Drop for Reading<T> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let job = self.jobs.queue.lock().jobs.remove(&place);
        // The lock first: it holds what is the journal's.
        drop(job);
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

fn unavailable(error: BoxError) -> JournalReadError {
    JournalReadError::Unavailable(Arc::from(error))
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;

    fn poll<T>(read: &mut Answer<Result<T, JournalReadError>>) -> Option<T> {
        match Pin::new(read).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => Some(read.unwrap()),
            Poll::Pending => None,
        }
    }

    /// Does what waits, on this thread.
    fn work(pool: &Pool) {
        let next = || pool.0.queue.lock().jobs.pop_first();
        while let Some((_, job)) = next() {
            job();
        }
    }

    #[test]
    fn however_many_read_at_once_each_has_its_turn_in_order() {
        let pool = Pool::default();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut reads: Vec<_> = (0..200_000)
            .map(|n| {
                let order = order.clone();
                pool.read(move || {
                    order.lock().push(n);
                    Ok(n)
                })
            })
            .collect();
        assert!(reads.iter_mut().all(|read| poll(read).is_none()));
        work(&pool);
        assert!(reads.iter_mut().enumerate().all(|(n, read)| poll(read) == Some(n)));
        assert!(order.lock().is_sorted());
    }

    #[test]
    fn a_read_that_nobody_waits_for_is_not_kept() {
        let pool = Pool::default();
        let kept = pool.read(|| Ok(1));
        let held = Arc::new(());
        for _ in 0..100 {
            let held = held.clone();
            drop(pool.read(move || Ok(held)));
        }
        assert_eq!((pool.0.queue.lock().jobs.len(), Arc::strong_count(&held)), (1, 1));
        drop(kept);
        assert!(pool.0.queue.lock().jobs.is_empty());
    }

    #[test]
    fn the_end_is_told_to_who_waits_and_to_who_comes_later() {
        let pool = Pool::default();
        let mut before = pool.read(|| Ok(()));
        pool.end();
        let mut after = pool.read(|| Ok(()));
        for read in [&mut before, &mut after] {
            let told = Pin::new(read).poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(told, Poll::Ready(Err(_))), "{told:?}");
        }
    }
}
