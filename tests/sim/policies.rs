//! Policies and effects: every news has what follows from it once, in the order of its lane, and is told to the
//! outside world at least once, whatever fails and ends.
//!
//! ```text
//! SIM_SEEDS=200000 cargo test -p bailiwick-tests --test sim policies -- --nocapture
//! SIM_SEED=4711 cargo test -p bailiwick-tests --test sim policies -- --nocapture
//! ```

use std::collections::{BTreeMap, HashMap};

use bailiwick::Sabotage;
use bailiwick_tests::invariant::{Invariant, Violation};
use bailiwick_tests::sim::{PolicyCase, PolicyCoverage, Simulator, sweep_policies};
use parking_lot::Mutex;

use crate::setting;

/// A run takes as long as several of those of counters.
const SHARE: u64 = 20;

const ALL: [PolicyCase; 25] = [
    PolicyCase::Caused,
    PolicyCase::Rejected,
    PolicyCase::Nothing,
    PolicyCase::GaveUp,
    PolicyCase::Skipped,
    PolicyCase::SkippedAsAWhole,
    PolicyCase::DroppedByOperator,
    PolicyCase::FoundDone,
    PolicyCase::Overtaken,
    PolicyCase::Parked,
    PolicyCase::RetriedAfterRestart,
    PolicyCase::ReadOn,
    PolicyCase::FromAMark,
    PolicyCase::ShutDown,
    PolicyCase::Dropped,
    PolicyCase::ExecutorLost,
    PolicyCase::NotStarted,
    PolicyCase::ParkedBeside,
    PolicyCase::Performed,
    PolicyCase::EffectGaveUp,
    PolicyCase::EffectParked,
    PolicyCase::EffectSkipped,
    PolicyCase::EffectDropped,
    PolicyCase::CalledAgain,
    PolicyCase::CallCut,
];

fn fail(seed: u64, violation: &Violation) -> ! {
    panic!(
        "seed {seed}: {violation}\n  replay it: SIM_SEED={seed} cargo test -p \
         bailiwick-tests --test sim policies::invariants_hold -- --nocapture"
    );
}

#[test]
fn replays_are_identical() {
    let first = Mutex::new(HashMap::new());
    sweep_policies((0..200).chain(0..200), None, |run| {
        let first = *first.lock().entry(run.seed).or_insert(run.trace);
        assert_eq!(run.trace, first, "seed {} is not the same every time", run.seed);
        true
    });
    let traces = first.into_inner().into_values().collect::<std::collections::HashSet<_>>();
    assert!(traces.len() > 190, "only {} of 200 seeds differ", traces.len());
}

#[test]
fn invariants_hold() {
    if let Some(seed) = setting("SIM_SEED") {
        let run = Simulator::new().run_policies(seed, None, true);
        return run.violation.as_ref().map_or((), |violation| fail(seed, violation));
    }
    let seeds = setting("SIM_SEEDS").unwrap_or(20_000) / SHARE;
    let coverage = Mutex::new(BTreeMap::<PolicyCase, u64>::new());
    let violated = Mutex::new(Vec::new());
    sweep_policies(0..seeds, None, |run| {
        let seen: PolicyCoverage = run.coverage;
        seen.into_iter().for_each(|case| *coverage.lock().entry(case).or_default() += 1);
        let holds = run.violation.is_none();
        violated.lock().extend(run.violation.map(|violation| (run.seed, violation)));
        holds
    });
    if let Some((seed, violation)) = violated.into_inner().iter().min_by_key(|(seed, _)| *seed) {
        fail(*seed, violation);
    }
    let coverage = coverage.into_inner();
    println!("{seeds} seeds: {coverage:?}");
    let missing: Vec<_> = ALL.iter().filter(|case| !coverage.contains_key(case)).collect();
    assert!(seeds < 1_000 || missing.is_empty(), "never seen: {missing:?}");
}

/// How many seeds a bug has to show itself in, at most.
const SEEDS_FOR_A_BUG: u64 = 2_000;

/// Bugs, and which invariant each of them breaks first of all.
const SEEDED: [(Sabotage, Invariant); 8] = [
    (Sabotage::MarkBeforeEffect, Invariant::Mark),
    (Sabotage::DuplicateDelivered, Invariant::Once),
    (Sabotage::LaneOutOfOrder, Invariant::Order),
    (Sabotage::ParkedOvertaken, Invariant::Overtaken),
    (Sabotage::TracedTwice, Invariant::Traced),
    (Sabotage::TraceBeforeCall, Invariant::Called),
    (Sabotage::KeyNotStable, Invariant::OneKey),
    (Sabotage::RetriedAfterGivingUp, Invariant::NotAgain),
];

#[test]
fn seeded_bugs_are_found_for_their_reasons() {
    for (bug, breaks) in SEEDED {
        let found = Mutex::new(BTreeMap::<Invariant, (u64, String)>::new());
        sweep_policies(0..SEEDS_FOR_A_BUG, Some(bug), |run| {
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
