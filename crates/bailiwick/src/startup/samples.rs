//! What a start looks at instead of what the outline of the journal already says: an event of each shape, and each
//! start of a policy or an effect.

use bailiwick_core::Position;
use bailiwick_core::journal::{
    Journal, JournalReadError, Outline, POLICY_STARTED, Query, QueryItem, Read, RecordedEvent,
    Shape,
};

use crate::context::RuntimeContext;
use crate::journal::port;

/// So many are read at once.
const AT_ONCE: usize = 32;

/// What the journal says of the events that it need not be read for: nothing, if it says nothing, or if what it says is
/// not so. With it the events to look at, in order.
pub(super) async fn outlined(
    shared: &RuntimeContext,
    journal: &dyn Journal,
) -> Result<(Outline, Vec<RecordedEvent>), JournalReadError> {
    let outline = port::outline(journal).await?;
    if !outline.is_complete() || outline.upto() == Position::START {
        return Ok((Outline::default(), Vec::new()));
    }
    let Some(mut samples) = of_shapes(journal, &outline).await? else {
        tracing::warn!("the journal is not what its outline says: it is read from its beginning");
        return Ok((Outline::default(), Vec::new()));
    };
    let started = Query::from(QueryItem::of_type(POLICY_STARTED));
    let mut read = shared.config.paged(Read::new(started).upto(outline.upto()));
    loop {
        let page = port::read(journal, read.clone()).await?;
        samples.extend(page.events);
        read.after = page.upto;
        if !page.more {
            break;
        }
    }
    samples.sort_by_key(|sample| sample.position);
    samples.dedup_by_key(|sample| sample.position);
    Ok((outline, samples))
}

/// The first event of each shape; none if there is no such event.
async fn of_shapes(
    journal: &dyn Journal,
    outline: &Outline,
) -> Result<Option<Vec<RecordedEvent>>, JournalReadError> {
    let shapes: Vec<Shape> = outline.shapes().collect();
    let mut samples = Vec::new();
    for some in shapes.chunks(AT_ONCE) {
        // They are submitted by the calls, and so read side by side.
        let reads: Vec<_> =
            some.iter().map(|shape| port::read(journal, read_at(shape.first))).collect();
        for (shape, read) in some.iter().zip(reads) {
            match read.await?.events.pop() {
                Some(sample) if is_one(&sample, shape) => samples.push(sample),
                _ => return Ok(None),
            }
        }
    }
    Ok(Some(samples))
}

fn read_at(position: Position) -> Read {
    let before = Position::new(position.get().saturating_sub(1));
    Read::new(Query::all()).after(before).upto(position).limit(std::num::NonZeroUsize::MIN)
}

fn is_one(sample: &RecordedEvent, shape: &Shape) -> bool {
    let RecordedEvent { position, event } = sample;
    *position == shape.first
        && event.event_type == shape.event_type
        && event.version == shape.version
        && event.tags.iter().all(|tag| shape.keys.iter().any(|key| *key == *tag.key()))
}
