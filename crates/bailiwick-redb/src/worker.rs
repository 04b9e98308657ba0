//! A thread that does one thing after the other.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use bailiwick_core::journal::{Answer, BoxError};
use tokio::sync::oneshot;

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotDone {
    #[error("{0} calls of the store of snapshots wait already")]
    Busy(usize),
    #[error("the store of snapshots has ended")]
    Ended,
}

pub(crate) struct Worker<S> {
    jobs: SyncSender<Job<S>>,
    most: usize,
}

/// What a thread works on.
pub(crate) trait Works: Send + 'static {
    /// It has had nothing to do for a while.
    fn rest(&mut self) {}
    /// Nobody has anything to do for it any more.
    fn end(&mut self) {}
}

impl<S: Works> Worker<S> {
    /// `most` calls may wait. It rests after `pause` without one.
    ///
    /// # Errors
    /// If there is no thread.
    pub(crate) fn start(name: &str, most: usize, pause: Duration, on: S) -> std::io::Result<Self> {
        let (jobs, todo) = sync_channel(most);
        thread::Builder::new().name(name.to_owned()).spawn(move || work(on, &todo, pause))?;
        Ok(Worker { jobs, most })
    }

    /// Does something, in the order of the calls. What nobody waits for is done all the same.
    pub(crate) fn call<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut S) -> Result<T, BoxError> + Send + 'static,
    ) -> Answer<Result<T, BoxError>> {
        let (tell, told) = oneshot::channel();
        let job: Job<S> = Box::new(move |on| {
            let _ = tell.send(job(on));
        });
        match self.jobs.try_send(job) {
            Ok(()) => Answer::later(async move { told.await.map_err(|_| NotDone::Ended)? }),
            Err(TrySendError::Full(_)) => Answer::ready(Err(NotDone::Busy(self.most).into())),
            Err(TrySendError::Disconnected(_)) => Answer::ready(Err(NotDone::Ended.into())),
        }
    }
}

fn work<S: Works>(mut on: S, todo: &Receiver<Job<S>>, pause: Duration) {
    loop {
        match todo.recv_timeout(pause) {
            Ok(job) => job(&mut on),
            Err(RecvTimeoutError::Timeout) => on.rest(),
            Err(RecvTimeoutError::Disconnected) => return on.end(),
        }
    }
}
