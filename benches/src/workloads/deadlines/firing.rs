//! Very many leases armed, of which many come due every second: how late each one ends.
//!
//! Lateness is from the deadline to the time by which the turn judged, in whole milliseconds. None
//! may be early, and every one that is due must end exactly once. Half of all leases, or more, are
//! not due: they only make the index large. They are taken first, and how long that takes tells
//! when the first of the others can be due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::{Clock, Journal, MemoryJournal, Runtime, SystemClock, Timestamp};
use tokio::time::sleep;

use crate::cpu::Usage;
use crate::domain::{Credit, CreditId, Lease, credit_id};
use crate::driven::FAR;
use crate::lateness::LATENESS;
use crate::ledger::Ledger;
use crate::memory;
use crate::report::Row;
use crate::rivals::Sleepers;
use crate::rounds::{Round, System, interleaved, storm};

const CLIENTS: usize = 64;
/// How long after their time the last ones are waited for.
const AT_THE_LATEST: Duration = Duration::from_secs(30);

struct Load {
    ids: Vec<CreditId>,
    /// How many of them come due, uniformly within `window`.
    due: usize,
    window: Duration,
}

pub(super) async fn run(quick: bool) -> Vec<Row> {
    let (armed, per_second, seconds, rounds) =
        if quick { (100_000, 10_000, 3, 1) } else { (1_000_000, 50_000, 10, 5) };
    let load = Arc::new(Load {
        ids: (0..armed).map(credit_id).collect(),
        due: per_second * seconds,
        window: Duration::from_secs(seconds as u64),
    });
    let rival = load.clone();
    let systems = vec![
        System::new("bailiwick lateness", move || bailiwick(load.clone())),
        System::new("tokio-sleep lateness", move || tokio_sleep(rival.clone())),
    ];
    let mut rows = interleaved("deadlines", CLIENTS, rounds, systems).await;
    if let Some(rival) = rows.iter_mut().find(|row| row.system.starts_with("tokio-sleep")) {
        rival.bytes_each = Some(memory::measure("tokio-sleep", 100_000).resident);
    }
    rows
}

async fn bailiwick(load: Arc<Load>) -> Round {
    let journal = MemoryJournal::new();
    let runtime = Runtime::builder(journal.clone()).aggregate::<Credit>();
    let runtime = runtime.start().await.expect("it starts");
    let begun = Instant::now();
    lease(&runtime, &load, load.due, load.ids.len(), FAR).await;
    let base = load.base(begun);
    lease(&runtime, &load, 0, load.due, base).await;
    let round = watch(&load, base).await;
    let fired = runtime.aggregates::<Credit>().counts().deadlines;
    assert_eq!(fired, load.due as u64, "every lease ends once");
    assert_lapses(&journal, load.ids.len() + load.due).await;
    round
}

/// Everyone of `begin..end` takes a lease, until `base` or later.
async fn lease(rt: &Runtime, load: &Arc<Load>, begin: usize, end: usize, base: Timestamp) {
    let credits = rt.aggregates::<Credit>();
    storm(CLIENTS, (end - begin).div_ceil(CLIENTS), |n| {
        let (credits, load) = (credits.clone(), load.clone());
        move |k| {
            let at = begin + k * CLIENTS + n;
            let until = load.deadline(base, at);
            let asked = (at < end).then(|| credits.get(&load.ids[at]).ask(Lease { until }));
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

async fn tokio_sleep(load: Arc<Load>) -> Round {
    let journal = MemoryJournal::new();
    let mut sleepers = Sleepers::new(Ledger::new(journal.clone()), load.ids.len());
    let begun = Instant::now();
    load.ids[load.due..].iter().for_each(|id| sleepers.arm(id, FAR));
    sleepers.all_asleep().await;
    let base = load.base(begun);
    for (n, id) in load.ids[..load.due].iter().enumerate() {
        sleepers.arm(id, load.deadline(base, n));
    }
    sleepers.all_asleep().await;
    let round = watch(&load, base).await;
    assert_lapses(&journal, load.due).await;
    round
}

/// Watches them end. To be called before the first is due.
async fn watch(load: &Load, base: Timestamp) -> Round {
    let now = SystemClock::new().now();
    assert!(now < base, "the first was due before all were armed");
    LATENESS.reset();
    sleep(base.since(now)).await;
    let usage = Usage::begin();
    sleep(load.window).await;
    let cpu_share = usage.share();
    let begun = Instant::now();
    while LATENESS.total() < load.due as u64 {
        assert!(begun.elapsed() < AT_THE_LATEST, "{} leases ended", LATENESS.total());
        sleep(Duration::from_millis(10)).await;
    }
    // Whoever ends twice has the time to.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(LATENESS.total(), load.due as u64, "every lease ends once");
    Round { latencies: LATENESS.latencies(), cpu_share, ..Round::default() }
}

async fn assert_lapses(journal: &MemoryJournal, events: usize) {
    let head = journal.head().await.expect("it can be read");
    assert_eq!(head.position.get(), events as u64, "the journal has every end once");
}

impl Load {
    /// When the first is due, if taking those that are not due has gone on since `begun`.
    fn base(&self, begun: Instant) -> Timestamp {
        let far = self.ids.len() - self.due;
        let each = begun.elapsed().div_f64(far as f64);
        // Actors of the first leave while the others are taken, which slows these down.
        SystemClock::new().now() + each.mul_f64(self.due as f64 * 3.0) + Duration::from_secs(2)
    }

    /// Neighbours in time are not neighbours by number.
    fn deadline(&self, base: Timestamp, n: usize) -> Timestamp {
        let share = (n * 7_919 % self.due) as f64 / self.due as f64;
        base + self.window.mul_f64(share)
    }
}
