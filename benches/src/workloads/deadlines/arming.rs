//! The operation on the deadline index, with its lock, in the index of a runtime: what a turn does
//! before it gives its events to the journal.
//!
//! Arming puts in an entry per aggregate until there are very many. A renewal moves a deadline
//! later and must leave the index alone: its operations are counted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::bench::{Armed, DeadlineIndex};
use bailiwick::{Clock, MemoryJournal, SystemClock, Timestamp};

use crate::domain::{Credit, CreditId, credit_id};
use crate::latency::Latencies;
use crate::ledger::Ledger;
use crate::report::Row;
use crate::rivals::Sleepers;
use crate::rounds::{Round, System, interleaved};
use crate::workloads::hot_aggregate::runtime;

/// So many are timed together: a look at the clock takes as long as the operation.
const AT_ONCE: usize = 100;

type Ids = Arc<[CreditId]>;

pub(super) async fn run(quick: bool) -> Vec<Row> {
    let (armed, rounds) = if quick { (100_000, 3) } else { (1_000_000, 5) };
    let ids: Ids = (0..armed).map(credit_id).collect();
    let (armed, renewed, rival) = (ids.clone(), ids.clone(), ids);
    let systems = vec![
        System::new("bailiwick arm", move || bailiwick(armed.clone(), false)),
        System::new("bailiwick renewal", move || bailiwick(renewed.clone(), true)),
        System::new("tokio-sleep arm", move || tokio_sleep(rival.clone())),
    ];
    interleaved("deadlines", 1, rounds, systems).await
}

/// Within about 17 minutes, no two at the same time, and in no order.
fn lease(base: Timestamp, k: usize) -> Timestamp {
    base.plus_millis((k as u64 * 7_919) % 1_000_003)
}

/// Nobody is to see them end.
fn base() -> Timestamp {
    SystemClock::new().now() + Duration::from_secs(3_600)
}

async fn bailiwick(ids: Ids, renew: bool) -> Round {
    let runtime = runtime().await;
    let index = DeadlineIndex::of(&runtime.aggregates::<Credit>());
    let base = base();
    let mut armed: Vec<_> = ids.iter().map(|_| Armed::default()).collect();
    let mut round = time(&ids, |k| index.arm(&mut armed[k], &ids[k], lease(base, k)));
    assert_eq!(index.operations(), ids.len() as u64, "one operation each");
    if renew {
        round = time(&ids, |k| index.arm(&mut armed[k], &ids[k], lease(base, k).plus_millis(1)));
        assert_eq!(index.operations(), ids.len() as u64, "a renewal touches nothing");
    }
    assert_eq!(runtime.aggregates::<Credit>().deadlines_armed(), ids.len());
    round
}

fn time(ids: &Ids, mut operation: impl FnMut(usize)) -> Round {
    let mut latencies = Latencies::with_capacity(ids.len() / AT_ONCE + 1);
    let begun = Instant::now();
    for k in (0..ids.len()).step_by(AT_ONCE) {
        let begun = Instant::now();
        let end = ids.len().min(k + AT_ONCE);
        (k..end).for_each(&mut operation);
        latencies.push(begun.elapsed() / (end - k) as u32);
    }
    Round { latencies, ..rate(ids.len(), begun) }
}

/// A task spawned and polled once, for each.
async fn tokio_sleep(ids: Ids) -> Round {
    let mut sleepers = Sleepers::new(Ledger::new(MemoryJournal::new()), ids.len());
    let base = base();
    let begun = Instant::now();
    for (k, id) in ids.iter().enumerate() {
        sleepers.arm(id, lease(base, k));
    }
    sleepers.all_asleep().await;
    rate(ids.len(), begun)
}

fn rate(n: usize, begun: Instant) -> Round {
    let each = begun.elapsed().as_secs_f64() / n as f64;
    Round { ops_per_s: Some(1.0 / each), asides: vec![(each * 1e9, "ns each")], ..Round::default() }
}
