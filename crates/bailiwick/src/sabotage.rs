//! What becomes of a thing where a [bug](Sabotage) is switched on: a test that does not find them is not worth much.

use bailiwick_core::Tag;
use bailiwick_core::journal::{
    ANSWERED, AppendCondition, Delivery, Journal, Query, QueryItem, RecordedEvent,
};
use bailiwick_core::policy::{DeliveryEnded, Ending};

use crate::context::RuntimeContext;
pub use crate::context::sabotage::Sabotage;
use crate::journal::port;

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
