//! Drawing a plan from random numbers: how likely everything is.

use std::time::Duration;

use bailiwick::{Admission, Config};

use super::plan::{
    COUNTERS, Call, Disturbance, Expecting, ForeignAppend, Patience, Plan, SKEW, Verb,
};
use crate::fixtures::counter::Bell;
use crate::sim::clock::Timed;
use crate::sim::executor::Order;
use crate::sim::random::Random;

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Plan {
        let nodes = if random.one_in(2) { 2 } else { 1 };
        let counters = random.count(2, COUNTERS.len());
        let calls = random.between(10, 40);
        let within = random.pick(&[4, 20, 60]);
        let faulty = random.one_in(2);
        let decides = random.one_in(2);
        let bells: [bool; COUNTERS.len()] = std::array::from_fn(|_| random.one_in(6));
        Plan {
            order: random.pick(&[Order::Any, Order::Ranked]),
            nodes,
            counters,
            broken_bells: bells,
            config: config(random),
            decides,
            calls: (0..calls).map(|_| call(random, counters, decides, &bells, within)).collect(),
            disturbances: several(random, 5, within, |random| disturbance(random, counters)),
            foreign: several(random, 8, within, |random| ForeignAppend {
                counter: random.index(counters),
                alarm: random.one_in(3),
                thinks: random.pick(&[0, 0, 3]),
            }),
            watchers: several(random, 2, within, |random| random.index(counters)),
            append_faults: if faulty { random.pick(&[3, 8, 20]) } else { 0 },
            read_faults: if faulty { random.pick(&[0, 4, 12]) } else { 0 },
            slow: random.pick(&[0, 3, 10]),
            ticks: random.one_in(2),
        }
    }
}

/// In half of the runs none, else up to `most`.
fn several<T>(
    random: &mut Random,
    most: usize,
    within: u64,
    mut draw: impl FnMut(&mut Random) -> T,
) -> Vec<Timed<T>> {
    let several = if random.one_in(2) { random.count(1, most) } else { 0 };
    let mut timed = || Timed { at: random.between(0, within), what: draw(random) };
    (0..several).map(|_| timed()).collect()
}

fn config(random: &mut Random) -> Config {
    Config::new()
        .mailbox_commands(random.count(1, 4))
        .batch_commands(random.count(1, 3))
        .attempts(random.pick(&[1, 2, 6]))
        .warm(Duration::from_millis(random.between(1, 6)))
        .idle(Duration::from_millis(random.between(2, 20)))
        .resting_aggregates(random.pick(&[1, 2, 1_000]))
        .reload_backoff(Duration::from_millis(random.between(1, 10)))
        .reload_backoff_max(Duration::from_millis(random.between(10, 40)))
        .deadline_backoff(Duration::from_millis(random.between(1, 10)))
        .deadline_backoff_max(Duration::from_millis(random.between(10, 40)))
        .due_at_once(random.count(1, 3))
        .due_timeout(Duration::from_millis(random.between(1, 10)))
        .waiting_aggregates(random.pick(&[1, 2, 1_000]))
        .page_events(random.count(1, 4))
        .waiting_decisions(random.count(1, 6))
        .cached_views(random.pick(&[0, 1, 1_024]))
}

fn call(random: &mut Random, counters: usize, decides: bool, broken: &[bool], within: u64) -> Call {
    let counter = random.index(counters);
    let other = (counter + random.count(1, counters - 1)) % counters;
    let verb = match decides && random.one_in(3) {
        true => decision(random, other),
        false => verb(random, broken[counter]),
    };
    let decides = verb.other_counter().is_some();
    let keyed = can_be_keyed(verb) && random.one_in(if decides { 2 } else { 3 });
    let expecting = match random.between(0, 15) {
        _ if keyed || decides => None,
        0 | 1 => Some(Expecting::Right),
        2 => Some(Expecting::Older),
        _ => None,
    };
    Call {
        at: random.between(0, within),
        counter,
        verb,
        timeout: Duration::from_millis(random.pick(&[1, 5, 15, 1_000, 1_000])),
        admission: random.pick(&[Admission::Wait, Admission::Wait, Admission::Refuse]),
        expecting,
        patience: match keyed && decides && random.one_in(2) {
            // Asked again while it is decided, by another runtime.
            true => Patience::Millis(random.between(0, 3)),
            false => patience(random),
        },
        keyed,
    }
}

fn can_be_keyed(verb: Verb) -> bool {
    !verb.is_read() && !matches!(verb, Verb::PanicInDecide | Verb::PanicInApply)
}

fn decision(random: &mut Random, other: usize) -> Verb {
    if random.one_in(2) {
        Verb::CountBoth { other, limit: random.pick(&[3, 8, u64::MAX, u64::MAX]) }
    } else {
        let in_ms = random.pick(&[0, 3, 12, 30, 1_000_000]);
        Verb::Remind { of: other, from: random.pick(&[0, 0, 1, 3]), in_ms }
    }
}

fn verb(random: &mut Random, broken_bells: bool) -> Verb {
    match random.between(0, 19) {
        0..=8 => Verb::Count { limit: random.pick(&[2, 5, u64::MAX, u64::MAX]) },
        9..=12 => Verb::SetAlarm {
            in_ms: random.pick(&[None, Some(0), Some(3), Some(12), Some(30), Some(1_000_000)]),
            bell: match broken_bells {
                true => random.pick(&[Bell::Rings, Bell::Panics, Bell::Silent]),
                false => Bell::Rings,
            },
        },
        13 | 14 => Verb::Look,
        15 => Verb::PanicInDecide,
        16 => Verb::PanicInApply,
        17 | 18 => Verb::Read,
        _ => Verb::ReadAndPanic,
    }
}

fn patience(random: &mut Random) -> Patience {
    match random.between(0, 9) {
        0 | 1 => Patience::Polls(random.between(0, 12)),
        2 => Patience::Millis(random.between(0, 10)),
        _ => Patience::Endless,
    }
}

fn disturbance(random: &mut Random, counters: usize) -> Disturbance {
    let millis = random.between(1, 12);
    match random.between(0, 12) {
        0..=4 => Disturbance::KillActor { counter: random.index(counters) },
        5..=7 => Disturbance::SetClock { ahead: random.between(0, SKEW) },
        8 => Disturbance::Unreadable { millis },
        9 => Disturbance::Unwritable { millis },
        10 => {
            Disturbance::Shutdown { limit: random.pick(&[0, 3, 1_000]), patience: patience(random) }
        }
        11 => Disturbance::Drop,
        _ => Disturbance::LoseExecutor,
    }
}
