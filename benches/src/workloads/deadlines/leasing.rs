//! What a lease costs its caller: one after the other, over many aggregates in memory.
//!
//! A Draw has an event and no deadline: what a Lease takes beyond it, the deadline takes. A renewal
//! moves a lease later, which must leave the deadline index alone: its operations are counted.

use std::sync::Arc;

use bailiwick::bench::DeadlineIndex;
use bailiwick::{Aggregates, Decide};

use crate::domain::{Credit, CreditId, Draw, Lease, credit_id};
use crate::driven::FAR;
use crate::report::Row;
use crate::rounds::{Round, System, interleaved, storm};
use crate::workloads::hot_aggregate::runtime;

type Ids = Arc<[CreditId]>;

/// What is timed, after a Draw to each.
#[derive(Clone, Copy)]
enum Timed {
    Draw,
    Lease,
    /// After a lease.
    Renewal,
}

pub(super) async fn run(quick: bool) -> Vec<Row> {
    let (aggregates, rounds) = if quick { (10_000, 3) } else { (50_000, 5) };
    let ids: Ids = (0..aggregates).map(credit_id).collect();
    let system = |name, timed| {
        let ids = ids.clone();
        System::new(name, move || measure(ids.clone(), timed))
    };
    let systems = vec![
        system("bailiwick, a command without a deadline", Timed::Draw),
        system("bailiwick, a command that arms", Timed::Lease),
        system("bailiwick, a command that renews", Timed::Renewal),
    ];
    interleaved("deadlines", 1, rounds, systems).await
}

/// No two at the same time, and in no order.
fn lease(k: usize) -> Lease {
    Lease { until: FAR.plus_millis((k as u64 * 7_919) % 1_000_003) }
}

fn renewal(k: usize) -> Lease {
    Lease { until: lease(k).until.plus_millis(1) }
}

async fn measure(ids: Ids, timed: Timed) -> Round {
    let runtime = runtime().await;
    let credits = runtime.aggregates::<Credit>();
    let index = DeadlineIndex::of(&credits);
    let drawn = ask_each(&credits, &ids, |_| Draw { amount: 1 }).await;
    if matches!(timed, Timed::Draw) {
        return drawn;
    }
    let before = index.operations();
    let leased = ask_each(&credits, &ids, lease).await;
    let operations = index.operations() - before;
    if matches!(timed, Timed::Lease) {
        assert!(operations >= ids.len() as u64, "every lease is armed");
        return leased;
    }
    let renewed = ask_each(&credits, &ids, renewal).await;
    assert_eq!(index.operations() - before, operations, "a renewal touches nothing");
    renewed
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
