//! Processes that are killed at random.

use bailiwick_tests::faults::killing::{Chain, Coverage};
use bailiwick_tests::faults::work;

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_crashing");

/// How many lives there are on one journal.
const PROCESSES: u64 = 20;
/// The same of those that work through lists.
const PROCESSES_AT_WORK: u64 = 10;
/// How many clients each of them has.
const CLIENTS: u64 = 6;

/// Chains of processes, two at a time. What each of them has met.
fn chains<T: Send>(chains: u64, chain: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let chains: Vec<u64> = (0..chains).collect();
    std::thread::scope(|scope| {
        let halves = chains.chunks(chains.len().div_ceil(2));
        let halves: Vec<_> = halves
            .map(|half| scope.spawn(|| half.iter().map(|seed| chain(*seed)).collect::<Vec<_>>()))
            .collect();
        halves.into_iter().flat_map(|half| half.join().expect("no violation")).collect()
    })
}

fn kill(cycles: u64) {
    let mut coverage = Coverage::default();
    chains(cycles / PROCESSES, chain).into_iter().for_each(|seen| coverage.add(seen));
    println!("{cycles} processes were killed: {coverage:?}");
    assert!(coverage.is_complete(), "little is proved: {coverage:?}");
}

fn chain(seed: u64) -> Coverage {
    let mut chain = Chain::new(PROGRAM, seed, CLIENTS, None);
    for run in 0..PROCESSES {
        chain.cycle().unwrap_or_else(|why| panic!("chain {seed}, run {run}: {why}"));
    }
    chain.finish().unwrap_or_else(|why| panic!("chain {seed}, at its end: {why}"));
    chain.coverage()
}

fn kill_at_work(cycles: u64) {
    let mut coverage = work::WorkCoverage::default();
    chains(cycles / PROCESSES_AT_WORK, chain_at_work)
        .into_iter()
        .for_each(|seen| coverage.add(seen));
    println!("{cycles} processes were killed: {coverage:?}");
    assert!(coverage.is_complete(), "little is proved: {coverage:?}");
}

fn chain_at_work(seed: u64) -> work::WorkCoverage {
    let mut chain = work::Chain::new(PROGRAM, seed, None);
    for run in 0..PROCESSES_AT_WORK {
        let killed = chain.kill().and_then(|()| chain.audit());
        killed.unwrap_or_else(|why| panic!("chain {seed}, run {run}: {why}"));
    }
    let ended = chain.finish().and_then(|()| chain.all_is_done());
    let ended = ended.and_then(|()| chain.equals_a_calm_run());
    ended.unwrap_or_else(|why| panic!("chain {seed}, at its end: {why}"));
    chain.coverage()
}

#[test]
fn two_hundred_killed_processes_lose_nothing() {
    kill(200);
}

#[test]
#[ignore = "minutes"]
fn two_thousand_killed_processes_lose_nothing() {
    kill(2_000);
}

#[test]
fn a_hundred_killed_processes_leave_what_one_does_that_is_not_killed() {
    kill_at_work(100);
}

#[test]
#[ignore = "minutes"]
fn two_thousand_killed_processes_leave_what_one_does_that_is_not_killed() {
    kill_at_work(2_000);
}
