//! When requests are due. A thread of its own says it, as the timers of an executor count in milliseconds.

use std::cell::Cell;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// How often it is looked what is due at most: nothing is later than that and what waking up takes, which is
/// measured.
const TICK: Duration = Duration::from_micros(200);

/// The times of all requests. Whoever is free takes the next.
pub(super) enum Schedule {
    /// As soon as somebody is free, until then.
    Closed {
        /// The end.
        ends: Instant,
    },
    /// One each interval, whoever is free.
    Open {
        /// The first.
        begun: Instant,
        /// Between two, in seconds.
        interval: f64,
        /// How many.
        total: u64,
        /// How many were taken.
        taken: Cell<u64>,
        /// As many as are due and not taken.
        due: Arc<Semaphore>,
        /// Says what is due.
        pacer: Option<JoinHandle<()>>,
    },
}

/// A request that is due.
pub(super) struct Due {
    /// Since when.
    pub(super) since: Instant,
    /// Somebody was free before: what passed since then is the generator's own doing.
    pub(super) awaited: bool,
}

impl Schedule {
    pub(super) fn new(rate: Option<f64>, duration: Duration, callers: usize) -> Schedule {
        let begun = Instant::now();
        let Some(rate) = rate else { return Schedule::Closed { ends: begun + duration } };
        let total = (rate * duration.as_secs_f64()).max(1.0) as u64;
        let due = Arc::new(Semaphore::new(0));
        let paced = due.clone();
        let pacer = std::thread::spawn(move || pace(&paced, begun, rate, total, callers));
        let (interval, taken) = (1.0 / rate, Cell::new(0));
        Schedule::Open { begun, interval, total, taken, due, pacer: Some(pacer) }
    }

    /// The next; none after the last.
    pub(super) async fn next(&self) -> Option<Due> {
        match self {
            Schedule::Closed { ends } => {
                let since = Instant::now();
                (since < *ends).then_some(Due { since, awaited: false })
            }
            Schedule::Open { begun, interval, total, taken, due, .. } => {
                let awaited = due.available_permits() == 0;
                due.acquire().await.ok()?.forget();
                let n = taken.get();
                taken.set(n + 1);
                let since = *begun + Duration::from_secs_f64(*interval * n as f64);
                (n < *total).then_some(Due { since, awaited })
            }
        }
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        if let Schedule::Open { due, pacer, .. } = self {
            due.close();
            if let Some(pacer) = pacer.take() {
                let _ = pacer.join();
            }
        }
    }
}

fn pace(due: &Semaphore, begun: Instant, rate: f64, total: u64, callers: usize) {
    let mut said = 0;
    while said < total && !due.is_closed() {
        let reached = (begun.elapsed().as_secs_f64() * rate) as u64 + 1;
        if reached > said {
            let more = reached.min(total) - said;
            due.add_permits(more as usize);
            said += more;
        }
        std::thread::sleep(
            TICK.max(Duration::from_secs_f64(0.5 / rate)).min(Duration::from_millis(5)),
        );
    }
    // All find that there is nothing more.
    due.add_permits(callers);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn as_many_as_asked_for_each_due_an_interval_after_the_one_before() {
        let schedule = Schedule::new(Some(20_000.0), Duration::from_millis(20), 2);
        let mut all = Vec::new();
        while let Some(due) = schedule.next().await {
            assert!(due.since <= Instant::now(), "nothing is early");
            all.push(due.since);
        }
        assert_eq!(all.len(), 400);
        let nanos = |pair: &[Instant]| (pair[1] - pair[0]).as_nanos();
        assert!(all.windows(2).all(|pair| nanos(pair).abs_diff(50_000) <= 1));
        assert!(schedule.next().await.is_none(), "every caller hears of the end");
    }

    #[tokio::test]
    async fn what_nobody_takes_stays_due_since_its_time() {
        let schedule = Schedule::new(Some(1_000.0), Duration::from_millis(5), 1);
        let first = schedule.next().await.expect("one is due");
        std::thread::sleep(Duration::from_millis(10));
        let second = schedule.next().await.expect("another");
        assert_eq!((second.since - first.since).as_micros(), 1_000);
        assert!(!second.awaited);
    }
}
