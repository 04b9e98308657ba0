//! The views of a policy or an effect, as of its news: folded up to and including that, and nothing later.

use std::sync::Arc;

use bailiwick_core::journal::Journal;
use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::views::{Boundary, Folded};
use bailiwick_core::{ErrorReport, Position};

use crate::context::RuntimeContext;
use crate::error::{Unloadable, guarded};
use crate::journal::port;
use crate::snapshots;
use crate::util::pace::Pace;
use crate::view::cache::ViewCache;

/// Folds the views of this boundary as of `upto`. Those that were kept go on, unless they know more.
///
/// # Errors
/// Why they cannot be folded.
pub(super) async fn as_of(
    upto: Position,
    boundary: &Boundary,
    (shared, journal, kept): (&Arc<RuntimeContext>, &dyn Journal, &ViewCache),
) -> Result<Folded, String> {
    let mut folded = Folded::default();
    if boundary.reading().is_empty() {
        return Ok(folded);
    }
    let mut taken = kept.take(boundary);
    taken.retain(|slot| slot.upto() <= upto);
    guarded(|| {
        folded.add(boundary, |view| {
            let at = taken.iter().position(|slot| slot.identity() == view)?;
            Some(taken.swap_remove(at))
        });
    })?;
    let read = |read| async { port::read(journal, read).await.ok() };
    let revived =
        snapshots::revive(shared, &mut folded, (SnapshotOf::View, Some(upto)), read).await;
    revived.map_err(|differs| ErrorReport::of(&Unloadable::from(differs)).to_string())?;
    let mut pace = Pace::default();
    loop {
        match folded.level() {
            Some(level) if level >= upto => return Ok(folded),
            Some(_) => folded.behind(),
            None => {}
        }
        let read = shared.config.paged(folded.next_read()).upto(upto);
        let page = port::read(journal, read).await;
        let page = page.map_err(|error| ErrorReport::of(&error).to_string())?;
        let mut page = Some(page);
        while let Some((part, gives_way)) = pace.part_of(&mut page) {
            let taken = guarded(|| folded.take(&part))?;
            taken.map_err(|error| ErrorReport::of(&error).to_string())?;
            gives_way.now().await;
        }
    }
}
