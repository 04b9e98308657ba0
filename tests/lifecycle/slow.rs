//! A journal on which loading can be held up.

use std::sync::Arc;

use bailiwick::{
    AppendCondition, AppendError, AppendLimits, Appended, BoxFuture, EncodedEvent, Head, Health,
    Journal, JournalReadError, LastMatch, MemoryJournal, Page, Query, Read, ReopenError,
};
use tokio::sync::watch;

use super::theatre::within_reason;

/// While it is shut, whoever comes waits.
#[derive(Clone)]
pub struct Gate {
    open: Arc<watch::Sender<bool>>,
    waiting: Arc<watch::Sender<usize>>,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate { open: Arc::new(watch::Sender::new(true)), waiting: Arc::default() }
    }
}

impl Gate {
    pub fn shut(&self) {
        self.open.send_replace(false);
    }

    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Waits until somebody has come to the gate.
    pub async fn somebody_waits(&self) {
        let mut waiting = self.waiting.subscribe();
        let come = waiting.wait_for(|waiting| *waiting > 0);
        within_reason(come).await.expect("never closed");
    }

    pub async fn pass(self) {
        let mut open = self.open.subscribe();
        self.waiting.send_modify(|waiting| *waiting += 1);
        open.wait_for(|open| *open).await.expect("never closed");
        self.waiting.send_modify(|waiting| *waiting -= 1);
    }
}

/// A memory journal of which reads wait at a gate.
pub struct SlowReads {
    pub inner: MemoryJournal,
    pub gate: Gate,
}

impl Journal for SlowReads {
    fn append(
        &self,
        events: Vec<EncodedEvent>,
        condition: Option<AppendCondition>,
    ) -> BoxFuture<Result<Appended, AppendError>> {
        self.inner.append(events, condition)
    }

    fn read(&self, read: Read) -> BoxFuture<Result<Page, JournalReadError>> {
        let (inner, gate) = (self.inner.clone(), self.gate.clone());
        Box::pin(async move {
            gate.pass().await;
            inner.read(read).await
        })
    }

    fn last(&self, query: Query) -> BoxFuture<Result<LastMatch, JournalReadError>> {
        self.inner.last(query)
    }

    fn head(&self) -> BoxFuture<Result<Head, JournalReadError>> {
        self.inner.head()
    }

    fn limits(&self) -> AppendLimits {
        self.inner.limits()
    }

    fn health(&self) -> Health {
        self.inner.health()
    }

    fn reopen(&self) -> BoxFuture<Result<(), ReopenError>> {
        self.inner.reopen()
    }
}
