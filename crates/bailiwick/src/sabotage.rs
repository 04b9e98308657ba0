//! Bugs to switch on: a test that does not find them is not worth much.

use bailiwick_core::Tag;
use bailiwick_core::journal::{
    ANSWERED, AppendCondition, Delivery, Journal, Query, QueryItem, RecordedEvent,
};
use bailiwick_core::policy::{DeliveryEnded, Ending};

use crate::context::RuntimeContext;
use crate::journal::port;

/// A bug that a runtime can be given.
///
/// For an example see [`Builder`](crate::Builder).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sabotage {
    /// A snapshot of another version is used.
    OldSnapshotUsed,
    /// Who goes on from a snapshot guards nothing in its first append.
    SnapshotShortensCondition,
    /// After a conflict, commands are decided again on the speculative state.
    NoRebuild,
    /// Callers are told before the journal has it.
    ReplyBeforeAppend,
    /// Work left in a cell does not wake its waiting actor.
    LostWakeup,
    /// After an append has failed, the state goes on with what that append would have written.
    SpeculationKept,
    /// A start does not arm the deadlines that the journal holds.
    DeadlinesForgotten,
    /// What a command's key was answered is not read back from the journal.
    KeysForgotten,
    /// What a decision's key was answered is not looked at.
    DecisionKeysForgotten,
    /// What was decided is appended without its condition.
    UnguardedDecision,
    /// What was decided is appended whatever its key has been answered meanwhile.
    UnguardedKey,
    /// The aggregates that an event of a decision concerns are not told of it.
    AggregatesNotTold,
    /// A policy records as done what it has read.
    MarkBeforeEffect,
    /// What a policy delivers is neither looked up nor guarded: what was done is done again.
    DuplicateDelivered,
    /// A policy takes the news of a page in the wrong order.
    LaneOutOfOrder,
    /// A policy goes on behind the news at which it has parked a lane.
    ParkedOvertaken,
    /// The trace of a delivery is written beside what it caused, whether there is one or not.
    TracedTwice,
    /// An effect leaves its trace before it calls.
    TraceBeforeCall,
    /// An effect passes on another key in each attempt.
    KeyNotStable,
    /// An effect that has given up is tried again.
    RetriedAfterGivingUp,
    /// A projection commits its mark before its rows.
    MarkBeforeRows,
    /// A projection commits its mark after its rows, by itself.
    MarkAfterRows,
}

/// Of which delivery the key of an attempt is.
pub(crate) fn key_of(shared: &RuntimeContext, delivery: Delivery, number: u32) -> Delivery {
    match shared.sabotaged(Sabotage::KeyNotStable) {
        true => Delivery { run: number, ..delivery },
        false => delivery,
    }
}

/// Whether there is a trace with this tag that says something else than that the effect gave up.
pub(crate) async fn trace_but_of_giving_up(
    journal: &dyn Journal,
    tag: Tag,
) -> Result<bool, String> {
    let found = port::last(journal, QueryItem::tagged(tag).into()).await;
    let found = found.map_err(|error| error.to_string())?.event;
    let ended = found.map(|found| found.event.decode::<DeliveryEnded>());
    let gave_up =
        |ended: &Result<_, _>| matches!(ended, Ok(Some(DeliveryEnded { how: Ending::GaveUp, .. })));
    Ok(ended.is_some_and(|ended| !gave_up(&ended)))
}

/// Which deliveries an append is guarded against.
pub(crate) fn guarded(shared: &RuntimeContext, deliveries: Vec<Tag>) -> Vec<Tag> {
    match shared.sabotaged(Sabotage::DuplicateDelivered) {
        true => Vec::new(),
        false => deliveries,
    }
}

/// The news of a page.
pub(crate) fn in_order(
    shared: &RuntimeContext,
    mut news: Vec<RecordedEvent>,
) -> Vec<RecordedEvent> {
    if shared.sabotaged(Sabotage::LaneOutOfOrder) {
        news.reverse();
    }
    news
}

/// The condition of an append of decisions, without what is not guarded any more.
pub(crate) fn unguarded(
    shared: &RuntimeContext,
    condition: Option<AppendCondition>,
) -> Option<AppendCondition> {
    if shared.sabotaged(Sabotage::UnguardedDecision) {
        return None;
    }
    if !shared.sabotaged(Sabotage::UnguardedKey) {
        return condition;
    }
    let condition = condition?;
    let items = condition.query.items().unwrap_or_default().iter();
    let others = items.filter(|item| !item.types().iter().any(|known| known.as_str() == ANSWERED));
    let query = Query::any_of(others.cloned()).ok()?;
    Some(AppendCondition { query, ..condition })
}
