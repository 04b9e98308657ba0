//! Where a condition conflicts with an append that was in the same batch.
//!
//! tephra says that there is a conflict with something that is not written yet, and not where. What
//! that was is known when the batch was written; if it was not, nothing is there to conflict with.

use bailiwick_core::Position;
use bailiwick_core::journal::{EncodedEvent, Query};

use super::append::Append;

impl Append {
    /// The first of `events`, which stand from `first` on, that violates the condition.
    pub(super) fn violated_by(&self, first: Position, events: &[EncodedEvent]) -> Option<Position> {
        let condition = self.condition.as_ref()?;
        let selects = |query: &Query, event: &EncodedEvent| {
            query.matches(event.event_type.as_str(), &event.tags)
        };
        let violates = |(position, event): &(u64, &EncodedEvent)| {
            let moved = *position > condition.after.get() && selects(&condition.query, event);
            moved || condition.never.as_ref().is_some_and(|never| selects(never, event))
        };
        let mut positions = (first.get()..).zip(events);
        positions.find(violates).map(|(position, _)| Position::new(position))
    }
}
