//! Saving: states on their way to the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bailiwick_core::journal::{Query, Read, RecordedEvent};
use bailiwick_core::snapshot::{Declared, Header};
use bailiwick_core::views::Form;
use bailiwick_core::{BoxFuture, ErrorReport, Position, SnapshotKey};

use super::Keeper;
use super::counts::one;
use crate::context::{RuntimeContext, Stage};
use crate::error::guarded;
use crate::journal::port::{self, Guarded, or_closed};
use crate::util::race::{either, yield_now};

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

/// Why a state is not saved.
enum NotSaved {
    TooLarge(usize),
    Failed(String),
    /// The runtime is closed.
    Closed,
}

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

    /// A state is not even encoded.
    pub(crate) fn is_too_large(&self) {
        one(&self.counters.too_large);
    }

    /// Leaves a state to be saved, unless too many wait.
    pub(crate) fn offer(&self, offer: Offer) {
        let mut queue = self.queue.lock();
        let left = match queue.len() < self.most {
            true => {
                queue.push_back(offer);
                None
            }
            false => Some(offer),
        };
        // The lock first: what is dropped is the domain's.
        drop(queue);
        match left {
            None => self.came.notify_one(),
            Some(_) => one(&self.counters.dropped),
        }
    }

    fn next(&self) -> Option<Offer> {
        self.queue.lock().pop_front()
    }

    async fn save(&self, shared: &RuntimeContext, offer: Offer) -> Result<(), NotSaved> {
        let Offer { declared, key, reads, position, beside, form } = offer;
        let form = guarded(form).map_err(NotSaved::Failed)?;
        let form = form.map_err(|error| NotSaved::Failed(ErrorReport::of(&error).to_string()))?;
        let bytes = form.len().saturating_add(beside.len());
        if bytes > shared.config.snapshot_bytes {
            return Err(NotSaved::TooLarge(bytes));
        }
        let last = last_event(shared, reads, position).await?;
        let header = Header::new(declared.version, declared.reads(), &last);
        let bytes = header.write(&key, &beside, &form);
        // It may have been found out meanwhile.
        if !self.trusts(&declared) {
            return Ok(());
        }
        let put = Guarded::new(|| self.store.put(key, bytes.into()), |error| error);
        let put = or_closed(shared, put).await.ok_or(NotSaved::Closed)?;
        put.map_err(|error| NotSaved::Failed(ErrorReport::of(&*error).to_string()))?;
        one(&self.counters.saved);
        Ok(())
    }

    fn not_saved(&self, shared: &RuntimeContext, snapshot: &str, why: NotSaved) {
        let why = match why {
            NotSaved::Closed => return,
            NotSaved::TooLarge(bytes) => {
                one(&self.counters.too_large);
                let most = shared.config.snapshot_bytes;
                format!("it has {bytes} bytes, and may have {most} (`Config::snapshot_bytes`)")
            }
            NotSaved::Failed(why) => {
                one(&self.counters.failed);
                why
            }
        };
        if let Some(left_out) = self.unsaved.line(shared.environment.clock.elapsed()) {
            tracing::warn!(%snapshot, why, left_out, "a snapshot is not saved");
        }
    }

    pub(super) fn clear_queue(&self) {
        let left = std::mem::take(&mut *self.queue.lock());
        self.counters.dropped.fetch_add(left.len() as u64, Ordering::Relaxed);
    }
}

/// The event that is the last one in a state: so what is saved is in the journal.
async fn last_event(
    shared: &RuntimeContext,
    reads: Query,
    position: Position,
) -> Result<RecordedEvent, NotSaved> {
    let before = Position::new(position.get().saturating_sub(1));
    let limit = 1.try_into().expect("one");
    let read = Read::new(Query::all()).after(before).upto(position).limit(limit);
    let journal = shared.journal().ok_or(NotSaved::Closed)?;
    let page = or_closed(shared, port::read(&*journal, read)).await.ok_or(NotSaved::Closed)?;
    drop(journal);
    let page = page.map_err(|error| NotSaved::Failed(ErrorReport::of(&error).to_string()))?;
    let last = page.events.into_iter().next();
    let is_its = |last: &RecordedEvent| {
        let event = &last.event;
        last.position == position && reads.matches(event.event_type.as_str(), &event.tags)
    };
    last.filter(is_its).ok_or_else(|| {
        NotSaved::Failed(format!("the journal does not have its last event at position {position}"))
    })
}

/// Saves what is offered until the runtime closes.
pub(crate) fn run(keeper: Arc<Keeper>, shared: Arc<RuntimeContext>) -> BoxFuture<()> {
    Box::pin(async move {
        loop {
            // Before the stage is looked at, so that its change is not missed.
            let closing = shared.closing.notified();
            if shared.stage() == Stage::Closed {
                return keeper.clear_queue();
            }
            let Some(offer) = keeper.next() else {
                either(keeper.came.notified(), closing).await;
                continue;
            };
            let snapshot = offer.key.to_string();
            if let Err(why) = keeper.save(&shared, offer).await {
                keeper.not_saved(&shared, &snapshot, why);
            }
            yield_now().await;
        }
    })
}
