//! Processes that are killed at random.

use bailiwick_tests::faults::killing::{Chain, Sights};

pub(super) const PROGRAM: &str = env!("CARGO_BIN_EXE_crashing");

/// How many lives there are on one journal.
const LIVES: u64 = 20;
/// How many clients each of them has.
const CLIENTS: u64 = 6;

/// Chains of processes, two at a time.
fn kill(cycles: u64) {
    let chains: Vec<u64> = (0..cycles / LIVES).collect();
    let mut sights = Sights::default();
    std::thread::scope(|scope| {
        let halves = chains.chunks(chains.len().div_ceil(2));
        let halves: Vec<_> = halves
            .map(|half| scope.spawn(|| half.iter().map(|seed| chain(*seed)).collect::<Vec<_>>()))
            .collect();
        for half in halves {
            half.join().expect("no violation").into_iter().for_each(|seen| sights.add(seen));
        }
    });
    println!("{cycles} processes were killed: {sights:?}");
    assert!(sights.is_complete(), "little is proved: {sights:?}");
}

fn chain(seed: u64) -> Sights {
    let mut chain = Chain::new(PROGRAM, seed, CLIENTS, None);
    for life in 0..LIVES {
        chain.cycle().unwrap_or_else(|why| panic!("chain {seed}, life {life}: {why}"));
    }
    chain.finish().unwrap_or_else(|why| panic!("chain {seed}, at its end: {why}"));
    chain.sights()
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
