//! What is called, in what order. The same every time.

mod evening;

use super::Budget;
use crate::dice::{Dice, Zipf};

/// Calls to IDs, and how much may be in memory meanwhile.
pub struct Trace {
    /// What it is called.
    pub name: &'static str,
    /// What happens in it.
    pub story: &'static str,
    /// How much may be in memory.
    pub budget: Budget,
    /// The IDs, in the order in which they are called.
    pub calls: Vec<u32>,
    /// What each ID weighs; empty if all weigh 1.
    weights: Vec<u32>,
}

/// So many of [`IDS`] may be in memory, unless a trace says otherwise.
const ROOM: u32 = 10_000;
const IDS: u32 = 50_000;
/// IDs from here on are called once.
const ONCE: u32 = 1_000_000;

impl Trace {
    /// What `id` weighs.
    pub fn weight(&self, id: u32) -> u32 {
        self.weights.get(id as usize).copied().unwrap_or(1)
    }

    fn counted(name: &'static str, story: &'static str, calls: impl Iterator<Item = u32>) -> Self {
        let (budget, calls) = (Budget::Count(ROOM), calls.collect());
        Trace { name, story, budget, calls, weights: Vec::new() }
    }
}

/// All traces, of about so many calls each.
///
/// # Panics
/// If the evening is not in the repository.
pub fn traces(calls: u32) -> Vec<Trace> {
    vec![
        Trace::counted(
            "zipf .8",
            "100 000 IDs by Zipf's law, exponent 0.8",
            zipf(2 * IDS, 0.8, 1).take(calls as usize),
        ),
        Trace::counted(
            "zipf 1",
            "100 000 IDs by Zipf's law, exponent 1.0",
            zipf(2 * IDS, 1.0, 2).take(calls as usize),
        ),
        scans(calls),
        Trace::counted(
            "once",
            "50 000 IDs, exponent 0.9; every other call is to one that is called once",
            mixed(2, 4).take(calls as usize),
        ),
        Trace::counted(
            "loop",
            "11 000 IDs in turn, again and again",
            (0..calls).map(|n| n % (ROOM + ROOM / 10)),
        ),
        shift(calls),
        drift(calls),
        evening::one(),
        evening::many(calls),
        heavy(calls),
    ]
}

fn zipf(ids: u32, exponent: f64, seed: u64) -> impl Iterator<Item = u32> {
    let (zipf, mut dice) = (Zipf::new(ids, exponent), Dice::new(seed));
    std::iter::repeat_with(move || zipf.draw(&mut dice))
}

/// One of `often` calls is to an ID that is called once.
fn mixed(often: u64, seed: u64) -> impl Iterator<Item = u32> {
    let (mut dice, mut once) = (Dice::new(seed), ONCE..);
    let mut others = zipf(IDS, 0.9, seed + 1);
    std::iter::repeat_with(move || {
        let one = if dice.below(often) == 0 { once.next() } else { others.next() };
        one.expect("there are more")
    })
}

fn scans(calls: u32) -> Trace {
    let (mut others, mut once) = (zipf(IDS, 0.9, 3), ONCE..);
    let mut scanned = Vec::new();
    while scanned.len() < calls as usize {
        scanned.extend(others.by_ref().take(50_000));
        scanned.extend(once.by_ref().take(20_000));
    }
    let story = "50 000 IDs, exponent 0.9; after 50 000 calls 20 000 IDs that are called once";
    Trace::counted("scans", story, scanned.into_iter())
}

fn shift(calls: u32) -> Trace {
    let ids = zipf(20_000, 0.7, 6).zip(0..calls);
    // Mixed up, so that the popular of one set are anybody in the next.
    let shifted = ids.map(|(id, n)| n / 100_000 * 10_000 + id * 7_919 % 20_000);
    let story = "20 000 IDs, exponent 0.7; after every 100 000 calls half of them are others";
    Trace::counted("shift", story, shifted)
}

fn drift(calls: u32) -> Trace {
    let drifting = zipf(30_000, 0.8, 7).zip(0..calls).map(|(id, n)| id + n / 10);
    let story = "30 000 IDs, exponent 0.8; after every 10 calls the most popular is gone for good";
    Trace::counted("drift", story, drifting)
}

fn heavy(calls: u32) -> Trace {
    let (mut dice, calls) = (Dice::new(8), mixed(3, 9).take(calls as usize).collect::<Vec<_>>());
    let ids = calls.iter().max().map_or(0, |most| most + 1);
    let weights: Vec<u32> = (0..ids).map(|_| dice.log_normal(2_000.0, 1.5, 400)).collect();
    let all: u64 = weights[..IDS as usize].iter().map(|weight| u64::from(*weight)).sum();
    Trace {
        name: "bytes",
        story: "as once, one in three; they weigh 2 kB, log-normally; room for a fifth; hits by weight",
        budget: Budget::Bytes(all / 5),
        calls,
        weights,
    }
}
