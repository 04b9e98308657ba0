//! How a memory journal finds the last match: from the ends of the lists, a few events per lock.
//!
//! What is looked at ends at the head of the first lock, so that what is appended meanwhile changes
//! nothing.

use bailiwick_core::Position;
use bailiwick_core::journal::{LastMatch, Query, QueryItem};
use parking_lot::RwLock;

use super::log::Log;
use super::read::EVENTS_PER_LOCK;

pub(super) fn last(log: &RwLock<Log>, query: &Query) -> LastMatch {
    last_in_steps(log, query, EVENTS_PER_LOCK)
}

pub(super) fn last_in_steps(log: &RwLock<Log>, query: &Query, step: usize) -> LastMatch {
    let upto = log.read().head().position;
    let last = match query.items() {
        None => upto,
        Some(items) => {
            let beyond = |last, item| last_of(log, item, last, upto, step).unwrap_or(last);
            items.iter().fold(Position::START, beyond)
        }
    };
    let event = (last > Position::START).then(|| log.read().recorded(last));
    LastMatch { event, upto }
}

/// The last match of `item` beyond `after`, up to `upto`.
fn last_of(
    log: &RwLock<Log>,
    item: &QueryItem,
    after: Position,
    mut upto: Position,
    step: usize,
) -> Option<Position> {
    loop {
        match log.read().look_back(item, after, upto, step) {
            Ok(found) => return found,
            Err(looked_at_from) => upto = Position::new(looked_at_from.get() - 1),
        }
    }
}

impl Log {
    /// Looks at the last `step` candidates of each list; `Err` if there are more below that position.
    fn look_back(
        &self,
        item: &QueryItem,
        after: Position,
        upto: Position,
        step: usize,
    ) -> Result<Option<Position>, Position> {
        let (mut last, mut rest) = (None, None);
        for list in self.candidates(item) {
            let looked_at = &list[..list.partition_point(|position| *position <= upto)];
            let beyond = looked_at.iter().rev().take_while(|position| **position > after);
            let mut candidates = beyond.copied();
            let found = candidates.by_ref().take(step).find(|position| {
                let event = self.event(*position);
                item.matches(event.event_type.as_str(), &event.tags)
            });
            last = last.max(found);
            if found.is_none()
                && let Some(next) = candidates.next()
            {
                // Only an item with tags comes here, and it has one list.
                rest = Some(next.plus(1));
            }
        }
        match (last, rest) {
            (None, Some(rest)) => Err(rest),
            (last, _) => Ok(last),
        }
    }
}
