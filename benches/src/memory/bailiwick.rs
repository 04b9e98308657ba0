//! Bailiwick's aggregates: in memory without an actor, then stored, then gone.

use std::sync::Arc;

use bailiwick::MemoryJournal;

use super::{Figures, heap, rss};
use crate::domain::{Credit, CreditId, Lease, credit_id};
use crate::driven::{Driven, FAR, ended};
use crate::rounds::storm;

/// How many are asked again and again; fewer than stay warm.
const WARM: usize = 10_000;
const CLIENTS: usize = 64;
/// In so many steps leases are taken, and between them actors leave, as they would if the leases
/// came over an hour: a million actors at once would leave an RSS that says nothing about
/// aggregates.
const STEPS: usize = 40;

pub(super) async fn weigh(aggregates: usize) -> Figures {
    let ids: Arc<[CreditId]> = (0..aggregates).map(credit_id).collect();
    let journal = MemoryJournal::new();
    let rss_before = rss();
    let driven = Driven::start(journal.clone()).await;
    let at_once = aggregates.div_ceil(STEPS);
    for begin in (0..aggregates).step_by(at_once) {
        let end = aggregates.min(begin + at_once);
        lease(&driven, &ids, begin, end).await;
        driven.rest().await;
    }
    let (in_memory, rss) = (heap().await, rss());
    assert_eq!(driven.credits.in_memory().len(), aggregates, "all are in memory");
    let warm = warm(&driven, &ids, aggregates.min(WARM)).await;
    driven.store().await;
    let stored = heap().await;
    assert_eq!(driven.credits.deadlines_armed(), aggregates, "all have their deadlines");
    drop(driven);
    ended(0).await;
    // The journal is here to the end, so it is in none of the differences.
    let gone = heap().await;
    drop(journal);
    let each = |bytes: f64| bytes / aggregates as f64;
    let id = size_of::<CreditId>() as f64;
    let resident = each(in_memory - stored) - id - size_of::<Credit>() as f64;
    Figures {
        resident,
        warm: Some(resident + warm),
        stored: Some(each(stored - gone) - id),
        rss: each(rss - rss_before),
    }
}

/// How much more those take that are asked again and again.
async fn warm(driven: &Driven, ids: &Arc<[CreditId]>, aggregates: usize) -> f64 {
    lease(driven, ids, 0, aggregates).await;
    lease(driven, ids, 0, aggregates).await;
    let warm = heap().await;
    driven.rest().await;
    (warm - heap().await) / aggregates as f64
}

/// Every aggregate of `begin..end` takes a lease.
async fn lease(driven: &Driven, ids: &Arc<[CreditId]>, begin: usize, end: usize) {
    storm(CLIENTS, (end - begin).div_ceil(CLIENTS), |n| {
        let (credits, ids) = (driven.credits.clone(), ids.clone());
        move |k| {
            let at = begin + k * CLIENTS + n;
            let asked = (at < end).then(|| credits.get(&ids[at]).ask(Lease { until: FAR }));
            async move {
                if let Some(asked) = asked {
                    asked.await.expect("it is taken");
                }
                0
            }
        }
    })
    .await;
}
