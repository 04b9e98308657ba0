//! Comparing a snapshot with what its events fold to: what finds a version that nobody has raised, and a state
//! that does not come back whole.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bailiwick_core::Position;
use bailiwick_core::snapshot::{Declared, SnapshotOf};
use bailiwick_core::views::{Folded, ReadingItem, Slot};

use super::Keeper;
use super::counts::one;
use super::find::Candidate;
use crate::context::RuntimeContext;
use crate::error::{Unloadable, caught};
use crate::journal::fold::fold_on;
use crate::journal::port::Guarded;

/// A snapshot is not what its events fold to.
#[derive(Debug)]
pub(crate) struct Differs {
    view: &'static str,
    version: u32,
    position: Position,
}

impl Differs {
    /// What is wrong, and what to do.
    pub(crate) fn problem(&self) -> String {
        let Differs { view, version, .. } = self;
        format!(
            "is the last one in a snapshot of {view} that is not what its events fold to today: raise \
             `Snapshots::version({version})` to {} if its code has changed; if not, something of the state \
             is not part of its Serialize or Deserialize",
            version.saturating_add(1)
        )
    }
}

impl From<Differs> for Unloadable {
    fn from(differs: Differs) -> Unloadable {
        Unloadable::panicked(differs.position, differs.problem())
    }
}

/// What is compared: a view, and a snapshot of it.
pub(crate) struct Comparison {
    pub(crate) reading: ReadingItem,
    pub(crate) found: Candidate,
}

impl Keeper {
    /// Compares a snapshot that is gone on from, if its turn has come: in the background, or at once where a
    /// difference is to fail whoever would go on from it.
    ///
    /// # Errors
    /// If it is compared at once, and is something else.
    pub(crate) async fn sample(
        self: &Arc<Self>,
        shared: &Arc<RuntimeContext>,
        compared: Comparison,
    ) -> Result<(), Differs> {
        if self.must_agree {
            return self.compare(shared, compared).await;
        }
        let one_in = shared.config.compared_snapshots;
        let nth = self.counters.used.load(Ordering::Relaxed);
        if one_in == 0 || !nth.is_multiple_of(one_in) {
            return Ok(());
        }
        let (keeper, of) = (self.clone(), shared.clone());
        shared.spawn(Box::pin(async move {
            if let Ok(_alone) = keeper.comparing.try_acquire() {
                // The log and the counts have it.
                let _ = keeper.compare(&of, compared).await;
            }
        }));
        Ok(())
    }

    async fn compare(
        &self,
        shared: &Arc<RuntimeContext>,
        compared: Comparison,
    ) -> Result<(), Differs> {
        let Comparison { reading, found } = compared;
        let Some(is_same) = is_same(shared, reading, &found).await else { return Ok(()) };
        one(&self.counters.compared);
        if is_same {
            return Ok(());
        }
        one(&self.counters.different);
        let Declared { view, version, .. } = found.declared;
        let position = found.position();
        let differs = Differs { view, version, position };
        tracing::error!(
            snapshot = %found.key,
            %position,
            "the event at this position {}. No snapshot of this view is used or made by this runtime any \
             more, and all are removed; what was loaded from them stays as it is until it leaves memory, or \
             the runtime is started again",
            differs.problem()
        );
        self.distrusted.lock().insert(view);
        for of in [SnapshotOf::Aggregate, SnapshotOf::View] {
            let view = of.of_view(view);
            let _ = Guarded::new(|| self.store.clear(&view), |error| error).await;
        }
        Err(differs)
    }
}

/// None if that cannot be said: the journal cannot be read, or the runtime is closed.
async fn is_same(
    shared: &Arc<RuntimeContext>,
    reading: ReadingItem,
    found: &Candidate,
) -> Option<bool> {
    let position = found.position();
    let of = reading.clone();
    let kept = caught(|| Slot::of_snapshot(of, &found.body.state, position)).ok()?.ok()?;
    let mut anew = caught(|| Folded::of_one(reading)).ok()?;
    fold_on(shared, &mut anew, Some(position)).await.ok()?;
    let anew = anew.into_slots().pop()?;
    caught(|| kept.is_same(&anew)).ok()
}
