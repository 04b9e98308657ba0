//! A journal that failed is opened again: by a task of the runtime, if the runtime was told to.
//!
//! Meanwhile nothing is lost and nothing hangs: commands are judged and given back, reads answer
//! from what is durable. What was being appended when it failed is found, or not, when the journal
//! was read again; whoever asked with an idempotency key asks again and is told.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::ReopenError;

use crate::port;
use crate::race::either;
use crate::shared::{Shared, Stage};

/// Opens the journal again whenever it is closed for writing, until the runtime is closed: at once,
/// then after a back-off that doubles up to its bound.
pub(crate) async fn run(shared: Arc<Shared>) {
    let first = shared.config.reopen_backoff;
    let mut backoff = Duration::ZERO;
    loop {
        // Before the stage and the health are looked at, so that a change is not missed.
        let (closing, failed) = (shared.closing.notified(), shared.journal_failed.notified());
        if shared.stage() == Stage::Closed {
            return;
        }
        let Some(journal) = shared.journal() else { return };
        if port::health(&*journal).is_open() {
            shared.journal_is_open();
            backoff = Duration::ZERO;
            drop(journal);
            either(failed, closing).await;
            continue;
        }
        if !backoff.is_zero() {
            either(shared.seams.clock.sleep(backoff), closing).await;
        }
        backoff = (backoff * 2).clamp(first, shared.config.reopen_backoff_max.max(first));
        let Some(reopened) = port::or_closed(&shared, port::reopen(&*journal)).await else {
            return;
        };
        match reopened {
            Ok(()) => shared.journal_is_open(),
            Err(ReopenError::StillClosed(fault)) => {
                tracing::error!(%fault, ?backoff, "the journal cannot be opened again yet");
            }
            Err(error) => {
                tracing::error!(%error, ?backoff, "the journal cannot be opened again yet");
            }
        }
    }
}
