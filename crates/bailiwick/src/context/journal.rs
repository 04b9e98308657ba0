//! The journal of a runtime: until the runtime lets go of it, and whether it takes appends meanwhile.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bailiwick_core::ErrorReport;
use bailiwick_core::journal::{FaultKind, Health, Journal, JournalFault};

use crate::context::RuntimeContext;
use crate::error::Cause;
use crate::journal::port;

impl RuntimeContext {
    /// The journal, unless the runtime has let go of it. Only for tasks of the runtime, whose end is
    /// waited for, and for a moment.
    pub(crate) fn journal(&self) -> Option<Arc<dyn Journal>> {
        self.journal.lock().clone()
    }

    /// Lets go of the journal. Tasks that still have it end soon: the runtime is closed. Callers have
    /// nothing of it any more.
    pub(crate) fn let_go(&self) {
        let journal = self.journal.lock().take();
        self.lending.close();
        // The lock first: the last one out ends the journal.
        drop(journal);
    }

    /// Whether the journal takes appends.
    pub(crate) fn health(&self) -> Health {
        match self.journal() {
            Some(journal) => port::health(&*journal),
            None => Health::ClosedForWriting { why: let_go() },
        }
    }

    /// An append failed: if the journal is closed for writing, nothing more is decided that has to be
    /// written, and it is opened again if it is to be.
    pub(crate) fn append_failed(&self) {
        let Health::ClosedForWriting { why } = self.health() else { return };
        if !self.journal_closed.swap(true, Ordering::AcqRel) {
            let fault = ErrorReport::of(&why);
            tracing::error!(%fault, "the journal is closed for writing");
        }
        self.journal_failed.notify_one();
    }

    /// Why the journal is closed for writing, if it is known to be: what would have to be written is
    /// given back before it changes anything, so nothing has to be undone. While it is open this is
    /// a look at a flag.
    pub(crate) fn journal_closed(&self) -> Option<JournalFault> {
        if !self.journal_closed.load(Ordering::Acquire) {
            return None;
        }
        match self.health() {
            Health::ClosedForWriting { why } => Some(why),
            _ => {
                // Whoever opened it.
                self.journal_is_open();
                None
            }
        }
    }

    /// What it means for a command that the journal is closed for writing.
    pub(crate) fn closed_by(&self, fault: JournalFault) -> Cause {
        let at = *self.reopened_at.lock();
        let reopened_in = at.map(|at| at.saturating_sub(self.environment.clock.elapsed()));
        Cause::JournalClosed { fault, reopened_in }
    }

    /// While the journal is closed for writing it is tried to be opened again then.
    pub(crate) fn reopens_in(&self, wait: Duration) {
        *self.reopened_at.lock() = Some(self.environment.clock.elapsed().saturating_add(wait));
    }

    /// The journal takes appends again.
    pub(crate) fn journal_is_open(&self) {
        if self.journal_closed.swap(false, Ordering::AcqRel) {
            tracing::info!("the journal is open for writing again");
            self.journal_opened.notify_waiters();
        }
    }

    /// Whether the journal takes appends. Asks the journal.
    pub(crate) fn takes_appends(&self) -> bool {
        self.health().is_open()
    }
}

/// What is said of a journal that the runtime has let go of.
pub(crate) fn let_go() -> JournalFault {
    let advice = "start a runtime on the journal again";
    JournalFault::new(FaultKind::Gone, "the journal", advice, "the runtime is shut down")
}
