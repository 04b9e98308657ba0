//! Processes that are killed at random.

use bailiwick_tests::faults::killing::Chain;

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_crashing");

/// How many lives there are on one journal.
const LIVES: u64 = 20;

/// Chains of processes, two at a time.
fn kill(cycles: u64) {
    let chains: Vec<u64> = (0..cycles / LIVES).collect();
    std::thread::scope(|scope| {
        for half in chains.chunks(chains.len().div_ceil(2)) {
            scope.spawn(move || half.iter().for_each(|seed| chain(*seed)));
        }
    });
}

fn chain(seed: u64) {
    let mut chain = Chain::new(PROGRAM, seed, None);
    for life in 0..LIVES {
        chain.cycle().unwrap_or_else(|why| panic!("chain {seed}, life {life}: {why}"));
    }
    chain.finish().unwrap_or_else(|why| panic!("chain {seed}, at its end: {why}"));
    println!("chain {seed}: {} lines", chain.told().len());
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
