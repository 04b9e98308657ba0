//! The thread of a projection: it has the store, and whatever is done with it is done there.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio::sync::oneshot;

use super::folding::AnyFolding;
use crate::shared::{Lock, Shared};
use crate::tasks::Task;

type Job = Box<dyn FnOnce(&mut dyn AnyFolding) + Send>;

/// Jobs for the thread. It ends, with its store, once this was closed or dropped and what is being done is done.
pub(super) struct Thread(Lock<Option<SyncSender<Job>>>);

impl Thread {
    /// Begins one. A shutdown waits until it has ended.
    pub(super) fn begin(
        shared: &Shared,
        name: &'static str,
        folding: Box<dyn AnyFolding>,
    ) -> io::Result<Thread> {
        // One job at a time: each is waited for.
        let (jobs, receiver) = sync_channel(1);
        let task = shared.tasks.begin();
        let thread = std::thread::Builder::new().name(format!("projection {name}"));
        thread.spawn(move || work(&receiver, folding, task))?;
        Ok(Thread(Lock::new(Some(jobs))))
    }

    /// Has this done. Given to the thread by the call; none if the thread is gone, or ends before it is done.
    pub(super) fn has_done<T: Send + 'static, F>(
        &self,
        job: F,
    ) -> impl Future<Output = Option<T>> + Send + use<T, F>
    where
        F: FnOnce(&mut dyn AnyFolding) -> T + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |folding| drop(answer.send(job(folding))));
        // A job that cannot be sent is dropped, and its answer with it.
        if let Some(jobs) = &*self.0.lock() {
            drop(jobs.try_send(job));
        }
        async move { answered.await.ok() }
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        self.0.lock().take();
    }
}

fn work(jobs: &Receiver<Job>, mut folding: Box<dyn AnyFolding>, task: Task) {
    while let Ok(job) = jobs.recv() {
        job(&mut *folding);
    }
    // The store first: who waits for the end may open the database again.
    drop(folding);
    drop(task);
}
