//! A journal is read back from its beginning: each event contradicts no rule, or is named.

use bailiwick::journal::{Journal, JournalReadError, Query, Read, RecordedEvent};
use bailiwick::{BoxError, ErrorReport, Position};

use super::violation::Violation;

/// Reads `journal`, and judges each event. Returns up to where it was read.
///
/// # Errors
/// The first violation, or what is wrong with the journal.
pub async fn read_back<E: From<Violation> + From<JournalReadError>>(
    journal: &dyn Journal,
    mut judge: impl FnMut(&RecordedEvent) -> Result<(), BoxError>,
) -> Result<Position, E> {
    let mut read = Read::new(Query::all());
    loop {
        let page = journal.read(read.clone()).await?;
        for recorded in &page.events {
            judge(recorded).map_err(|error| {
                let what = ErrorReport::of(&*error).to_string();
                Violation { position: recorded.position, what }
            })?;
        }
        read.after = page.upto;
        if !page.more {
            return Ok(page.upto);
        }
    }
}
