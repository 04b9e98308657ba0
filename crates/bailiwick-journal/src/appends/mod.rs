//! Appends on their way: in the order of the calls, a batch at a time.
//!
//! While the [writer](crate::writer) writes a batch, further appends wait here; they are the next one. So the more
//! callers there are, the larger a batch is, and the less a sync costs each of them.

mod append;
mod queue;

use std::time::Duration;

use bailiwick_core::journal::{Answer, AppendError, Health, JournalFault, ReopenError};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::Options;
pub(crate) use append::{Append, Outcome, Settled, Told};
use queue::Queue;

pub(crate) type Reopened = Result<(), ReopenError>;

/// What there is to do for the writer.
pub(crate) enum Work {
    /// To write these; never none.
    Batch(Vec<Append>),
    /// To open the journal again, and to tell these.
    Reopen(Vec<oneshot::Sender<Reopened>>),
    /// To end: nothing more comes.
    End,
}

/// What waits, shared by the callers and the writer.
pub(crate) struct Appends {
    queue: Mutex<Queue>,
    /// Rung when there is something to do for a writer that waits.
    bell: Condvar,
}

impl Appends {
    pub(crate) fn new(options: &Options) -> Appends {
        Appends { queue: Mutex::new(Queue::new(options)), bell: Condvar::new() }
    }

    /// Takes an append. When this returns, it has its place in the order.
    pub(crate) fn submit(&self, append: Append, told: oneshot::Receiver<Told>) -> Answer<Outcome> {
        match self.with_queue(|queue| queue.push(append)) {
            None => Answer::later(async move {
                let told = told.await;
                told.map_or_else(|_| Err(ended()), |(outcome, _)| outcome)
            }),
            // It is dropped here, without the lock.
            Some((refused, _)) => Answer::ready(Err(refused)),
        }
    }

    /// What there is to do, if anything.
    pub(crate) fn work(&self) -> Option<Work> {
        self.queue.lock().work()
    }

    /// Waits for something to do, but not longer.
    pub(crate) fn wait(&self, at_most: Duration) -> Option<Work> {
        let mut queue = self.queue.lock();
        let work = queue.work();
        if work.is_some() {
            return work;
        }
        queue.writer_waits = true;
        self.bell.wait_for(&mut queue, at_most);
        queue.writer_waits = false;
        queue.work()
    }

    pub(crate) fn health(&self) -> Health {
        match self.queue.lock().closed() {
            None => Health::Open,
            Some(why) => Health::ClosedForWriting { why: why.clone() },
        }
    }

    /// Takes nothing any more; what waits is certainly not written.
    pub(crate) fn close(&self, why: &JournalFault) -> Vec<Settled> {
        self.queue.lock().close(why)
    }

    pub(crate) fn open(&self) {
        self.queue.lock().open();
    }

    /// Asks for the journal to be opened again; nobody is told if it is open.
    pub(crate) fn reopen(&self) -> Option<oneshot::Receiver<Reopened>> {
        self.with_queue(Queue::reopen)
    }

    /// Nothing more will come: what waits is written, then the writer ends.
    pub(crate) fn end(&self) {
        self.with_queue(|queue| queue.is_ending = true);
    }

    /// There is no writer any more.
    pub(crate) fn abandon(&self, why: &JournalFault) -> Vec<Settled> {
        let (waiting, reopening) = self.queue.lock().abandon(why);
        // Without the lock: it wakes them.
        drop(reopening);
        waiting
    }

    fn with_queue<T>(&self, act: impl FnOnce(&mut Queue) -> T) -> T {
        let mut queue = self.queue.lock();
        let result = act(&mut queue);
        let ring = queue.writer_waits;
        drop(queue);
        if ring {
            self.bell.notify_one();
        }
        result
    }
}

/// Only if whoever had it was dropped without a word.
fn ended() -> AppendError {
    AppendError::Unknown("the journal was let go of before it was known".into())
}
