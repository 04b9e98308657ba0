//! The rivals' aggregates: all alive, then all dropped.

use bailiwick::MemoryJournal;

use super::{Figures, heap, rss};
use crate::domain::{Credit, CreditId, Draw, credit_id};
use crate::driven::{FAR, ended};
use crate::ledger::Ledger;
use crate::rivals::{Keeper, Many, Sleepers};

pub(super) async fn weigh<K: Keeper>(aggregates: usize) -> Figures {
    let ids: Vec<CreditId> = (0..aggregates).map(credit_id).collect();
    let ledger = Ledger::new(MemoryJournal::new());
    let rss_before = rss();
    let many = Many::<K>::new(ledger.clone());
    for id in &ids {
        many.draw(id, Draw { amount: 1 }).await;
    }
    let (alive, rss) = (heap().await, rss());
    drop(many);
    ended(0).await;
    figures(aggregates, alive - heap().await, rss - rss_before)
}

pub(super) async fn weigh_sleepers(aggregates: usize) -> Figures {
    let ids: Vec<CreditId> = (0..aggregates).map(credit_id).collect();
    let rss_before = rss();
    let mut sleepers = Sleepers::new(Ledger::new(MemoryJournal::new()), aggregates);
    for id in &ids {
        sleepers.arm(id, FAR);
    }
    sleepers.all_asleep().await;
    let (alive, rss) = (heap().await, rss());
    drop(sleepers);
    ended(0).await;
    figures(aggregates, alive - heap().await, rss - rss_before)
}

fn figures(aggregates: usize, heap: f64, rss: f64) -> Figures {
    let id_and_state = (size_of::<CreditId>() + size_of::<Credit>()) as f64;
    let each = |bytes: f64| bytes / aggregates as f64;
    Figures { resident: each(heap) - id_and_state, warm: None, stored: None, rss: each(rss) }
}
