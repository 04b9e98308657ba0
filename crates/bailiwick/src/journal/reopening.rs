//! A journal that failed is opened again: by a task of the runtime, if the runtime was told to.
//!
//! Meanwhile nothing is lost and nothing hangs: commands are judged and given back, reads answer
//! from what is durable. What was being appended when it failed is found, or not, when the journal
//! was read again; whoever asked with an idempotency key asks again and is told.

use std::sync::Arc;
use std::time::Duration;

use bailiwick_core::ErrorReport;

use crate::context::{RuntimeContext, Stage};
use crate::journal::port::{self, or_closed};
use crate::util::backoff::Backoff;
use crate::util::race::either;

/// Opens the journal again whenever it is closed for writing, until the runtime is closed: at once,
/// then after a back-off that doubles up to its bound, until it stays open for as long.
pub(crate) async fn run(shared: Arc<RuntimeContext>) {
    or_closed(&shared, keep_open(&shared)).await;
}

async fn keep_open(shared: &RuntimeContext) {
    let config = &shared.config;
    let backoff = Backoff::new(config.reopen_backoff, config.reopen_backoff_max);
    // At once the first time.
    let wait = |failed_times: u8| failed_times.checked_sub(1).map(|times| backoff.after(times));
    shared.reopens_in(Duration::ZERO);
    // How often it could not be opened, or was closed soon after.
    let mut failed_times = 0_u8;
    loop {
        // Before the health is looked at, so that a change is not missed.
        let (closing, failed) = (shared.closing.notified(), shared.journal_failed.notified());
        let Some(journal) = shared.journal() else { return };
        if port::health(&*journal).is_open() {
            shared.journal_is_open();
            drop(journal);
            let clock = &shared.environment.clock;
            let open_since = clock.elapsed();
            failed.await;
            let was_open = clock.elapsed().saturating_sub(open_since);
            // At the end of the runtime it is opened at once, for what is still to be recorded.
            if was_open >= backoff.after(failed_times) || shared.stage() != Stage::Open {
                failed_times = 0;
            }
            shared.reopens_in(wait(failed_times).unwrap_or_default());
            continue;
        }
        if let Some(wait) = wait(failed_times) {
            // At the end of the runtime it is tried once more at once.
            either(shared.environment.clock.sleep(wait), closing).await;
        }
        let again_after = backoff.after(failed_times);
        failed_times = failed_times.saturating_add(1);
        match port::reopen(&*journal).await {
            Ok(()) => shared.journal_is_open(),
            Err(error) => {
                shared.reopens_in(again_after);
                let error = ErrorReport::of(&error);
                tracing::error!(%error, ?again_after, "the journal cannot be opened again yet");
            }
        }
    }
}
