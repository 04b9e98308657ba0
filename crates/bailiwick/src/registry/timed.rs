//! How the deadlines of an aggregate type are [found out](crate::recovery) at the start: one and the same code for all
//! types.

use std::sync::Arc;

use bailiwick_core::journal::{
    DeadlinesOf, EncodedEvent, KnownDeadlines, Outline, Query, RecordedDeadline, RecordedEvent,
};
use bailiwick_core::{Aggregate, Id, Position, Tag, Timestamp};

use crate::cell::fold_one;
use crate::context::RuntimeContext;
use crate::error::caught;
use crate::recovery::{Folding, Judging, Timed};
use crate::registry::aggregate_type::{AggregateType, AnyAggregateType as _};

struct OneOf<A: Aggregate> {
    id: A::Key,
    folded: Option<(A, Position)>,
}

impl<A: Aggregate> Timed for AggregateType<A> {
    fn shared(&self) -> &Arc<RuntimeContext> {
        &self.shared
    }

    fn judging(&self) -> &Judging {
        &self.judging
    }

    fn has_key(&self, key: &str) -> bool {
        A::Key::has_key(key)
    }

    fn recorded(&self, event: &EncodedEvent, tag: &Tag) -> Option<RecordedDeadline> {
        event.metadata.deadline_of::<A>(tag)
    }

    fn known_by<'a>(&self, outline: &'a Outline) -> KnownDeadlines<'a> {
        let (mut names, types) = (vec![A::NAME], self.event_types());
        names.extend(A::WAS);
        let (names, keys, rule) = (&*names, &*self.keys(), A::DEADLINE_VERSION);
        outline.deadlines_of(&DeadlinesOf { names, keys, types: &types, rule })
    }

    fn boundary(&self, value: &str) -> Option<Query> {
        let scope = self.scope(&Self::id_from(value)?).ok()?;
        Some(scope.boundary.clone())
    }

    fn unfolded(&self, value: &str) -> Option<Box<dyn Folding>> {
        let id = Self::id_from(value)?;
        Some(Box::new(OneOf::<A> { id, folded: None }))
    }

    fn arm(&self, value: &str, at: Timestamp) -> bool {
        let id = Self::id_from(value);
        if let Some(id) = &id {
            self.deadlines.arm_stored(id, at);
        }
        id.is_some()
    }
}

impl<A: Aggregate> Folding for OneOf<A> {
    fn fold(&mut self, recorded: &RecordedEvent) -> bool {
        fold_one(&mut self.folded, &self.id, recorded).is_ok()
    }

    fn deadline(&self) -> Option<Option<Timestamp>> {
        // It counts from the first event on.
        let Some((state, _)) = &self.folded else { return Some(None) };
        caught(|| state.deadline()).ok()
    }

    fn bytes(&self) -> usize {
        let heap = self.folded.as_ref().map_or(0, |(state, _)| {
            // Counts as nothing, as it does when it comes to rest.
            caught(|| state.heap_bytes()).unwrap_or(0)
        });
        heap.saturating_add(size_of::<A>())
    }
}
