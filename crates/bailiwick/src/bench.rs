//! What the comparisons measure from inside. Not part of the API: it may change at any time.

use std::sync::Arc;

use bailiwick_core::{Aggregate, Timestamp};

use crate::aggregates::Aggregates;
use crate::deadlines::Slot;
use crate::registry::aggregate_type::AggregateType;

/// How many aggregates keep what their next turn would have to make anew.
pub fn warm<A: Aggregate>(aggregates: &Aggregates<A>) -> usize {
    aggregates.kind.rest.warm()
}

/// The deadline index of an aggregate type in its runtime, which goes on meanwhile.
pub struct DeadlineIndex<A: Aggregate>(Arc<AggregateType<A>>);

/// What an aggregate in memory knows of its entry. Dropping it leaves the entry where it is.
#[derive(Debug, Default)]
pub struct Armed {
    at: Option<Timestamp>,
    slot: Option<Slot>,
}

impl<A: Aggregate> DeadlineIndex<A> {
    /// The one of `aggregates`.
    pub fn of(aggregates: &Aggregates<A>) -> Self {
        DeadlineIndex(aggregates.kind.clone())
    }

    /// What a turn does before it gives its events to the journal: the entry of the aggregate `id`,
    /// which has no other, is at `at` or earlier afterwards.
    pub fn arm(&self, armed: &mut Armed, id: &A::Key, at: Timestamp) {
        self.0.deadlines.arm(&mut armed.at, &mut armed.slot, id, at);
    }

    /// How many operations on an entry there were so far.
    pub fn operations(&self) -> u64 {
        self.0.deadlines.operations()
    }
}
