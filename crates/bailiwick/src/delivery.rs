//! What policies and effects have under way, as those know it whom it goes through: what a command of a policy
//! carries (which delivery it is, and what it follows from), and how many calls of effects there are.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bailiwick_core::Tag;
use bailiwick_core::journal::{AppendCondition, Delivery, EncodedEvent, Extra, Query, QueryItem};

/// The calls of all effects of a runtime that are under way.
#[derive(Debug, Default)]
pub(crate) struct Calls(pub(crate) AtomicUsize);

impl Calls {
    /// How many there are.
    pub(crate) fn under_way(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A delivery on its way.
#[derive(Debug)]
pub(crate) struct Delivering {
    delivery: Delivery,
    /// The tag of what stands for it in the journal.
    pub(crate) tag: Tag,
    /// The name of the command.
    pub(crate) command: &'static str,
    /// How many deliveries led to it, with this one.
    hops: u32,
    /// It may be on its way once more: it was sent before, and nobody knows what came of it.
    pub(crate) unsure: bool,
    /// A decision emitted something, when it was last decided.
    has_cause: AtomicBool,
}

impl Delivering {
    pub(crate) fn new(
        delivery: Delivery,
        command: &'static str,
        (hops, unsure): (u32, bool),
    ) -> Self {
        let (tag, has_cause) = (delivery.tag(), AtomicBool::new(false));
        Delivering { delivery, tag, command, hops, unsure, has_cause }
    }

    /// On every event that it causes.
    pub(crate) fn says_why(&self, extra: &mut Extra) {
        extra.causation = Some(self.delivery.source);
        extra.hops = self.hops;
    }

    /// On one event, which stands for it from then on.
    pub(crate) fn leaves_its_trace(&self, event: &mut EncodedEvent) {
        event.tags = event.tags.iter().cloned().chain([self.tag.clone()]).collect();
        event.metadata.extra_mut().delivery = Some(self.delivery.clone());
    }

    /// A decision emitted these.
    pub(crate) fn caused(&self, events: &mut [EncodedEvent]) {
        self.has_cause.store(!events.is_empty(), Ordering::Relaxed);
        if let Some(last) = events.last_mut() {
            self.leaves_its_trace(last);
        }
    }

    /// Whether a decision emitted something.
    pub(crate) fn has_caused(&self) -> bool {
        self.has_cause.load(Ordering::Relaxed)
    }

    /// The tag, if a decision emitted something.
    pub(crate) fn tag_of_cause(&self) -> Option<Tag> {
        self.has_caused().then(|| self.tag.clone())
    }
}

/// The same condition, and none of these deliveries was done before.
pub(crate) fn unless_delivered(condition: AppendCondition, deliveries: &[Tag]) -> AppendCondition {
    match once_delivered(deliveries) {
        Some(done) => condition.never(done),
        None => condition,
    }
}

/// What stands for one of these deliveries; none if there is none.
pub(crate) fn once_delivered(deliveries: &[Tag]) -> Option<Query> {
    Query::any_of(deliveries.iter().cloned().map(QueryItem::tagged)).ok()
}
