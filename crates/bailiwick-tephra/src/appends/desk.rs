//! The desk: what waits, who is in charge of tephra, and what there is to do for the thread.
//!
//! Its lock is held for moments only, never while something is put into another form, given to
//! tephra or told: so a caller hardly ever waits for another.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::{AppendError, Head, JournalFault};
use flume::Receiver;
use tokio::sync::oneshot;

use super::append::{Append, Settled};
use super::calls::{Call, Calls};
use super::direct::{Direct, GivenUp};
use super::waiting::Waiting;
use super::{Reopened, Response};
use crate::Options;

pub(super) struct Desk {
    waiting: Waiting,
    /// Of the next append.
    number: u64,
    charge: Charge,
    /// How many appends are waited for before the next batch is given, if any.
    gathering: Option<usize>,
    pub(super) closed: Option<JournalFault>,
    /// Of what was acknowledged.
    pub(super) head: Head,
    calls: Calls,
    /// To be dropped without the lock.
    pub(super) given_up: Option<GivenUp>,
}

/// Who gives tephra the next batch.
enum Charge {
    /// Tephra has nothing, and nothing waits.
    Nobody,
    /// Who comes when tephra has answered.
    Somebody,
    /// The future of the only append that tephra has.
    Future(Arc<Direct>),
}

/// What became of an append at the desk.
pub(super) enum Taken {
    /// Who brought it is in charge now: nobody was.
    InCharge(u64),
    Waits,
    Refused(Settled),
}

impl Desk {
    pub(super) fn new(options: &Options, head: Head, noted: Position) -> Desk {
        Desk {
            waiting: Waiting::new(options),
            number: 0,
            charge: Charge::Nobody,
            gathering: None,
            closed: None,
            head,
            calls: Calls::new(noted),
            given_up: None,
        }
    }

    pub(super) fn take(&mut self, mut append: Append) -> Taken {
        if let Some(why) = &self.closed {
            return Taken::Refused(append.closed(why));
        }
        // Who finds nobody before it does not have to wait.
        if !self.is_idle()
            && let Some(why) = self.waiting.refuses(&append)
        {
            return Taken::Refused(append.settle(Err(AppendError::Busy(why.into()))));
        }
        self.number += 1;
        append.number = self.number;
        self.waiting.push(append);
        match self.charge {
            Charge::Nobody => {
                self.charge = Charge::Somebody;
                Taken::InCharge(self.number)
            }
            _ => {
                self.take_over();
                Taken::Waits
            }
        }
    }

    /// As much as tephra writes at once, after `again`, which is to be judged once more. If there is
    /// nothing, nobody is in charge any more.
    pub(super) fn next_batch(&mut self, again: Vec<Append>) -> Vec<Append> {
        self.gathering = None;
        self.waiting.put_back(again);
        let batch = self.waiting.next_batch();
        if batch.is_empty() {
            self.charge = Charge::Nobody;
        }
        batch
    }

    /// Tephra has a batch: its answers are taken by the future of `only`, if that is all of it and
    /// nothing waits, else by the thread.
    pub(super) fn given(&mut self, answers: Receiver<Response>, only: bool) -> Option<Arc<Direct>> {
        if only && self.waiting.is_empty() && !self.calls.ending {
            let direct = Arc::new(Direct::new(answers));
            self.charge = Charge::Future(direct.clone());
            return Some(direct);
        }
        self.calls.answers = Some(answers);
        None
    }

    /// The thread takes the answers from now on, and not a future.
    fn take_over(&mut self) {
        if let Charge::Future(direct) = &self.charge {
            // Else the future has the answer, and what comes after it.
            if let Some((answers, given_up)) = direct.give_up() {
                self.calls.answers = Some(answers);
                self.given_up = Some(given_up);
            }
            self.charge = Charge::Somebody;
        }
    }

    /// The same, by the future, that is dropped.
    pub(super) fn handed_over(&mut self, answers: Receiver<Response>) {
        self.calls.answers = Some(answers);
        self.charge = Charge::Somebody;
    }

    /// After `written` appends at once: whether to wait for those who are told now. They often append
    /// again, at once but one after the other; without waiting, the first of them would be a batch,
    /// and all others had to wait for it.
    pub(super) fn gather(&mut self, written: usize) -> bool {
        let worth_it = self.closed.is_none() && !self.calls.ending;
        let gathers = worth_it && written > 1 && self.waiting.len() < written;
        self.gathering = gathers.then_some(written);
        gathers
    }

    /// Whether those who are waited for are not together yet.
    pub(super) fn is_gathering(&self) -> bool {
        let expected = self.gathering.filter(|_| !self.calls.ending);
        expected.is_some_and(|number| self.waiting.len() < number)
    }

    /// Whether the thread, which waits for something, has it now.
    pub(super) fn has_a_call(&self) -> bool {
        match self.gathering {
            Some(number) => self.calls.ending || self.waiting.len() == number,
            None => self.calls.any(self.head.position, self.is_idle()),
        }
    }

    fn is_idle(&self) -> bool {
        matches!(self.charge, Charge::Nobody)
    }

    pub(super) fn call(&mut self) -> Option<Call> {
        self.calls.next(self.head, self.is_idle())
    }

    pub(super) fn note(&mut self) -> Option<Head> {
        self.calls.note(self.head)
    }

    pub(super) fn last_note(&self) -> Option<Head> {
        self.calls.last_note(self.head)
    }

    /// Nothing more is taken, and what waits is not written.
    pub(super) fn close(&mut self, why: &JournalFault, settled: &mut Vec<Settled>) {
        settled.extend(self.waiting.drain().map(|append| append.closed(why)));
        self.closed = Some(why.clone());
        self.charge = Charge::Nobody;
        self.calls.failed = true;
    }

    pub(super) fn open(&mut self, head: Head) {
        self.head = head;
        self.closed = None;
    }

    /// None if it is open.
    pub(super) fn reopen(&mut self) -> Option<oneshot::Receiver<Reopened>> {
        self.closed.as_ref().map(|_| self.calls.reopen())
    }

    pub(super) fn end(&mut self) {
        self.calls.ending = true;
        self.take_over();
    }

    pub(super) fn abandoned(&mut self) {
        self.calls.abandoned();
    }
}
