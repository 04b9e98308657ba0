//! The views of a policy or an effect, as of its news: folded up to and including that, and nothing later.

use bailiwick_core::Position;
use bailiwick_core::journal::Journal;
use bailiwick_core::snapshot::SnapshotOf;
use bailiwick_core::views::{Boundary, Folded};

use super::running::Running;
use crate::error::{Unloadable, guarded, report, tried};
use crate::journal::port;
use crate::snapshots;
use crate::util::pace::Pace;

impl Running {
    /// Folds the views of this boundary as of `upto`. Those that were kept go on, unless they know more.
    ///
    /// # Errors
    /// Why they cannot be folded.
    pub(super) async fn views_as_of(
        &self,
        upto: Position,
        boundary: &Boundary,
        journal: &dyn Journal,
    ) -> Result<Folded, String> {
        let mut folded = Folded::default();
        if boundary.reading().is_empty() {
            return Ok(folded);
        }
        let mut taken = self.kept.take(boundary);
        taken.retain(|slot| slot.upto() <= upto);
        guarded(|| {
            folded.add(boundary, |view| {
                let at = taken.iter().position(|slot| slot.identity() == view)?;
                Some(taken.swap_remove(at))
            });
        })?;
        let (shared, of) = (&self.shared, (SnapshotOf::View, Some(upto)));
        let read = |read| async { port::read(journal, read).await.ok() };
        let revived = snapshots::revive(shared, &mut folded, of, read).await;
        revived.map_err(|differs| report(Unloadable::from(differs)))?;
        let mut pace = Pace::default();
        loop {
            match folded.level() {
                Some(level) if level >= upto => return Ok(folded),
                Some(_) => folded.behind(),
                None => {}
            }
            let read = shared.config.paged(folded.next_read()).upto(upto);
            let mut page = Some(port::read(journal, read).await.map_err(report)?);
            while let Some((part, gives_way)) = pace.part_of(&mut page) {
                tried(|| folded.take(&part))?;
                gives_way.now().await;
            }
        }
    }
}
