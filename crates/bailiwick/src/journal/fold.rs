//! Views folded from the journal a page at a time: no more of them at once than may be, and others have their turn in
//! between.

use std::sync::Arc;

use bailiwick_core::Position;
use bailiwick_core::journal::Read;
use bailiwick_core::views::Folded;

use crate::context::RuntimeContext;
use crate::error::{ReadError, caught};
use crate::journal::port::{self, or_closed};
use crate::util::pace::Pace;

/// Folds a view on, to the end of the journal, or up to that position if the journal goes beyond it.
pub(crate) async fn fold_on(
    shared: &Arc<RuntimeContext>,
    folded: &mut Folded,
    upto: Option<Position>,
) -> Result<(), ReadError> {
    let turn = or_closed(shared, shared.view_reads.acquire()).await;
    let Some(Ok(_turn)) = turn else { return Err(ReadError::ShutDown) };
    let mut pace = Pace::default();
    while folded.level().is_none() {
        let read = Read { upto, ..shared.config.paged(folded.next_read()) };
        let page = shared.asks(|journal| port::read(journal, read)).await?;
        shared.time.not_before_any(&page.events);
        let mut page = Some(page);
        while let Some((part, gives_way)) = pace.part_of(&mut page) {
            guarded(|| folded.take(&part))?.map_err(|error| ReadError::Fold(Arc::new(error)))?;
            gives_way.now().await;
        }
    }
    Ok(())
}

/// Runs the code of a view, which is the domain's.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, ReadError> {
    caught(code).map_err(|message| ReadError::Panicked { message })
}
