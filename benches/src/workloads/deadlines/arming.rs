//! What a lease costs: one caller, one command after the other, over many aggregates that are live.
//!
//! A Draw has an event and no deadline: what a Lease takes beyond it, the deadline takes. A renewal
//! moves a lease later, which leaves the index alone.

use std::sync::Arc;
use std::time::Instant;

use bailiwick::{Aggregates, Decide, MemoryJournal, Timestamp};

use crate::domain::{Credit, CreditId, Draw, Lease, Peek, credit_id};
use crate::driven::FAR;
use crate::ledger::Ledger;
use crate::report::Row;
use crate::rivals::Sleepers;
use crate::rounds::{Round, System, interleaved, storm};
use crate::workloads::hot_aggregate::runtime;

type Ids = Arc<[CreditId]>;

pub(super) async fn run(quick: bool) -> Vec<Row> {
    let (aggregates, rounds) = if quick { (10_000, 3) } else { (50_000, 7) };
    let ids: Ids = (0..aggregates).map(credit_id).collect();
    let mut systems = vec![
        system("bailiwick peek", &ids, |ids| async move { measure(ids, None, |_| Peek).await }),
        system("bailiwick draw", &ids, |ids| async move {
            measure(ids, None, |_| Draw { amount: 1 }).await
        }),
        system("bailiwick lease", &ids, |ids| async move { measure(ids, None, lease).await }),
        system("bailiwick renewal", &ids, |ids| async move {
            measure(ids, Some(Lease { until: FAR }), |k| lease(k + 1)).await
        }),
        system("tokio-sleep arm", &ids, sleepers),
    ];
    systems.extend(arm(&ids));
    interleaved("deadlines", 1, rounds, systems).await
}

fn system<F>(name: &str, ids: &Ids, round: impl Fn(Ids) -> F + 'static) -> System
where
    F: Future<Output = Round> + 'static,
{
    let ids = ids.clone();
    System::new(name, move || round(ids.clone()))
}

// HOOK: the index alone, under its lock. It is private; as soon as the runtime has a hidden
// `bailiwick::bench` for it, this is the row `bailiwick arm`:
//
//     let begun = Instant::now();
//     bailiwick::bench::...arm each of `ids` at `lease(k).until`...
//     Some(system("bailiwick arm", ids, |ids| async move { rate(ids.len(), begun) }))
fn arm(_: &Ids) -> Option<System> {
    None
}

/// No two at the same time, and in no order.
fn lease(k: usize) -> Lease {
    Lease { until: Timestamp::from_millis(FAR.as_millis() + (k as u64 * 7_919) % 1_000_003) }
}

/// A command to each aggregate, after a Draw to each and, perhaps, something else.
async fn measure<C>(ids: Ids, first: Option<Lease>, command: fn(usize) -> C) -> Round
where
    Credit: Decide<C>,
    C: Send + 'static,
{
    let runtime = runtime().await;
    let credits = runtime.aggregates::<Credit>();
    ask_each::<Draw>(&credits, &ids, |_| Draw { amount: 1 }).await;
    if let Some(first) = first {
        ask_each::<Lease>(&credits, &ids, move |_| first).await;
    }
    ask_each(&credits, &ids, command).await
}

async fn ask_each<C>(
    credits: &Aggregates<Credit>,
    ids: &Ids,
    command: impl Fn(usize) -> C + Copy + Send + 'static,
) -> Round
where
    Credit: Decide<C>,
    C: Send + 'static,
{
    storm(1, ids.len(), |_| {
        let (credits, ids) = (credits.clone(), ids.clone());
        move |k| {
            let asked = credits.get(&ids[k]).ask(command(k));
            async move {
                assert!(asked.await.is_ok(), "it does as asked");
                0
            }
        }
    })
    .await
}

/// A task spawned and polled once, for each.
async fn sleepers(ids: Ids) -> Round {
    let mut sleepers = Sleepers::new(Ledger::new(MemoryJournal::new()), ids.len());
    let begun = Instant::now();
    for (k, id) in ids.iter().enumerate() {
        sleepers.arm(id, lease(k).until);
    }
    sleepers.all_asleep().await;
    rate(ids.len(), begun)
}

fn rate(n: usize, begun: Instant) -> Round {
    let ops_per_s = n as f64 / begun.elapsed().as_secs_f64();
    Round { ops_per_s: Some(ops_per_s), ..Round::default() }
}
