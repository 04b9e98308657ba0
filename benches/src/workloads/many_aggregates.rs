//! Ten thousand aggregates, uniformly: the price of finding one and of the journal's index.

use std::sync::Arc;

use bailiwick::{Aggregates, MemoryJournal, Runtime};

use crate::domain::{Credit, CreditId, Draw, Peek, credit_id};
use crate::ledger::Ledger;
use crate::report::Row;
use crate::rivals::{KameoActor, Keeper, Locked, Many, TokioTask};
use crate::rounds::{System, interleaved, storm};

const AGGREGATES: usize = 10_000;
const CLIENTS: usize = 64;

/// 64 callers over 10 000 aggregates.
pub async fn run(quick: bool) -> Vec<Row> {
    let (commands, rounds) = if quick { (20_000, 3) } else { (200_000, 7) };
    let each = commands / CLIENTS;
    let ids: Arc<[CreditId]> = (0..AGGREGATES).map(credit_id).collect();
    let systems = vec![
        bailiwick(ids.clone(), each),
        rival::<TokioTask>("tokio-task", ids.clone(), each, true),
        rival::<KameoActor>("kameo", ids.clone(), each, true),
        rival::<Locked>("dashmap", ids.clone(), each, true),
        bare(ids.clone(), each),
        rival::<TokioTask>("tokio-task-bare", ids.clone(), each, false),
        rival::<KameoActor>("kameo-bare", ids.clone(), each, false),
        rival::<Locked>("dashmap-bare", ids, each, false),
    ];
    interleaved("many-aggregates", CLIENTS, rounds, systems).await
}

/// The `k`th aggregate of the `n`th client: uniform, and the same for all systems.
pub(super) fn pick(ids: &[CreditId], n: usize, k: usize) -> &CreditId {
    let mut x = (n * 1_000_003 + k) as u64;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    &ids[((x ^ (x >> 31)) % ids.len() as u64) as usize]
}

/// A runtime, and its credits, each of which was drawn on once.
pub(super) async fn drawn_once(ids: &[CreditId]) -> (Runtime, Aggregates<Credit>) {
    let runtime = super::hot_aggregate::runtime().await;
    let credits = runtime.aggregates::<Credit>();
    for id in ids {
        credits.get(id).ask(Draw { amount: 1 }).await.expect("there is enough");
    }
    (runtime, credits)
}

fn bailiwick(ids: Arc<[CreditId]>, each: usize) -> System {
    System::new("bailiwick", move || {
        let ids = ids.clone();
        async move {
            let (_runtime, credits) = drawn_once(&ids).await;
            storm(CLIENTS, each, |n| {
                let (credits, ids) = (credits.clone(), ids.clone());
                move |k| {
                    let asked = credits.get(pick(&ids, n, k)).ask(Draw { amount: 1 });
                    async move { asked.await.expect("there is enough") }
                }
            })
            .await
        }
    })
}

/// The same without an event, on aggregates that are there already.
fn bare(ids: Arc<[CreditId]>, each: usize) -> System {
    System::new("bailiwick-bare", move || {
        let ids = ids.clone();
        async move {
            let (_runtime, credits) = drawn_once(&ids).await;
            storm(CLIENTS, each, |n| {
                let (credits, ids) = (credits.clone(), ids.clone());
                move |k| {
                    let asked = credits.get(pick(&ids, n, k)).ask(Peek);
                    async move { asked.await.expect("there is enough") }
                }
            })
            .await
        }
    })
}

fn rival<K: Keeper>(name: &str, ids: Arc<[CreditId]>, each: usize, with_events: bool) -> System {
    System::new(name, move || {
        let ids = ids.clone();
        async move {
            let ledger = Ledger { with_events, ..Ledger::new(MemoryJournal::new()) };
            let many = Many::<K>::new(ledger);
            for id in ids.iter() {
                many.draw(id, Draw { amount: 1 }).await;
            }
            storm(CLIENTS, each, |n| {
                let (many, ids) = (many.clone(), ids.clone());
                move |k| {
                    let (many, id) = (many.clone(), pick(&ids, n, k).clone());
                    async move { many.draw(&id, Draw { amount: 1 }).await }
                }
            })
            .await
        }
    })
}
