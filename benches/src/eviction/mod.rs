//! Who is in memory when it is called: how often a policy of eviction has kept those that are
//! called next, over traces that everybody plays.
//!
//! A trace is a sequence of calls, commands or reads, to IDs. A call to who is in memory is a hit; a
//! miss costs loading it. `bailiwick` is the very file that the runtime is built from;
//! `bailiwick, live` is the runtime, whose reads of its journal are counted.

mod chart;
mod flood;
mod live;
mod parcel;
mod policies;
mod traces;

pub use chart::print;
pub use flood::{Flood, Heap, floods};
pub use traces::{Trace, traces};

/// A policy, with what it remembers.
pub trait Policy {
    /// Calls `id`, which weighs `weight`. Returns whether it was there.
    fn call(&mut self, id: u32, weight: u32) -> bool;
}

/// How much may be in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// So many, each of weight 1.
    Count(u32),
    /// So many bytes.
    Bytes(u64),
}

impl Budget {
    /// In the unit of the weights.
    pub fn weight(self) -> u64 {
        match self {
            Budget::Count(count) => count.into(),
            Budget::Bytes(bytes) => bytes,
        }
    }
}

/// Its hit ratio per trace; absent where it does not do what the trace asks for.
pub struct Score {
    /// Whose.
    pub policy: &'static str,
    /// What of the trace's weight was there when it was called: in a trace that counts, what part
    /// of its calls.
    pub hits: Vec<Option<f64>>,
}

/// Plays all `traces` to all policies.
pub fn compare(traces: &[Trace]) -> Vec<Score> {
    let mut scores = Vec::new();
    let bound = |trace: &Trace| Some(policies::clairvoyant(trace));
    scores.push(Score { policy: "clairvoyant", hits: traces.iter().map(bound).collect() });
    for (policy, make) in policies::ALL {
        let hits = traces.iter().map(|trace| Some(play(&mut *make(trace.budget)?, trace)));
        scores.push(Score { policy, hits: hits.collect() });
    }
    scores
}

fn play(policy: &mut dyn Policy, trace: &Trace) -> f64 {
    let (mut hits, mut calls) = (0, 0);
    for id in &trace.calls {
        let weight = trace.weight(*id);
        calls += u64::from(weight);
        if policy.call(*id, weight) {
            hits += u64::from(weight);
        }
    }
    hits as f64 / calls as f64
}
