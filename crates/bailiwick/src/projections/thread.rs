//! The thread of a projection: it has the store, and whatever is done with it is done there.

use std::io;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use super::folding::AnyFolding;
use super::running::Stop;
use crate::context::tasks::Task;
use crate::context::{Lock, RuntimeContext};
use crate::error::guarded;

type Job = Box<dyn FnOnce(&mut dyn AnyFolding) + Send>;

/// Jobs for the thread. It ends, with its store, once this was closed or dropped and what is being done is done.
pub(super) struct Thread {
    jobs: Lock<Option<SyncSender<Job>>>,
    /// There as long as the thread has the store.
    store: Weak<()>,
}

impl Thread {
    /// Begins one. A shutdown waits until it has ended.
    pub(super) fn begin(
        shared: &RuntimeContext,
        name: &'static str,
        folding: Box<dyn AnyFolding>,
    ) -> io::Result<Thread> {
        // One job at a time: each is waited for.
        let (jobs, receiver) = sync_channel(1);
        let (task, has_store) = (shared.tasks.begin(), Arc::new(()));
        let store = Arc::downgrade(&has_store);
        // The system keeps the first 15 bytes, and none may be zero.
        let thread = std::thread::Builder::new().name(name.replace('\0', ""));
        thread.spawn(move || work(&receiver, folding, has_store, task))?;
        Ok(Thread { jobs: Lock::new(Some(jobs)), store })
    }

    /// Asks it to do this. Given to the thread by the call. It panics as the database fails; closed: the thread is
    /// gone, or ends before it is done.
    pub(super) fn asks<T: Send + 'static, F>(
        &self,
        job: F,
    ) -> impl Future<Output = Result<T, Stop>> + Send + use<T, F>
    where
        F: FnOnce(&mut dyn AnyFolding) -> Result<T, Stop> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |folding| {
            let done = guarded(|| job(folding)).map_err(Stop::Database).flatten();
            drop(answer.send(done));
        });
        // A job that cannot be sent is dropped, and its answer with it.
        if let Some(jobs) = &*self.jobs.lock() {
            drop(jobs.try_send(job));
        }
        async move { answered.await.unwrap_or(Err(Stop::Closed)) }
    }

    /// Takes no more jobs.
    pub(super) fn close(&self) {
        self.jobs.lock().take();
    }

    /// Whether it still has the store.
    pub(super) fn has_store(&self) -> bool {
        self.store.strong_count() > 0
    }
}

fn work(jobs: &Receiver<Job>, mut folding: Box<dyn AnyFolding>, has_store: Arc<()>, task: Task) {
    while let Ok(job) = jobs.recv() {
        job(&mut *folding);
    }
    // The store first: who waits for the end may open the database again.
    drop(folding);
    drop(has_store);
    drop(task);
}
