//! The reading of an aggregate's part of the journal, page by page; once for all types.

use std::sync::Arc;

use bailiwick_core::journal::{Journal, Page, Read, RecordedEvent};
use bailiwick_core::{Position, Timestamp};

use crate::context::RuntimeContext;
use crate::error::{LoadError, Unloadable};
use crate::util::pace::Pace;

/// What is folded from it.
pub(super) trait Fold: Send {
    /// Folds one event in.
    fn fold(&mut self, recorded: &RecordedEvent) -> Result<(), Unloadable>;
    /// Remembers the answer that stands beside an event, if one does. It was decided at `at`, which is
    /// not too long ago.
    fn remember(&mut self, recorded: &RecordedEvent, at: Timestamp);
    /// Nothing after this event was read yet.
    fn comes_to(&mut self, last: &RecordedEvent);
}

#[derive(Clone)]
pub(super) struct Reading {
    pub(super) shared: Arc<RuntimeContext>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) read: Read,
    /// Its first page, if that was read already.
    pub(super) page: Option<Page>,
}

impl Reading {
    /// Folds all there is. Returns up to where that was read.
    pub(super) async fn fold_into(self, folding: &mut dyn Fold) -> Result<Position, LoadError> {
        let Reading { shared, journal, mut read, mut page } = self;
        let mut pace = Pace::default();
        let mut clock = Clock { now: shared.now(), reached: Timestamp::EPOCH };
        loop {
            let page = match page.take() {
                Some(page) => page,
                None => journal.read(read.clone()).await.map_err(LoadError::Unread)?,
            };
            for recorded in &page.events {
                folding.fold(recorded).map_err(LoadError::Unloadable)?;
                let at = clock.of(recorded.event.recorded_at);
                if clock.now.since(at) < shared.config.answers_for && remembers(&shared) {
                    folding.remember(recorded, at);
                }
                pace.folded(&recorded.event).await;
            }
            shared.time.not_before_any(&page.events);
            if let Some(last) = page.events.last() {
                folding.comes_to(last);
            }
            read.after = page.upto;
            if !page.more {
                return Ok(read.after);
            }
        }
    }
}

#[cfg(feature = "fault-injection")]
fn remembers(shared: &RuntimeContext) -> bool {
    !shared.sabotaged(crate::sabotage::Sabotage::KeysForgotten)
}

#[cfg(not(feature = "fault-injection"))]
fn remembers(_: &RuntimeContext) -> bool {
    true
}

/// When the events of a journal were decided, as far as can be told from clocks that differ: in their
/// order, and not in the future.
struct Clock {
    now: Timestamp,
    reached: Timestamp,
}

impl Clock {
    fn of(&mut self, recorded_at: Timestamp) -> Timestamp {
        self.reached = self.reached.max(recorded_at.min(self.now));
        self.reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_later_was_decided_later_and_nothing_in_the_future() {
        let mut clock = Clock { now: 100.into(), reached: Timestamp::EPOCH };
        let at = [10, 50, 20, u64::MAX, 30].map(|recorded| clock.of(recorded.into()));
        assert_eq!(at, [10, 50, 50, 100, 100].map(Timestamp::from));
    }
}
