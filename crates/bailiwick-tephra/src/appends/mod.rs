//! Appends on their way: in the order of the calls, a batch at a time.
//!
//! While tephra writes a batch, further appends wait here; they are the next batch. tephra would
//! take them at any time, but it goes on with what it was given after a write or a sync failed. So
//! it is given nothing until it is known what became of everything before, and what waits here is
//! then certainly not written.
//!
//! Somebody takes tephra's answers: the journal's own [thread](crate::writing), or, if there is only
//! one append, the future of whoever waits for it, which saves waking a thread on the way. The
//! thread takes over as soon as another append comes, or the future is dropped; so nobody waits for
//! a future that is not polled.

mod append;
mod batch;
mod conflict;
mod desk;
mod direct;
mod state;

use std::sync::Arc;

use bailiwick_core::{BoxFuture, Head, Health, ReopenError};
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

pub(crate) use append::{Append, Outcome, Settled};
pub(crate) use desk::{Call, Desk, Next};
use direct::Told;
pub(crate) use state::{Answer, State};

pub(crate) type Reopened = Result<(), ReopenError>;

/// What waits and what tephra has, shared by the callers and the thread.
pub(crate) struct Appends {
    desk: Mutex<Desk>,
    /// Rung when there is something to do for the thread.
    bell: Condvar,
}

impl Appends {
    pub(crate) fn new(state: State) -> Appends {
        Appends { desk: Mutex::new(Desk::new(state)), bell: Condvar::new() }
    }

    /// Takes an append. When this returns, it has its place in the order.
    pub(crate) fn submit(self: &Arc<Self>, append: Append) -> BoxFuture<Outcome> {
        let (append, outcome) = append.awaited();
        let direct = self.at_desk(|desk, settled| desk.submit(append, settled));
        Box::pin(Told::new(outcome, direct, self.clone()))
    }

    /// Takes the answers that there are to the batch, and gives tephra the next one. Without an
    /// answer: tephra let go of the batch.
    pub(crate) fn answered(&self, answers: &mut Vec<Answer>) -> Next {
        self.at_desk(|desk, settled| desk.answered(answers, settled))
    }

    /// Waits for something to do for the thread.
    pub(crate) fn call(&self) -> Call {
        let mut desk = self.desk.lock();
        loop {
            match desk.call() {
                Some(call) => return call,
                None => self.bell.wait(&mut desk),
            }
        }
    }

    /// Asks for the journal to be opened again; nobody is told if it is open.
    pub(crate) fn reopen(&self) -> Option<oneshot::Receiver<Reopened>> {
        self.at_desk(|desk, _| desk.reopen())
    }

    /// Nothing more will come: what waits is written, then the thread ends.
    pub(crate) fn end(&self) {
        self.at_desk(|desk, _| desk.end());
    }

    /// The thread is gone, though it should not be.
    pub(crate) fn abandoned(&self) {
        self.at_desk(Desk::abandoned);
    }

    pub(crate) fn head(&self) -> Head {
        self.desk.lock().state.head()
    }

    pub(crate) fn health(&self) -> Health {
        match self.desk.lock().state.closed() {
            None => Health::Open,
            Some(why) => Health::ClosedForWriting { why: why.clone() },
        }
    }

    /// Does something at the desk; then rings, if there is something to do for the thread, and tells
    /// what was settled.
    pub(crate) fn at_desk<T>(&self, act: impl FnOnce(&mut Desk, &mut Vec<Settled>) -> T) -> T {
        let mut settled = Vec::new();
        let mut desk = self.desk.lock();
        let result = act(&mut desk, &mut settled);
        let calls = desk.has_a_call();
        drop(desk);
        if calls {
            self.bell.notify_one();
        }
        settled.into_iter().for_each(Settled::tell);
        result
    }
}
