//! The one reading of the whole journal at the start: for the deadlines as of its end, and for what
//! this program would misread.
//!
//! What it shows of deadlines is the business of [`recovery`](crate::startup::recovery).

use std::collections::HashMap;
use std::sync::Arc;

use bailiwick_core::journal::{Journal as Port, Query, Read, RecordedEvent};

use crate::context::RuntimeContext;
use crate::journal::port;
use crate::registry::aggregate_type::AnyAggregateType;
use crate::startup::error::StartError;
use crate::startup::recovery::Recovery;
use crate::startup::schema::Schema;
use crate::util::pace::Pace;

/// An aggregate type, and what its part of the journal has shown so far.
struct Part<'a> {
    kind: &'a dyn AnyAggregateType,
    deadlines: Recovery,
}

/// Reads the journal once, from its beginning.
///
/// # Errors
/// If it holds what cannot be read as it was written.
pub(crate) async fn recover<'a>(
    shared: &RuntimeContext,
    port: &dyn Port,
    kinds: impl Iterator<Item = &'a Arc<dyn AnyAggregateType>>,
    mut schema: Schema,
) -> Result<(), StartError> {
    if schema.is_empty() {
        return Ok(());
    }
    let parts = kinds.map(|kind| Part { kind: &**kind, deadlines: Recovery::new(kind.clone()) });
    let mut journal = Journal::new(parts.collect());
    let mut pace = Pace::default();
    let mut read = shared.config.paged(Read::new(Query::all()));
    let mut pages = 0;
    loop {
        pages += 1;
        let page = port::read(port, read.clone()).await.map_err(StartError::Unread)?;
        for recorded in &page.events {
            schema.see(recorded)?;
            journal.take(recorded);
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
    journal.parts.into_iter().for_each(|part| part.deadlines.finish(pages));
    Ok(())
}

/// The journal as the aggregate types of this runtime read it.
struct Journal<'a> {
    parts: Vec<Part<'a>>,
    /// Which parts read an event type.
    readers: HashMap<&'static str, Vec<usize>>,
}

impl<'a> Journal<'a> {
    fn new(parts: Vec<Part<'a>>) -> Self {
        let mut readers: HashMap<_, Vec<_>> = HashMap::new();
        for (place, part) in parts.iter().enumerate() {
            for name in part.kind.event_types() {
                readers.entry(name).or_default().push(place);
            }
        }
        Journal { parts, readers }
    }

    fn take(&mut self, recorded: &RecordedEvent) {
        let event_type = recorded.event.event_type.as_str();
        for place in self.readers.get(event_type).map_or(&[][..], Vec::as_slice) {
            let part = &mut self.parts[*place];
            part.deadlines.take(recorded);
        }
    }
}
