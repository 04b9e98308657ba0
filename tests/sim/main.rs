//! Simulated runs: invariants that hold over thousands of schedules, failures and ends.
//!
//! More seeds than `cargo test` tries:
//!
//! ```text
//! SIM_SEEDS=200000 cargo test -p bailiwick-tests --test sim invariants_hold -- --nocapture
//! ```
//!
//! One seed, with every step of it to read:
//!
//! ```text
//! SIM_SEED=4711 cargo test -p bailiwick-tests --test sim invariants_hold -- --nocapture
//! ```

mod policies;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::iter::repeat_n;
use std::str::FromStr;

use bailiwick::Sabotage;
use bailiwick_tests::invariant::{Invariant, Violation};
use bailiwick_tests::sim::{Coverage, Run, Simulator, sweep};
use parking_lot::Mutex;

/// What is set in the environment, if it is.
fn setting<T: FromStr>(name: &str) -> Option<T> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text:?} is not a number")))
}

fn fail(run: &Run, violation: &Violation) -> ! {
    let seed = run.seed;
    panic!(
        "seed {seed}: {violation}\n  replay it: SIM_SEED={seed} cargo test -p \
         bailiwick-tests --test sim invariants_hold -- --nocapture"
    );
}

#[test]
fn replays_are_identical() {
    let first = Mutex::new(HashMap::new());
    let seeds = repeat_n(7, 1_000).chain(0..1_000).chain(0..1_000);
    // In several threads, which must not matter.
    sweep(seeds, None, |run| {
        let first = *first.lock().entry(run.seed).or_insert(run.trace);
        assert_eq!(run.trace, first, "seed {} is not the same every time", run.seed);
        true
    });
}

#[test]
fn seeds_differ() {
    let traces = Mutex::new(HashSet::new());
    sweep(0..1_000, None, |run| {
        traces.lock().insert(run.trace);
        true
    });
    let distinct = traces.into_inner().len();
    println!("{distinct} of 1 000 seeds differ");
    assert!(distinct >= 900, "only {distinct} of 1 000 seeds differ");
}

#[test]
fn invariants_hold() {
    if let Some(seed) = setting("SIM_SEED") {
        let run = Simulator::new().run_readable(seed, None, true);
        return run.violation.as_ref().map_or((), |violation| fail(&run, violation));
    }
    let seeds = setting("SIM_SEEDS").unwrap_or(20_000);
    let (coverage, steps) = (Mutex::new(Coverage::default()), Mutex::new(0));
    let violated = Mutex::new(Vec::new());
    sweep(0..seeds, None, |run| {
        coverage.lock().add_all(run.coverage);
        *steps.lock() += run.steps;
        let holds = run.violation.is_none();
        violated.lock().extend((!holds).then_some(run));
        holds
    });
    // Others may have run at the same time; all before the first one have.
    if let Some(run) = violated.into_inner().iter().min_by_key(|run| run.seed)
        && let Some(violation) = &run.violation
    {
        fail(run, violation);
    }
    println!("{seeds} seeds, {} steps", steps.into_inner());
    let missing = coverage.into_inner().missing();
    assert!(seeds < 20_000 || missing.is_empty(), "never seen: {missing:?}");
}

/// How many seeds a bug has to show itself in, at most.
const SEEDS_FOR_A_BUG: u64 = 10_000;

/// Bugs, and which invariant each of them breaks first of all. What follows from that may be broken
/// as well, but that alone would be found by accident.
const SEEDED: [(Sabotage, Invariant); 8] = [
    (Sabotage::NoRebuild, Invariant::Rules),
    (Sabotage::ReplyBeforeAppend, Invariant::Durable),
    (Sabotage::LostWakeup, Invariant::WakeUp),
    (Sabotage::KeysForgotten, Invariant::Once),
    (Sabotage::DecisionKeysForgotten, Invariant::Once),
    (Sabotage::UnguardedKey, Invariant::Once),
    (Sabotage::UnguardedDecision, Invariant::Rules),
    (Sabotage::AggregatesNotTold, Invariant::Fresh),
];

#[test]
fn seeded_bugs_are_found_for_their_reasons() {
    for (bug, breaks) in SEEDED {
        let found = Mutex::new(BTreeMap::<Invariant, (u64, String)>::new());
        sweep(0..SEEDS_FOR_A_BUG, Some(bug), |run| {
            let mut found = found.lock();
            if let Some(Violation { invariant, what }) = run.violation {
                found.entry(invariant).or_insert((run.seed, what));
            }
            !found.contains_key(&breaks)
        });
        let found = found.into_inner();
        for (invariant, (seed, what)) in &found {
            println!("{bug:?} breaks {invariant:?} in seed {seed}: {what}");
        }
        assert!(found.contains_key(&breaks), "{bug:?} is not found for its reason, {breaks:?}");
    }
}
