//! What recovery has to know of an aggregate type; it is one and the same code for all of them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bailiwick_core::journal::{EncodedEvent, QueryItem, RecordedDeadline, RecordedEvent};
use bailiwick_core::{Aggregate, Id, Position, Tag, Timestamp};

use super::Judging;
use crate::cell::fold_one;
use crate::context::RuntimeContext;
use crate::registry::aggregate_type::AggregateType;

/// An aggregate type, as far as the deadlines of its aggregates have to be found out.
pub(crate) trait Timed: Send + Sync {
    fn shared(&self) -> &Arc<RuntimeContext>;
    fn judging(&self) -> &Judging;
    /// The `NAME` of the type.
    fn name(&self) -> &'static str;
    /// The version of the rule by which deadlines are made.
    fn rule(&self) -> u32;
    /// What aggregates of this type read, whichever they are.
    fn query(&self) -> QueryItem;
    /// Whether these aggregates have tags with this key, or had.
    fn has_key(&self, key: &str) -> bool;
    /// What stands beside the event of the deadline of the aggregate with this tag.
    fn recorded(&self, event: &EncodedEvent, tag: &Tag) -> Option<RecordedDeadline>;
    /// The aggregate whose tag has this value, before its first event. None if it is ignored.
    fn unfolded(&self, value: &str) -> Option<Box<dyn Folding>>;
    /// Makes sure that it is called at this time or earlier. Whether there can be such an aggregate.
    fn arm(&self, value: &str, at: Timestamp) -> bool;
}

/// An aggregate that is folded for the sake of its deadline.
pub(crate) trait Folding: Send {
    /// Folds one event more. Fails if it cannot be.
    fn fold(&mut self, recorded: &RecordedEvent) -> bool;
    /// None if its code panics.
    fn deadline(&self) -> Option<Option<Timestamp>>;
    /// What its state takes.
    fn bytes(&self) -> usize;
}

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

    fn name(&self) -> &'static str {
        A::NAME
    }

    fn rule(&self) -> u32 {
        A::DEADLINE_VERSION
    }

    fn query(&self) -> QueryItem {
        self.all()
    }

    fn has_key(&self, key: &str) -> bool {
        A::Key::has_key(key)
    }

    fn recorded(&self, event: &EncodedEvent, tag: &Tag) -> Option<RecordedDeadline> {
        event.metadata.deadline_of::<A>(tag)
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
        catch_unwind(AssertUnwindSafe(|| state.deadline())).ok()
    }

    fn bytes(&self) -> usize {
        let heap = self.folded.as_ref().map_or(0, |(state, _)| {
            // Counts as nothing, as it does when it comes to rest.
            catch_unwind(AssertUnwindSafe(|| state.heap_bytes())).unwrap_or(0)
        });
        heap.saturating_add(size_of::<A>())
    }
}
