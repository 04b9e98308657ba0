//! The one reading of the journal at the start: for the deadlines as of its end, and for what this program would
//! misread. Where the journal has an outline of its events, that is read, with a sample of each shape of them, and the
//! events behind it; else all of them.
//!
//! What it shows of deadlines is the business of [`recovery`](crate::recovery).
//!
//! Why it is as it is: docs/decisions/schema-and-startup.md.

use std::collections::HashMap;
use std::sync::Arc;

use bailiwick_core::journal::{Journal, Query, Read};

use crate::context::RuntimeContext;
use crate::journal::port;
use crate::recovery::Recovery;
use crate::registry::aggregate_type::AnyAggregateType;
use crate::startup::error::StartError;
use crate::startup::samples::outlined;
use crate::startup::schema::Schema;
use crate::util::pace::Pace;

/// Reads the journal once, from its beginning or from the end of its outline on.
///
/// # Errors
/// If it holds what cannot be read as it was written.
pub(crate) async fn recover<'a>(
    shared: &RuntimeContext,
    journal: &dyn Journal,
    kinds: impl Iterator<Item = &'a Arc<dyn AnyAggregateType>>,
    mut schema: Schema<'_>,
) -> Result<(), StartError> {
    if schema.is_empty() {
        return Ok(());
    }
    let (outline, samples) = outlined(shared, journal).await.map_err(StartError::Unread)?;
    samples.iter().try_for_each(|sample| schema.see_sample(sample))?;
    let mut deadlines = Vec::new();
    // Whose deadlines an event of a type concerns: their places.
    let mut readers: HashMap<_, Vec<_>> = HashMap::new();
    for (place, kind) in kinds.enumerate() {
        kind.event_types()
            .into_iter()
            .for_each(|name| readers.entry(name).or_default().push(place));
        deadlines.push(Recovery::new(kind.clone(), &outline));
    }
    let (mut pace, upto) = (Pace::default(), outline.upto());
    drop((outline, samples));
    let mut read = shared.config.paged(Read::new(Query::all()).after(upto));
    // Of a reading from the beginning.
    let mut pages = usize::try_from(upto.get()).unwrap_or(usize::MAX) / shared.config.page();
    loop {
        pages += 1;
        let page = port::read(journal, read.clone()).await.map_err(StartError::Unread)?;
        for recorded in &page.events {
            schema.see(recorded)?;
            for place in readers.get(recorded.event.event_type.as_str()).into_iter().flatten() {
                deadlines[*place].take(recorded);
            }
            pace.folded(&recorded.event).await;
        }
        shared.time.not_before_any(&page.events);
        read.after = page.upto;
        if !page.more {
            break;
        }
    }
    schema.end()?;
    #[cfg(feature = "fault-injection")]
    if shared.sabotaged(crate::sabotage::Sabotage::DeadlinesForgotten) {
        return Ok(());
    }
    deadlines.into_iter().for_each(|deadlines| deadlines.finish(pages));
    Ok(())
}
