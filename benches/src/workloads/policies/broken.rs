//! What is broken delays nobody else: one lane in a thousand that is tried again and again, one that is
//! parked, or another policy that does nothing but fail, beside a thousand lanes at a steady pace.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::{MemoryJournal, Runtime};

use super::chain::Chain;
use super::market::{Auditing, Depot, Packing, Stall, numbered};
use super::on_bailiwick::{Market, OnMemory};
use super::paced::{self, Times};
use crate::report::Row;
use crate::rounds::{Round, System, interleaved};

const LANES: usize = 1_000;
/// Sales per second.
const RATE: f64 = 5_000.0;

/// What is broken.
#[derive(Clone, Copy, PartialEq)]
enum Broken {
    Nothing,
    /// One lane, which is tried again.
    Stalls,
    /// One lane, which is parked at once.
    Parked,
    /// All lanes of another policy.
    Another,
}

/// In memory, 5 000 sales per second on 1 000 lanes.
pub async fn run(quick: bool) -> Vec<Row> {
    let (sales, rounds) = if quick { (2_500, 3) } else { (10_000, 9) };
    let systems = [
        (Broken::Nothing, "all sound"),
        (Broken::Stalls, "one lane in 1 000 stalls"),
        (Broken::Parked, "one lane in 1 000 parked"),
        (Broken::Another, "another policy fails"),
    ];
    let systems = systems.map(|(broken, name)| System::new(name, move || round(broken, sales)));
    // Panics are what it is about: nobody needs to read each.
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let rows = interleaved("policy-broken", LANES, rounds, systems.into()).await;
    std::panic::set_hook(told);
    rows
}

async fn round(broken: Broken, sales: usize) -> Round {
    let is_one = matches!(broken, Broken::Stalls | Broken::Parked);
    let builder = Runtime::builder(MemoryJournal::new()).aggregate::<Stall>().aggregate::<Depot>();
    let mut builder = builder.policy(Packing { panics_at: is_one.then(|| numbered(0)) });
    if broken == Broken::Another {
        builder = builder.policy(Auditing);
    }
    if broken == Broken::Parked {
        builder = builder.config(|config| config.policy_retry_for(Duration::ZERO));
    }
    let runtime = builder.start().await.expect("it starts");
    // Tasks note in it that outlive the round.
    let times: &'static Times = Box::leak(Box::new(Times::of(sales)));
    let market = Arc::new(Market::<OnMemory>::of(runtime, LANES, times));
    market.notes();
    let load = (sales, RATE);
    let sells = |n| {
        let market = market.clone();
        async move { market.sell(n).await }
    };
    let others = |n| n % LANES != 0;
    let (latencies, mut replies) = paced::run(times, load, others, sells).await;
    let counts = market.runtime.policies().get("packing").expect("it was added").status().counts;
    assert_eq!(counts.parked, u64::from(broken == Broken::Parked), "as it is meant to be");
    assert_eq!(counts.failures > 0, broken == Broken::Stalls, "as it is meant to be");
    market.runtime.shutdown(Duration::from_secs(10)).await;
    let p99 = replies.percentile(0.99).unwrap_or_default();
    let asides = vec![(p99, "µs p99 of the commands")];
    Round { latencies, asides, ..Round::default() }
}
