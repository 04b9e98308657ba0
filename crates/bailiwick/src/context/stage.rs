//! Where a runtime is in its life, and what waits for that to change.

use std::sync::atomic::Ordering;

use crate::context::RuntimeContext;
use crate::util::race::{Either, race};

/// Where a runtime is in its life. Only ever grows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub(crate) enum Stage {
    Open = 0,
    /// New work is refused, accepted work goes on.
    Closing = 1,
    /// What is left is given back.
    Closed = 2,
}

impl RuntimeContext {
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Ordering::SeqCst) {
            0 => Stage::Open,
            1 => Stage::Closing,
            _ => Stage::Closed,
        }
    }

    /// Ends whatever never ends by itself. Nothing else is refused.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::SeqCst);
        self.drains.notify_waiters();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// What it was waiting for; none if whatever never ends by itself is to end.
    pub(crate) async fn or_drained<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        // Before the flag is looked at, so that its change is not missed.
        let drains = self.drains.notified();
        if self.is_draining() {
            return None;
        }
        match race(future, drains).await {
            Either::Left(done) => Some(done),
            Either::Right(()) => None,
        }
    }

    pub(crate) fn enter(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, Ordering::SeqCst);
        self.closing.notify_waiters();
    }

    /// A command got its outcome, or the call of an effect came to its end, and that was counted: a shutdown may
    /// be waiting for it.
    ///
    /// Here an outcome is counted, then the stage is read; a shutdown changes the stage, begins to
    /// listen, and reads the counts. All four are `SeqCst`, so they are in one order: if the stage
    /// is read as it was before, the shutdown reads the count after it was counted; else it is
    /// notified, and it was listening before it read the counts. With less than that both could miss
    /// each other, on a machine that lets a read overtake an earlier write.
    pub(crate) fn settled(&self) {
        if self.stage.load(Ordering::SeqCst) != Stage::Open as u8 {
            self.settlement.notify_waiters();
        }
    }
}
