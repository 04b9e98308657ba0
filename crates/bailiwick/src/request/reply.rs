//! The caller's side of a call: what it is told. Never locked while the domain's code runs.

use std::task::{Context, Poll, Waker};

use parking_lot::{Mutex, MutexGuard};

/// An answer on its way to the one who waits for it.
pub(crate) struct Reply<T>(Mutex<State<T>>);

struct State<T> {
    answer: Option<T>,
    /// The caller was told that its time is up, or why its command was not run.
    told: bool,
    waker: Option<Waker>,
}

impl<T> Reply<T> {
    pub(crate) fn new() -> Self {
        Reply(Mutex::new(State { answer: None, told: false, waker: None }))
    }

    /// Nobody is woken before it is polled again.
    pub(crate) fn wakes_nobody(&self) {
        let before = self.0.lock().waker.take();
        drop(before);
    }

    /// The answer, when there is one.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<T> {
        let mut state = self.0.lock();
        if let Some(answer) = state.answer.take() {
            return Poll::Ready(answer);
        }
        if !state.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            let before = state.waker.replace(cx.waker().clone());
            drop(state);
            drop(before);
        }
        Poll::Pending
    }

    /// Tells the answer, unless the caller was told that its time is up.
    pub(crate) fn tell(&self, answer: T) {
        let mut state = self.0.lock();
        if !state.told {
            state.answer = Some(answer);
        }
        wake(state);
    }

    /// Tells the answer, even if the caller is just being told that its time is up.
    pub(crate) fn overrule(&self, answer: T) {
        let mut state = self.0.lock();
        let before = state.answer.replace(answer);
        state.told = true;
        wake(state);
        drop(before);
    }

    /// The caller's time is up: tells it so, unless there is an answer. Whether it did.
    pub(crate) fn time_out(&self, answer: T) -> bool {
        let mut state = self.0.lock();
        let tells = state.answer.is_none() && !state.told;
        if tells {
            state.told = true;
            state.answer = Some(answer);
            wake(state);
        }
        tells
    }
}

fn wake<T>(mut state: MutexGuard<'_, State<T>>) {
    let waker = state.waker.take();
    // The lock first: who is woken polls at once, perhaps on another thread.
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
