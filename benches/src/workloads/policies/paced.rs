//! A load at a pace, and how long after each reply its effect was durable.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::latency::Latencies;

/// Those that are due are begun together, so often.
const EVERY: Duration = Duration::from_millis(1);
/// How long the last effect may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// When each was replied to, and when its effect was durable: nanoseconds, 0 for not yet.
pub(super) struct Times {
    begun: Instant,
    replied: Vec<AtomicU64>,
    durable: Vec<AtomicU64>,
}

impl Times {
    /// Of so many; what has a higher number is not noted.
    pub(super) fn of(most: usize) -> Times {
        let none = || (0..most).map(|_| AtomicU64::new(0)).collect();
        Times { begun: Instant::now(), replied: none(), durable: none() }
    }

    /// The effect of this one is durable.
    pub(super) fn is_durable(&self, n: u64) {
        self.note(&self.durable, n);
    }

    fn note(&self, times: &[AtomicU64], n: u64) {
        if let Some(time) = times.get(n as usize) {
            time.store(self.begun.elapsed().as_nanos() as u64, Relaxed);
        }
    }

    /// From the reply until the effect was durable; nothing if that was seen first.
    fn between(&self, n: usize) -> Duration {
        let (replied, durable) = (self.replied[n].load(Relaxed), self.durable[n].load(Relaxed));
        Duration::from_nanos(durable.saturating_sub(replied))
    }
}

/// Begins `count` at `per_second`, whether or not those before have ended, and waits for the effects of
/// those that are `wanted`. How late these were, and how long the replies of all took.
pub(super) async fn run<F>(
    times: &'static Times,
    (count, per_second): (usize, f64),
    wanted: impl Fn(usize) -> bool,
    sell: impl Fn(usize) -> F,
) -> (Latencies, Latencies)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (begun, mut sold) = (Instant::now(), Vec::with_capacity(count));
    while sold.len() < count {
        ticks.tick().await;
        let due = (begun.elapsed().as_secs_f64() * per_second) as usize;
        for n in sold.len()..due.min(count) {
            let sells = sell(n);
            sold.push(tokio::spawn(async move {
                let asked = Instant::now();
                sells.await;
                let took = asked.elapsed();
                times.note(&times.replied, n as u64);
                took
            }));
        }
    }
    let mut replies = Latencies::with_capacity(count);
    for sold in sold {
        replies.push(sold.await.expect("it was sold"));
    }
    let mut late = Latencies::with_capacity(count);
    for n in (0..count).filter(|n| wanted(*n)) {
        let asked = Instant::now();
        while times.durable[n].load(Relaxed) == 0 {
            assert!(asked.elapsed() < TIME_LIMIT, "an effect is missing");
            sleep(EVERY).await;
        }
        late.push(times.between(n));
    }
    (late, replies)
}
