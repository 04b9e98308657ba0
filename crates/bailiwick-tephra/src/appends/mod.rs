//! Appends on their way: in the order of the calls, a batch at a time.
//!
//! While tephra writes a batch, further appends wait here; they are the next batch. tephra would
//! take them at any time, but it goes on with what it was given after a write or a sync failed. So
//! it is given nothing until it is known what became of everything before, and what waits here is
//! then certainly not written.
//!
//! One is in charge of tephra at a time: the caller whose append finds nothing before it gives the
//! batch; then the journal's own [thread](crate::writing) takes the answers and gives the next one.
//! If there is only one append, the future of whoever waits for it takes the answer, which saves
//! waking a thread on the way. The thread takes over as soon as another append comes, or the future
//! is dropped; so nobody waits for a future that is not polled.

mod append;
mod batch;
mod calls;
mod conflict;
mod desk;
mod direct;
mod recent;
mod state;
mod waiting;

use std::sync::Arc;
use std::time::Instant;

use bailiwick_core::Position;
use bailiwick_core::journal::{Answer, Head, Health, JournalFault, ReopenError, Waiters};
use flume::Receiver;
use parking_lot::{Condvar, Mutex};
use tephra::{AppendError as Refused, PositionRange, WriteHandle};
use tokio::sync::oneshot;

use crate::Options;
use crate::folder::Folder;
pub(crate) use append::{Append, Outcome, Settled, Told};
pub(crate) use calls::Call;
use desk::{Desk, Taken};
use direct::{Direct, Telling};
use state::State;

/// What tephra answers, and to which append of the batch.
pub(crate) type Response = (u64, Result<PositionRange, Refused>);
pub(crate) type Reopened = Result<(), ReopenError>;

/// What comes after some answers.
pub(crate) enum Next {
    /// More of them.
    More,
    /// Those to the next batch.
    Batch(Receiver<Response>),
    Nothing,
}

/// What waits and what tephra has, shared by the callers and the thread.
pub(crate) struct Appends {
    desk: Mutex<Desk>,
    /// Rung when there is something to do for the thread.
    bell: Condvar,
    /// Of who is in charge. Locked before the desk, and never while something is told.
    state: Mutex<State>,
    /// Told after the head was moved, which is under the lock of the desk; so who registers first and
    /// looks at the head then is not missed.
    pub(crate) waiters: Waiters,
}

impl Appends {
    pub(crate) fn new(
        folder: &Folder,
        options: &Options,
        writer: WriteHandle,
        head: Head,
        noted: Position,
    ) -> Appends {
        Appends {
            desk: Mutex::new(Desk::new(options, head, noted)),
            bell: Condvar::new(),
            state: Mutex::new(State::new(folder, writer, head)),
            waiters: Waiters::default(),
        }
    }

    /// Takes an append. When this returns, it has its place in the order.
    pub(crate) fn submit(
        self: &Arc<Self>,
        append: Append,
        told: oneshot::Receiver<Told>,
    ) -> Answer<Outcome> {
        let direct = match self.at_desk(|desk| desk.take(append)) {
            Taken::Waits => None,
            Taken::InCharge(number) => self.begin(number),
            Taken::Refused(settled) => {
                settled.tell(&self.waiters);
                None
            }
        };
        Answer::later(Telling::new(told, direct, self.clone()))
    }

    /// Nobody was in charge: gives tephra a batch. If the append `number` is all of it, who waits for
    /// it takes the answer.
    fn begin(&self, number: u64) -> Option<Arc<Direct>> {
        let mut settled = Vec::new();
        let mut state = self.state.lock();
        let answers = self.give(&mut state, &mut settled);
        let only = state.is_only(number);
        drop(state);
        let direct = answers.and_then(|answers| self.at_desk(|desk| desk.given(answers, only)));
        self.tell(settled);
        direct
    }

    /// Gives tephra what waits, unless it has something.
    fn give(&self, state: &mut State, settled: &mut Vec<Settled>) -> Option<Receiver<Response>> {
        while state.is_over() && state.is_open() {
            let again = state.restart(settled);
            let batch = self.at_desk(|desk| desk.next_batch(again));
            if batch.is_empty() {
                return None;
            }
            let answers = state.give(batch, settled);
            self.close_if_failed(state, settled);
            if answers.is_some() {
                return answers;
            }
        }
        None
    }

    /// Takes the answers that there are to the batch, and gives tephra the next one; what is settled
    /// by that is to be told. Without an answer: tephra let go of the batch.
    pub(crate) fn answered(&self, answers: &mut Vec<Response>) -> (Next, Vec<Settled>) {
        let mut settled = Vec::new();
        let mut state = self.state.lock();
        if answers.is_empty() {
            state.deserted(&mut settled);
        } else if !state.is_in_place(&mut settled) {
            answers.clear();
        }
        answers.drain(..).for_each(|answer| state.answered(answer, &mut settled));
        let gathers = self.gathers(&mut state, &mut settled);
        if gathers {
            let until = Instant::now() + state.since_given() / 2;
            drop(state);
            self.tell(std::mem::take(&mut settled));
            self.gather(until);
            state = self.state.lock();
        }
        let next = match state.is_over() {
            false => Next::More,
            true => self.give(&mut state, &mut settled).map_or(Next::Nothing, Next::Batch),
        };
        (next, settled)
    }

    /// After some answers; whether to wait for those who are told now.
    fn gathers(&self, state: &mut State, settled: &mut Vec<Settled>) -> bool {
        self.close_if_failed(state, settled);
        self.at_desk(|desk| {
            desk.head = state.head();
            state.is_over() && desk.gather(state.number_written())
        })
    }

    /// Never longer than half of what writing took.
    fn gather(&self, until: Instant) {
        let mut desk = self.desk.lock();
        while desk.is_gathering() && !self.bell.wait_until(&mut desk, until).timed_out() {}
    }

    /// The same, by the future of the only append. The thread takes what comes after.
    fn answered_directly(&self, answer: Option<Response>) {
        let (next, settled) = self.answered(&mut answer.into_iter().collect());
        // Before anything foreign runs: the thread must not depend on it.
        if let Next::Batch(answers) = next {
            self.at_desk(|desk| desk.given(answers, false));
        }
        self.tell(settled);
    }

    /// Nobody waits any more for the only append that tephra has.
    fn handed_over(&self, answers: Receiver<Response>) {
        self.at_desk(|desk| desk.handed_over(answers));
    }

    fn close_if_failed(&self, state: &mut State, settled: &mut Vec<Settled>) {
        if let Some(why) = state.failure() {
            self.at_desk(|desk| desk.close(&why, settled));
        }
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

    pub(crate) fn head(&self) -> Head {
        self.desk.lock().head
    }

    /// What is to be noted now, if anything; it counts as noted.
    pub(crate) fn note(&self) -> Option<Head> {
        self.desk.lock().note()
    }

    /// What is to be noted at the end, if anything.
    pub(crate) fn last_note(&self) -> Option<Head> {
        self.desk.lock().last_note()
    }

    pub(crate) fn health(&self) -> Health {
        match &self.desk.lock().closed {
            None => Health::Open,
            Some(why) => Health::ClosedForWriting { why: why.clone() },
        }
    }

    /// Asks for the journal to be opened again; nobody is told if it is open.
    pub(crate) fn reopen(&self) -> Option<oneshot::Receiver<Reopened>> {
        self.at_desk(Desk::reopen)
    }

    /// What was written was read again.
    pub(crate) fn open(&self, writer: WriteHandle, head: Head) {
        // Whoever uses the journal says it where people read.
        tracing::debug!(head = %head.position, "open for writing again");
        self.state.lock().open(writer, head);
        self.at_desk(|desk| desk.open(head));
        // What was unknown may be there.
        self.waiters.wake_all();
    }

    /// It could not be opened again.
    pub(crate) fn still_closed(&self, why: JournalFault) {
        let source = std::error::Error::source(&why);
        tracing::debug!(fault = %why, source, "it stays closed for writing");
        self.at_desk(|desk| desk.closed = Some(why));
    }

    /// Nothing more will come: what waits is written, then the thread ends.
    pub(crate) fn end(&self) {
        self.at_desk(Desk::end);
    }

    /// The thread ended, though it should not have: nobody opens the journal again.
    pub(crate) fn abandoned(&self) {
        let mut settled = Vec::new();
        let mut state = self.state.lock();
        state.abandoned(&mut settled);
        self.close_if_failed(&mut state, &mut settled);
        drop(state);
        self.at_desk(Desk::abandoned);
        self.tell(settled);
    }

    /// Without a lock held: it may run anything.
    pub(crate) fn tell(&self, settled: Vec<Settled>) {
        settled.into_iter().for_each(|settled| settled.tell(&self.waiters));
    }

    /// Does something at the desk; then rings, if there is something to do for the thread.
    fn at_desk<T>(&self, act: impl FnOnce(&mut Desk) -> T) -> T {
        let mut desk = self.desk.lock();
        let result = act(&mut desk);
        let calls = desk.has_a_call();
        let given_up = desk.given_up.take();
        drop(desk);
        drop(given_up);
        if calls {
            self.bell.notify_one();
        }
        result
    }
}
