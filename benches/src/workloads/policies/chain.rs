//! Events of 10 000 aggregates, each causing one command to another one of 10 000.
//!
//! At full load: from the first command until all effects are durable. At a tenth of that: how long after
//! the reply of the source its effect is durable, as somebody sees it who follows the journal, or, for the
//! rivals, as the effect is written or answered.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::channel::Channel;
use super::on_bailiwick::{Market, OnDisk, OnMemory};
use super::paced::{self, Times};
use super::redis_streams::RedisStreams;
use crate::report::Row;
use crate::rounds::{ONLY, Round, System, interleaved, storm};
use crate::servers::redis;
use crate::workloads::durable::{a_folder_in, file_system, one_sync};

/// Sources, and as many targets.
pub(super) const AGGREGATES: usize = 10_000;
/// A tenth of the full load.
const SHARE: f64 = 0.1;
const LOOKS_EVERY: Duration = Duration::from_millis(1);
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Sources, their targets, and what brings the events of one to the other.
pub(super) trait Chain: Send + Sync + 'static {
    /// Everything is there. When an effect is durable it is noted in `times`.
    fn open(folder: &Path, times: &'static Times) -> impl Future<Output = Self>;
    /// A source sells; ends when it has replied.
    fn sell(&self, n: usize) -> impl Future<Output = ()> + Send;
    /// How many effects are durable.
    fn effects(&self) -> u64;
    /// From now on it is noted when an effect is durable, if that is not done anyway.
    fn notes(&self);
    /// Lets everything go. How many effects there are.
    fn close(&self) -> impl Future<Output = u64>;
}

/// In memory with 64 callers, durable with 256.
pub async fn run(folder: &Path, quick: bool) -> Vec<Row> {
    let (rounds, scale) = if quick { (3, 10) } else { (5, 1) };
    let systems = vec![
        system::<Market<OnMemory>>("bailiwick-memory", folder, 64, 200_000 / scale),
        system::<Channel>("tokio-channel", folder, 64, 200_000 / scale),
    ];
    let mut rows = interleaved("policy-chain", 64, rounds, systems).await;
    let durable = 51_200 / scale;
    let mut systems = vec![system::<Market<OnDisk>>("bailiwick-durable", folder, 256, durable)];
    let installed = redis::installed();
    if installed {
        systems.push(system::<RedisStreams>("redis-streams", folder, 256, durable));
    }
    let mut on_disk = interleaved("policy-chain", 256, rounds, systems).await;
    if let Some(first) = on_disk.first_mut() {
        let sync = one_sync::median_us(folder).await;
        first.note = format!("on {}, one sync {sync:.0} µs", file_system::of(folder));
    }
    rows.extend(on_disk);
    if !installed && ONLY.get().is_none() {
        rows.push(Row::absent("policy-chain", "redis-streams", 256, redis::ABSENT));
    }
    rows
}

fn system<C: Chain>(name: &str, folder: &Path, callers: usize, sales: usize) -> System {
    let folder = folder.to_owned();
    System::new(name, move || {
        let folder = folder.clone();
        async move {
            let folder = a_folder_in(&folder);
            round::<C>(folder.path(), callers, sales / callers).await
        }
    })
}

/// What has a number from here on is not timed.
const UNTIMED: usize = 1 << 32;

async fn round<C: Chain>(folder: &Path, callers: usize, each: usize) -> Round {
    let sales = callers * each;
    // Tasks note in it that outlive the round.
    let times: &'static Times = Box::leak(Box::new(Times::of(sales)));
    let chain = Arc::new(C::open(folder, times).await);
    // Everybody is there before it counts.
    let once = AGGREGATES.div_ceil(callers);
    sell(&chain, callers, once).await;
    let mut all = callers * once;
    until(&chain, all).await;

    let begun = Instant::now();
    sell(&chain, callers, each).await;
    all += sales;
    until(&chain, all).await;
    let per_second = sales as f64 / begun.elapsed().as_secs_f64();

    chain.notes();
    let rate = per_second * SHARE;
    // One second of it.
    let count = (rate as usize).clamp(1, sales);
    let sells = |n| {
        let chain = chain.clone();
        async move { chain.sell(n).await }
    };
    let (latencies, _) = paced::run(times, (count, rate), |_| true, sells).await;
    assert_eq!(chain.close().await, (all + count) as u64, "every effect is there, and once");
    Round { ops_per_s: Some(per_second), latencies, ..Round::default() }
}

/// All callers, each with its sales, one after the other.
async fn sell(chain: &Arc<impl Chain>, callers: usize, each: usize) {
    storm(callers, each, |caller| {
        let chain = chain.clone();
        move |k| {
            let (chain, n) = (chain.clone(), UNTIMED + k * callers + caller);
            async move {
                chain.sell(n).await;
                0
            }
        }
    })
    .await;
}

async fn until(chain: &Arc<impl Chain>, effects: usize) {
    let begun = Instant::now();
    while chain.effects() < effects as u64 {
        assert!(begun.elapsed() < TIME_LIMIT, "effects are missing");
        sleep(LOOKS_EVERY).await;
    }
}
