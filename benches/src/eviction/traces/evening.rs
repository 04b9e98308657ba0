//! The streaming domain: who calls which account in the course of an evening.

use std::collections::HashMap;

use serde::Deserialize;

use super::{Budget, Trace};
use crate::dice::Dice;

const EVENING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/evening.jsonl");
/// So many evenings at once, each of other accounts, beginning within so many milliseconds.
const EVENINGS: u32 = 50;
const BEGIN_WITHIN: u64 = 3_600_000;

/// A line of the recorded evening.
#[derive(Deserialize)]
struct Line {
    at: u64,
    account: String,
}

/// The recorded evening, with room for a quarter of its accounts.
pub(super) fn one() -> Trace {
    let (accounts, lines) = read();
    Trace {
        name: "evening",
        story: "the recorded evening, 232 accounts with room for a quarter of them",
        budget: Budget::Count(accounts / 4),
        calls: lines.into_iter().map(|(_, account)| account).collect(),
        weights: Vec::new(),
    }
}

/// Many of them, until about so many calls.
pub(super) fn many(calls: u32) -> Trace {
    let (accounts, lines) = read();
    let evenings = EVENINGS.min(calls / lines.len() as u32).max(1);
    let mut dice = Dice::new(10);
    let mut all: Vec<(u64, u32)> = (0..evenings)
        .flat_map(|n| {
            let begin = dice.below(BEGIN_WITHIN);
            lines.iter().map(move |(at, account)| (at + begin, account + n * accounts))
        })
        .collect();
    all.sort_unstable();
    Trace {
        name: "evenings",
        story: "up to 50 evenings at once, of other accounts each, with room for a quarter of all",
        budget: Budget::Count(accounts * evenings / 4),
        calls: all.into_iter().map(|(_, account)| account).collect(),
        weights: Vec::new(),
    }
}

/// How many accounts there are, and the calls to them, numbered by when they are first called.
fn read() -> (u32, Vec<(u64, u32)>) {
    let text = std::fs::read_to_string(EVENING).expect("the recorded evening");
    let mut numbers = HashMap::new();
    let lines = text.lines().map(|line| {
        let Line { at, account } = serde_json::from_str(line).expect("a line of the evening");
        let next = numbers.len() as u32;
        (at, *numbers.entry(account).or_insert(next))
    });
    let lines = lines.collect();
    (numbers.len() as u32, lines)
}
