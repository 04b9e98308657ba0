//! The chain of news and deliveries that led to a news, for whoever has to find out why it is so long.

use bailiwick_core::Position;
use bailiwick_core::journal::{Journal, Query, Read, RecordedEvent};

use super::lanes::before;
use crate::journal::port;

/// How many links of it are told.
const MOST: usize = 8;

/// Why a policy does not react to a news to which too many deliveries have led.
pub(super) async fn too_long(news: &RecordedEvent, journal: &dyn Journal) -> String {
    let mut links = Vec::new();
    let mut at = Some(news.clone());
    while let Some(event) = at {
        links.push(link(&event));
        if links.len() == MOST {
            links.push("..".to_owned());
            break;
        }
        at = match event.event.metadata.extra().causation {
            Some(cause) => found(cause, journal).await,
            None => None,
        };
    }
    let hops = news.event.metadata.extra().hops;
    format!(
        "{hops} deliveries have led to this, and no more may (`policy_hops`): policies that answer each \
         other do so for ever; the last ones: {}",
        links.join(" <- ")
    )
}

fn link(event: &RecordedEvent) -> String {
    let by = event.event.metadata.extra().delivery.as_ref();
    let by = by.map(|delivery| format!(" by {}", delivery.policy)).unwrap_or_default();
    format!("{} at {}{by}", event.event.event_type, event.position)
}

async fn found(at: Position, journal: &dyn Journal) -> Option<RecordedEvent> {
    let read = Read::new(Query::all()).after(before(at)).upto(at);
    port::read(journal, read).await.ok()?.events.pop()
}
