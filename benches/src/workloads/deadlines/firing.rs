//! Very many leases armed, of which many come due every second: how late each one ends.
//!
//! Lateness is from the deadline to the time by which the turn judged, in whole milliseconds; beside
//! it stands what the wall clock says when the end is folded. None may be early, and every one that
//! is due must end exactly once. Half of all leases, or more, are not due: they only make the index
//! large. Of those that are due, every second one belongs to an aggregate in memory and was taken by
//! a command; the others, and those that are not due, are stored, and known from the journal.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bailiwick::journal::Journal;
use bailiwick::{Clock, MemoryJournal, Runtime, SystemClock, Timestamp};
use tokio::time::sleep;

use super::history;
use crate::cpu::Usage;
use crate::domain::{Credit, CreditId, Lease, credit_id};
use crate::held::HeldClock;
use crate::lateness::LATENESS;
use crate::ledger::Ledger;
use crate::memory;
use crate::report::Row;
use crate::rivals::Sleepers;
use crate::rounds::{Round, System, interleaved_long, storm};
use crate::sleeper::Sleeper;

const CLIENTS: usize = 64;
/// How long it is quiet between the preparation and the first end.
const QUIET: Duration = Duration::from_secs(1);
/// How long after their time the last ones are waited for.
const AT_THE_LATEST: Duration = Duration::from_secs(30);

struct Load {
    ids: Vec<CreditId>,
    /// How many of them come due, uniformly within `window`; the first half by command.
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
        System::new("bailiwick", move || bailiwick(load.clone())),
        System::new("tokio-sleep", move || tokio_sleep(rival.clone())),
    ];
    let mut rows = interleaved_long("deadlines", 0, rounds, systems).await;
    if let Some(rival) = rows.iter_mut().find(|row| row.system == "tokio-sleep") {
        rival.bytes_each = Some(memory::measure("tokio-sleep", 100_000).resident);
    }
    rows
}

async fn bailiwick(load: Arc<Load>) -> Round {
    let clock = HeldClock::hold();
    let base = clock.now() + QUIET;
    let in_memory = load.due / 2;
    let journal = MemoryJournal::new();
    let stored = (in_memory..load.ids.len()).map(|n| (&load.ids[n], load.deadline(base, n)));
    history::write(&journal, clock.now(), stored).await;
    let builder = Runtime::builder(journal.clone()).aggregate::<Credit>().clock(clock.clone());
    let runtime = builder.start().await.expect("it starts");
    lease(&runtime, &load, in_memory, base).await;
    assert_eq!(runtime.aggregates::<Credit>().deadlines_armed(), load.ids.len(), "all are armed");
    LATENESS.begin(clock.release());
    let round = watch(&load, QUIET).await;
    let fired = runtime.aggregates::<Credit>().counts().deadlines;
    assert_eq!(fired, load.due as u64, "every lease ends once");
    assert_eq!(events(&journal).await, load.ids.len() + load.due, "the journal has every end once");
    round
}

/// The first `count` take a lease by command.
async fn lease(runtime: &Runtime, load: &Arc<Load>, count: usize, base: Timestamp) {
    let credits = runtime.aggregates::<Credit>();
    storm(CLIENTS, count.div_ceil(CLIENTS), |n| {
        let (credits, load) = (credits.clone(), load.clone());
        move |k| {
            let at = k * CLIENTS + n;
            let until = load.deadline(base, at);
            let asked = (at < count).then(|| credits.get(&load.ids[at]).ask(Lease { until }));
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
    let clock = SystemClock::new();
    let journal = MemoryJournal::new();
    let mut sleepers = Sleepers::new(Ledger::new(journal.clone()), load.ids.len());
    let begun = Instant::now();
    for n in load.due..load.ids.len() {
        // Not due in any case.
        sleepers.arm(&load.ids[n], load.deadline(clock.now(), n));
    }
    sleepers.all_asleep().await;
    // A timer knows no clock that can be held: as long again, with room to spare.
    let each = begun.elapsed().div_f64((load.ids.len() - load.due) as f64);
    let base = clock.now() + each.mul_f64(load.due as f64 * 3.0) + QUIET * 2;
    for n in 0..load.due {
        sleepers.arm(&load.ids[n], load.deadline(base, n));
    }
    sleepers.all_asleep().await;
    LATENESS.begin(Duration::ZERO);
    let now = clock.now();
    assert!(now < base, "the first was due before all were armed");
    let round = watch(&load, base.since(now)).await;
    assert_eq!(events(&journal).await, load.due, "the journal has every end once");
    round
}

/// Watches them end, the first of them in `quiet` from now.
async fn watch(load: &Load, quiet: Duration) -> Round {
    sleep(quiet).await;
    let (begun, usage, sleeper) = (Instant::now(), Usage::begin(), Sleeper::begin());
    sleep(load.window).await;
    let (cpu_share, mut by_itself) = (usage.share(), sleeper.end());
    while LATENESS.total() < load.due as u64 {
        let late = begun.elapsed().saturating_sub(load.window);
        assert!(late < AT_THE_LATEST, "only {} leases ended", LATENESS.total());
        sleep(Duration::from_millis(10)).await;
    }
    let ops_per_s = Some(load.due as f64 / begun.elapsed().as_secs_f64());
    // Whoever ends twice has the time to.
    sleep(Duration::from_millis(500)).await;
    assert_eq!(LATENESS.total(), load.due as u64, "every lease ends once");
    let mut by_wall = LATENESS.by_wall();
    let mut wall = |share| by_wall.percentile(share).unwrap_or_default();
    let asides = vec![
        (wall(0.5), "µs p50 by the wall clock"),
        (wall(0.99), "µs p99"),
        (wall(1.0), "µs the latest"),
        (by_itself.percentile(0.99).unwrap_or_default(), "µs p99 of a thread that only sleeps"),
    ];
    Round { ops_per_s, latencies: LATENESS.by_turn(), cpu_share, asides }
}

async fn events(journal: &MemoryJournal) -> usize {
    journal.head().await.expect("it can be read").position.get() as usize
}

impl Load {
    /// Neighbours in time are not neighbours by number. Who does not come due within the window
    /// does so within the hour after the next minute.
    fn deadline(&self, base: Timestamp, n: usize) -> Timestamp {
        if n < self.due {
            let share = (n * 7_919 % self.due) as f64 / self.due as f64;
            base + self.window.mul_f64(share)
        } else {
            base + self.window + Duration::from_millis(60_000 + n as u64 * 7_919 % 3_600_000)
        }
    }
}
