//! Batches of what a projection wants, as they are read from the journal.

use std::future::poll_fn;

use bailiwick_core::Position;
use bailiwick_core::journal::{JournalReadError, RecordedEvent};

use crate::config::Config;
use crate::reading::{Following, Step};

/// Events in order, and up to where there are no others.
pub(super) struct Batch {
    pub(super) events: Vec<RecordedEvent>,
    pub(super) upto: Position,
    /// It reaches the end of the journal.
    pub(super) level: bool,
}

impl Batch {
    /// Reads until the batch is full, or the journal is at its end, from what was read `first` on, if something was.
    /// None: the runtime is closed.
    pub(super) async fn read(
        mut first: Option<Result<Step, JournalReadError>>,
        following: &mut Following,
        config: &Config,
    ) -> Option<Result<Batch, JournalReadError>> {
        let mut bytes = 0;
        let mut batch = Batch { events: Vec::new(), upto: Position::START, level: false };
        loop {
            let step = match first.take() {
                Some(first) => first,
                None => next(following).await?,
            };
            match step {
                Err(error) if batch.events.is_empty() => return Some(Err(error)),
                // What was read is worth something; the error comes again.
                Err(_) => return Some(Ok(batch)),
                Ok(Step::CaughtUp(upto)) => {
                    return Some(Ok(Batch { upto, level: true, ..batch }));
                }
                Ok(Step::Event(recorded)) => {
                    batch.upto = recorded.position;
                    bytes += recorded.event.counted_bytes();
                    batch.events.push(recorded);
                }
            }
            if batch.events.len() >= config.projection_batch_events
                || bytes >= config.projection_batch_bytes
            {
                return Some(Ok(batch));
            }
        }
    }
}

/// What comes next in the journal. None: the runtime is closed.
pub(super) async fn next(following: &mut Following) -> Option<Result<Step, JournalReadError>> {
    poll_fn(|cx| following.poll(cx)).await
}
