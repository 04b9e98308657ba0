//! How whoever waits for an append takes tephra's answer, if nobody else does.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bailiwick_core::journal::AppendError;
use flume::Receiver;
use flume::r#async::RecvFut;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use super::append::{Outcome, Told};
use super::{Appends, Response};

/// Nobody polls it any more.
pub(super) type GivenUp = RecvFut<'static, Response>;

/// The answer to the only append that tephra has: taken by one, the future or the thread.
pub(super) struct Direct {
    answer: Mutex<Option<RecvFut<'static, Response>>>,
    answers: Receiver<Response>,
}

impl Direct {
    pub(super) fn new(answers: Receiver<Response>) -> Direct {
        Direct { answer: Mutex::new(Some(answers.clone().into_recv_async())), answers }
    }

    /// For the thread, unless it was taken already. The future is to be dropped without a lock held:
    /// it has a waker, which may run anything.
    pub(super) fn give_up(&self) -> Option<(Receiver<Response>, GivenUp)> {
        let given_up = self.answer.lock().take()?;
        Some((self.answers.clone(), given_up))
    }

    /// The answer, or none if tephra let go of the append. Pending for ever once it was given up.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Response>> {
        let mut place = self.answer.lock();
        let Some(answer) = place.as_mut() else {
            return Poll::Pending;
        };
        let Poll::Ready(answer) = Pin::new(answer).poll(cx) else {
            return Poll::Pending;
        };
        let taken = place.take();
        drop(place);
        drop(taken);
        Poll::Ready(answer.ok())
    }
}

/// Tells the outcome of an append.
pub(super) struct Telling {
    told: oneshot::Receiver<Told>,
    direct: Option<Arc<Direct>>,
    appends: Arc<Appends>,
}

impl Telling {
    pub(super) fn new(
        told: oneshot::Receiver<Told>,
        direct: Option<Arc<Direct>>,
        appends: Arc<Appends>,
    ) -> Telling {
        Telling { told, direct, appends }
    }

    fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let gone = |_| Err(AppendError::Unknown("the journal's own thread panicked".into()));
        Pin::new(&mut self.told)
            .poll(cx)
            .map(|told| told.map_or_else(gone, |(outcome, ..)| outcome))
    }
}

impl Future for Telling {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        // First, and always: here the thread tells the outcome when it has taken over.
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
        self.appends.answered_directly(answer);
        self.poll_outcome(cx)
    }
}

impl Drop for Telling {
    fn drop(&mut self) {
        if let Some((answers, _given_up)) = self.direct.take().and_then(|direct| direct.give_up()) {
            self.appends.handed_over(answers);
        }
    }
}
