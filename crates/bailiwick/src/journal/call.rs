//! What a caller has of the journal: a call that it polls itself, and that the runtime takes back when
//! it closes, whether the caller polls it any more or not. So nobody keeps a journal by what it holds.
//!
//! Why it is as it is: docs/decisions/failures.md.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bailiwick_core::journal::{Journal, JournalReadError};

use crate::context::{Lock, RuntimeContext, Stage};
use crate::error::ReadError;
use crate::journal::port::Guarded;

/// Everything that is lent just now.
#[derive(Default)]
pub(crate) struct Lending(Lock<State>);

#[derive(Default)]
struct State {
    lent: BTreeMap<u64, Arc<dyn TakenBack>>,
    last: u64,
    closed: bool,
}

/// Whatever it is a call for.
trait TakenBack: Send + Sync {
    fn take_back(&self);
}

/// A call of the journal in the hands of a caller. Gives none once the runtime has taken it back.
pub(crate) struct Lent<T, E> {
    shared: Arc<RuntimeContext>,
    slot: Arc<Slot<T, E>>,
    number: u64,
}

struct Slot<T, E>(Lock<Call<T, E>>);

enum Call<T, E> {
    Waiting(Guarded<T, E>, Option<Waker>),
    /// It is being polled, out of the lock, or is done.
    Out,
    TakenBack,
}

impl RuntimeContext {
    /// Calls the journal on behalf of a caller; none if the runtime is closed.
    pub(crate) fn lend<T: Send + 'static, E: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&dyn Journal) -> Guarded<T, E>,
    ) -> Option<Lent<T, E>> {
        if self.stage() == Stage::Closed {
            return None;
        }
        let journal = self.journal()?;
        let slot = Arc::new(Slot(Lock::new(Call::Waiting(call(&*journal), None))));
        // One that comes too late is dropped here, with the call.
        let number = self.lending.enter(slot.clone())?;
        Some(Lent { shared: self.clone(), slot, number })
    }

    /// Calls the journal for who reads, and waits for the answer.
    pub(crate) async fn asks<T: Send + 'static>(
        self: &Arc<Self>,
        call: impl FnOnce(&dyn Journal) -> Guarded<T, JournalReadError>,
    ) -> Result<T, ReadError> {
        let answer = self.lend(call).ok_or(ReadError::ShutDown)?.await;
        answer.ok_or(ReadError::ShutDown)?.map_err(ReadError::unread)
    }
}

impl Lending {
    fn enter(&self, slot: Arc<dyn TakenBack>) -> Option<u64> {
        let mut state = self.0.lock();
        if state.closed {
            return None;
        }
        state.last += 1;
        let number = state.last;
        state.lent.insert(number, slot);
        Some(number)
    }

    /// Takes everything back, and lends nothing any more.
    pub(crate) fn close(&self) {
        let mut state = self.0.lock();
        state.closed = true;
        let lent = std::mem::take(&mut state.lent);
        drop(state);
        lent.into_values().for_each(|slot| slot.take_back());
    }
}

impl<T: Send, E: Send> TakenBack for Slot<T, E> {
    fn take_back(&self) {
        let before = std::mem::replace(&mut *self.0.lock(), Call::TakenBack);
        // Out of the lock: what is dropped is the journal's, and who is woken polls at once.
        if let Call::Waiting(call, waker) = before {
            drop(call);
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

impl<T, E> Future for Lent<T, E> {
    type Output = Option<Result<T, E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let before = std::mem::replace(&mut *self.slot.0.lock(), Call::Out);
        let Call::Waiting(mut call, _) = before else { return Poll::Ready(None) };
        if let Poll::Ready(result) = Pin::new(&mut call).poll(cx) {
            return Poll::Ready(Some(result));
        }
        let mut slot = self.slot.0.lock();
        if matches!(*slot, Call::TakenBack) {
            drop(slot);
            drop(call);
            return Poll::Ready(None);
        }
        *slot = Call::Waiting(call, Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl<T, E> Drop for Lent<T, E> {
    fn drop(&mut self) {
        let slot = self.shared.lending.0.lock().lent.remove(&self.number);
        // The lock first: the call may be dropped with it.
        drop(slot);
    }
}
