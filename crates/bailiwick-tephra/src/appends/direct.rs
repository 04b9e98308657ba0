//! How whoever waits for an append takes tephra's answer, if nobody else does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::AppendError;
use flume::Receiver;
use flume::r#async::RecvFut;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::Appends;
use super::append::Outcome;
use super::state::Answer;

/// The answer to the only append that tephra has: taken by one, the future or the thread.
pub(super) struct Direct {
    answer: Mutex<Option<RecvFut<'static, Answer>>>,
    answers: Receiver<Answer>,
}

impl Direct {
    pub(super) fn new(answers: Receiver<Answer>) -> Direct {
        Direct { answer: Mutex::new(Some(answers.clone().into_recv_async())), answers }
    }

    /// For the thread, unless it was taken already.
    pub(super) fn give_up(&self) -> Option<Receiver<Answer>> {
        self.answer.lock().take().map(|_| self.answers.clone())
    }

    /// The answer, or none if tephra let go of the append.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        let mut place = self.answer.lock();
        let Some(answer) = place.as_mut() else {
            return Poll::Pending;
        };
        let Poll::Ready(answer) = Pin::new(answer).poll(cx) else {
            return Poll::Pending;
        };
        *place = None;
        Poll::Ready(answer.ok())
    }
}

/// Tells the outcome of an append.
pub(super) struct Told {
    outcome: oneshot::Receiver<Outcome>,
    direct: Option<Arc<Direct>>,
    appends: Arc<Appends>,
}

impl Told {
    pub(super) fn new(
        outcome: oneshot::Receiver<Outcome>,
        direct: Option<Arc<Direct>>,
        appends: Arc<Appends>,
    ) -> Told {
        Told { outcome, direct, appends }
    }

    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let gone = |_| Err(AppendError::Unknown("the journal's own thread panicked".into()));
        Pin::new(&mut self.outcome).poll(cx).map(|told| told.unwrap_or_else(gone))
    }
}

impl Future for Told {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        // First, and always: it is what the thread tells when it has taken over.
        if let Poll::Ready(outcome) = self.poll_outcome(cx) {
            self.direct = None;
            return Poll::Ready(outcome);
        }
        let Some(direct) = &self.direct else {
            return Poll::Pending;
        };
        let Poll::Ready(answer) = direct.poll(cx) else {
            return Poll::Pending;
        };
        self.direct = None;
        self.appends.at_desk(|desk, settled| desk.answered_directly(answer, settled));
        self.poll_outcome(cx)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        if let Some(direct) = self.direct.take()
            && let Some(answers) = direct.give_up()
        {
            self.appends.at_desk(|desk, _| desk.handed_over(answers));
        }
    }
}
