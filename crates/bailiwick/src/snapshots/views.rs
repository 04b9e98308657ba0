//! Views of decisions, policies and effects, and those that are read: they go on from snapshots, and leave some.

use std::num::NonZeroUsize;
use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::{Page, Query, Read};
use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::views::{Folded, Form, ReadingItem, Slot};

use super::compare::Comparison;
use super::counts::one;
use super::save::Offer;
use super::{Differs, Keeper};
use crate::context::RuntimeContext;
use crate::error::caught;

/// Has the views that have seen nothing yet go on from snapshots, if there are any that are not beyond
/// `upto`. `read` asks the journal; none if it does not answer.
///
/// # Errors
/// If a snapshot is to be what its events fold to, and is not.
pub(crate) async fn revive<F: Future<Output = Option<Page>>>(
    shared: &Arc<RuntimeContext>,
    views: &mut Folded,
    (of, upto): (SnapshotOf, Option<Position>),
    mut read: impl FnMut(Read) -> F,
) -> Result<(), Differs> {
    let Some(keeper) = &shared.snapshots else { return Ok(()) };
    let wanted: Vec<ReadingItem> = views.revivable().cloned().collect();
    for reading in wanted {
        let (Some(declared), Some(key)) =
            (reading.identity().snapshots(), reading.identity().snapshot_key(of))
        else {
            continue;
        };
        let Some(found) = keeper.find(shared, declared, key, upto).await else { continue };
        let Some(query) = query_of(&reading, of) else { continue };
        let last = found.read(query).upto(found.position()).limit(NonZeroUsize::MIN);
        let page = read(last).await;
        let Some(page) = page else { return Ok(()) };
        if page.events.first().is_some_and(|last| last.event.is_reserved()) {
            // What no view reads: nobody knows here which event the state is as of.
            continue;
        }
        if keeper.confirm(shared, &found, page).is_none() {
            continue;
        }
        let (of, position) = (reading.clone(), found.position());
        let slot = || Slot::of_snapshot(of, &found.body.state, position);
        if let Some(slot) = keeper.decoded(shared, &found, slot) {
            one(&keeper.counters.used);
            keeper.sample(shared, Comparison { reading, found }).await?;
            views.revive(slot);
        }
    }
    Ok(())
}

/// The last event of an aggregate's snapshot may be one of Bailiwick's own, which no view reads.
fn query_of(reading: &ReadingItem, of: SnapshotOf) -> Option<Query> {
    match of {
        SnapshotOf::Aggregate => Some(Query::all()),
        SnapshotOf::View => Query::any_of(reading.items().cloned()).ok(),
    }
}

/// Leaves snapshots of the views that have enough events which none has. They are durable, unless they are
/// ahead.
pub(crate) fn keep(keeper: &Keeper, slots: &mut [Slot]) {
    for slot in slots.iter_mut().filter(|slot| slot.is_due(false)) {
        let Some(offer) = keeper.offer_of(slot) else {
            slot.put_off();
            continue;
        };
        // A panic of its code is told by whoever meets it next.
        if let Ok(form) = caught(|| slot.to_form()) {
            keeper.offer(offer(form));
        }
    }
}

impl Keeper {
    /// A view leaves memory.
    pub(crate) fn leaves(&self, slot: Slot) {
        if slot.is_due(true)
            && let Some(offer) = self.offer_of(&slot)
        {
            self.offer(offer(slot.into_form()));
        }
    }

    /// Makes an offer of the form of the state; none if there is no room.
    fn offer_of(&self, slot: &Slot) -> Option<impl FnOnce(Form) -> Offer + use<>> {
        let reading = slot.reading();
        let declared = reading.identity().snapshots().filter(|declared| self.has_room(declared))?;
        let key = reading.identity().snapshot_key(SnapshotOf::View)?;
        let reads = query_of(reading, SnapshotOf::View)?;
        let (position, beside) = (slot.last(), Vec::new());
        Some(move |form| Offer { declared, key, reads, position, beside, form })
    }
}
