//! Saving: states on their way to the store.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bailiwick_core::journal::{Journal, Query, Read, RecordedEvent};
use bailiwick_core::snapshot::{Declared, Header};
use bailiwick_core::views::Form;
use bailiwick_core::{ErrorReport, Position, SnapshotKey};

use super::Keeper;
use super::counts::one;
use crate::context::RuntimeContext;
use crate::error::guarded;
use crate::journal::port::{self, Guarded, or_closed};
use crate::util::race::yield_now;

/// A state that is to be saved.
pub(crate) struct Offer {
    pub(crate) declared: Declared,
    pub(crate) key: SnapshotKey,
    /// What it is folded from.
    pub(crate) reads: Query,
    /// The position of its last event.
    pub(crate) position: Position,
    /// What stands beside it.
    pub(crate) beside: Vec<u8>,
    pub(crate) form: Form,
}

/// Why a state is not saved, and by what that is counted.
type NotSaved<'a> = (&'a AtomicU64, String);

impl Keeper {
    /// Whether a state of this view may be offered: there is room for it.
    pub(crate) fn has_room(&self, declared: &Declared) -> bool {
        if !self.trusts(declared) {
            return false;
        }
        let has_room = self.queue.lock().len() < self.most;
        if !has_room {
            one(&self.counters.dropped);
        }
        has_room
    }

    /// Leaves a state to be saved, unless too many wait.
    pub(crate) fn offer(&self, offer: Offer) {
        let mut queue = self.queue.lock();
        if queue.len() < self.most {
            queue.push_back(offer);
            drop(queue);
            self.came.notify_one();
        } else {
            // The lock first: what is dropped is the domain's.
            drop(queue);
            one(&self.counters.dropped);
        }
    }

    async fn save(&self, shared: &RuntimeContext, offer: Offer) -> Result<(), NotSaved<'_>> {
        let failed = |why| (&self.counters.failed, why);
        let Offer { declared, key, reads, position, beside, form } = offer;
        let form = guarded(form).map_err(failed)?;
        let form = form.map_err(|error| failed(ErrorReport::of(&error).to_string()))?;
        let (bytes, most) = (form.len().saturating_add(beside.len()), shared.config.snapshot_bytes);
        if bytes > most {
            let why =
                format!("it has {bytes} bytes, and may have {most} (`Config::snapshot_bytes`)");
            return Err((&self.counters.too_large, why));
        }
        let Some(journal) = shared.journal() else { return Ok(()) };
        let last = last_event(&*journal, reads, position).await.map_err(failed)?;
        drop(journal);
        let header = Header::new(declared.version, declared.reads(), &last);
        let bytes = header.write(&key, &beside, &form);
        // It may have been found out meanwhile.
        if !self.trusts(&declared) {
            return Ok(());
        }
        let put = Guarded::new(|| self.store.put(key, bytes.into()), |error| error).await;
        put.map_err(|error| failed(ErrorReport::of(&*error).to_string()))?;
        one(&self.counters.saved);
        Ok(())
    }

    /// Saves what is offered, one after the other.
    async fn save_all(&self, shared: &RuntimeContext) {
        loop {
            let next = self.queue.lock().pop_front();
            let Some(offer) = next else {
                self.came.notified().await;
                continue;
            };
            let snapshot = offer.key.to_string();
            if let Err((counter, why)) = self.save(shared, offer).await {
                one(counter);
                if let Some(left_out) = self.unsaved.line(shared.environment.clock.elapsed()) {
                    tracing::warn!(%snapshot, why, left_out, "a snapshot is not saved");
                }
            }
            yield_now().await;
        }
    }
}

/// The event that is the last one in a state: so what is saved is in the journal.
async fn last_event(
    journal: &dyn Journal,
    reads: Query,
    position: Position,
) -> Result<RecordedEvent, String> {
    let before = Position::new(position.get().saturating_sub(1));
    let read = Read::new(Query::all()).after(before).upto(position).limit(NonZeroUsize::MIN);
    let page = port::read(journal, read).await;
    let page = page.map_err(|error| ErrorReport::of(&error).to_string())?;
    let is_its = |last: &RecordedEvent| {
        let event = &last.event;
        last.position == position && reads.matches(event.event_type.as_str(), &event.tags)
    };
    let last = page.events.into_iter().next().filter(is_its);
    last.ok_or_else(|| format!("the journal does not have its last event at position {position}"))
}

/// Saves what is offered until the runtime closes.
pub(crate) async fn run(keeper: Arc<Keeper>, shared: Arc<RuntimeContext>) {
    or_closed(&shared, keeper.save_all(&shared)).await;
    let left = std::mem::take(&mut *keeper.queue.lock());
    keeper.counters.dropped.fetch_add(left.len() as u64, Ordering::Relaxed);
}
