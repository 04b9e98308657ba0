//! The desk: who takes tephra's answers, and what there is to do for the thread.

use std::sync::Arc;

use flume::Receiver;
use tokio::sync::oneshot;

use super::Reopened;
use super::append::{Append, Settled};
use super::direct::Direct;
use super::state::{Answer, State};

pub(crate) struct Desk {
    pub(crate) state: State,
    /// The future that takes the answer to the only append that tephra has.
    direct: Option<Arc<Direct>>,
    /// Where the answers to a batch come from, until the thread takes them.
    answers: Option<Receiver<Answer>>,
    /// After a failure, until the thread has seen to it.
    unattended: bool,
    reopening: Vec<oneshot::Sender<Reopened>>,
    ending: bool,
    /// The thread is gone, though it should not be.
    abandoned: bool,
}

/// What there is to do for the thread.
pub(crate) enum Call {
    /// To take the answers to a batch.
    Answers(Receiver<Answer>),
    /// To see to tephra after it failed, and to open it again for those that want that.
    Closed(Vec<oneshot::Sender<Reopened>>),
    End,
}

/// What comes after some answers.
pub(crate) enum Next {
    /// More of them.
    More,
    /// Those to the next batch.
    Batch(Receiver<Answer>),
    Nothing,
}

impl Desk {
    pub(super) fn new(state: State) -> Desk {
        Desk {
            state,
            direct: None,
            answers: None,
            unattended: false,
            reopening: Vec::new(),
            ending: false,
            abandoned: false,
        }
    }

    /// Whoever waits for the append takes the answer, if it is the only one.
    pub(super) fn submit(
        &mut self,
        append: Append,
        settled: &mut Vec<Settled>,
    ) -> Option<Arc<Direct>> {
        let was_open = self.state.closed().is_none();
        let answers = self.state.take(append, settled);
        self.notice_failure(was_open);
        match answers {
            Some(answers) => self.direct = Some(Arc::new(Direct::new(answers))),
            None => {
                self.take_over();
                return None;
            }
        }
        self.direct.clone()
    }

    /// The thread takes the answers from now on.
    pub(super) fn take_over(&mut self) {
        if let Some(answers) = self.direct.take().and_then(|direct| direct.give_up()) {
            self.answers = Some(answers);
        }
    }

    /// Nobody waits for the append any more that was the only one.
    pub(super) fn handed_over(&mut self, answers: Receiver<Answer>) {
        self.direct = None;
        self.answers = Some(answers);
    }

    pub(super) fn answered(
        &mut self,
        answers: &mut Vec<Answer>,
        settled: &mut Vec<Settled>,
    ) -> Next {
        let was_open = self.state.closed().is_none();
        if answers.is_empty() {
            self.state.deserted(settled);
        }
        answers.drain(..).for_each(|answer| self.state.answered(answer, settled));
        let next = match self.state.batch_is_over() {
            false => Next::More,
            true => self.state.go_on(settled).map_or(Next::Nothing, Next::Batch),
        };
        self.notice_failure(was_open);
        next
    }

    /// The same, for a future: the thread takes what comes after.
    pub(super) fn answered_directly(&mut self, answer: Option<Answer>, settled: &mut Vec<Settled>) {
        self.direct = None;
        let mut answers = answer.into_iter().collect();
        if let Next::Batch(answers) = self.answered(&mut answers, settled) {
            self.answers = Some(answers);
        }
    }

    fn notice_failure(&mut self, was_open: bool) {
        self.unattended |= was_open && self.state.closed().is_some();
    }

    pub(super) fn has_a_call(&self) -> bool {
        self.answers.is_some() || self.needs_care() || self.has_ended()
    }

    fn needs_care(&self) -> bool {
        !self.abandoned && (self.unattended || !self.reopening.is_empty())
    }

    fn has_ended(&self) -> bool {
        self.ending && self.state.is_quiet()
    }

    pub(super) fn call(&mut self) -> Option<Call> {
        if let Some(answers) = self.answers.take() {
            return Some(Call::Answers(answers));
        }
        if self.needs_care() {
            self.unattended = false;
            return Some(Call::Closed(std::mem::take(&mut self.reopening)));
        }
        self.has_ended().then_some(Call::End)
    }

    pub(super) fn reopen(&mut self) -> Option<oneshot::Receiver<Reopened>> {
        self.state.closed()?;
        let (waiter, told) = oneshot::channel();
        if !self.abandoned {
            self.reopening.push(waiter);
        }
        Some(told)
    }

    pub(super) fn end(&mut self) {
        self.ending = true;
        self.take_over();
    }

    pub(super) fn abandoned(&mut self, settled: &mut Vec<Settled>) {
        self.abandoned = true;
        self.reopening.clear();
        self.state.abandoned(settled);
    }
}
