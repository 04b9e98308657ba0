//! Makes a long history: real events, appended as fast as a journal takes them.

use std::collections::VecDeque;
use std::path::Path;
use std::time::SystemTime;

use bailiwick::journal::{EncodedEvent, EventType, Journal, Metadata, Origin, RecordedDeadline};
use bailiwick::{Event, FileJournal, Tag, Timestamp};

use super::{BUSY, EVENTS_OF_BUSY, Plan};
use crate::dice::Dice;
use crate::domain::CreditEvent;

/// How many events an append has, and how many appends are under way at once.
const AT_ONCE: u64 = 2_000;
const UNDER_WAY: usize = 4;

/// Ten years: nothing is due while it is measured.
const FAR_MILLIS: u64 = 1_000 * 86_400 * 3_650;

/// Appends what the plan says, spread over the aggregates by chance; the busy ones evenly.
///
/// # Errors
/// If the journal fails.
pub async fn generate(folder: &Path, plan: Plan) -> Result<(), Box<dyn std::error::Error>> {
    let journal = FileJournal::open(folder)?;
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let millis = u64::try_from(since_epoch.as_millis())?;
    let (now, far) = (Timestamp::from_millis(millis), Timestamp::from_millis(millis + FAR_MILLIS));
    let mut dice = Dice::new(7);
    let (mut under_way, mut done) = (VecDeque::new(), 0);
    let every = plan.events / (BUSY * EVENTS_OF_BUSY);
    while done < plan.events {
        let count = AT_ONCE.min(plan.events - done);
        let events = (done..done + count).map(|nth| {
            // Each once, then by chance; and in between those that are busy, in turn.
            let of = if every > 0 && nth % every == 0 {
                plan.aggregates + nth / every % BUSY
            } else if nth < plan.aggregates {
                nth
            } else {
                dice.below(plan.aggregates)
            };
            event(of, (of < plan.deadlines).then_some(far), nth < plan.aggregates, now)
        });
        under_way.push_back(journal.append(events.collect(), None));
        done += count;
        if under_way.len() == UNDER_WAY
            && let Some(first) = under_way.pop_front()
        {
            first.await?;
        }
    }
    for append in under_way {
        append.await?;
    }
    Ok(())
}

fn event(of: u64, deadline: Option<Timestamp>, first: bool, now: Timestamp) -> EncodedEvent {
    let event = match deadline {
        Some(until) if first => CreditEvent::Leased { until },
        _ => CreditEvent::Drawn { amount: 1, left: 1_000_000 },
    };
    let mut payload = Vec::new();
    event.encode(&mut payload).expect("it can be encoded");
    let tag = Tag::new("credit", format_args!("c{of}")).expect("a tag");
    let mut metadata = Metadata::default();
    metadata.command = Some("Draw".into());
    let deadline = RecordedDeadline::new(deadline, 1);
    metadata.origin = Some(Origin { aggregate: "Credit".into(), tag: tag.clone(), deadline });
    EncodedEvent {
        event_type: EventType::literal(event.event_type()),
        version: 1,
        tags: [tag].into_iter().collect(),
        payload: payload.into(),
        recorded_at: now,
        metadata,
    }
}
