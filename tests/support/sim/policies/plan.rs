//! The plan of a run of policies.

use std::time::Duration;

use bailiwick::Config;

use crate::fixtures::messages::Kind;
use crate::sim::clock::Timed;
use crate::sim::executor::Order;
use crate::sim::random::Random;

pub(super) const SENDERS: [&str; 3] = ["a", "b", "c"];
pub(super) const RECEIVERS: [&str; 2] = ["x", "y"];

/// What a run is made of. Times are in milliseconds.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) order: Order,
    /// How many runtimes share the journal at first.
    pub(super) nodes: usize,
    pub(super) config: Config,
    pub(super) messages: Vec<Timed<Message>>,
    pub(super) disturbances: Vec<Timed<Disturbance>>,
    pub(super) append_faults: u64,
    pub(super) read_faults: u64,
    pub(super) slow: u64,
    pub(super) call_faults: u64,
    pub(super) ticks: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Message {
    pub(super) sender: usize,
    pub(super) receiver: usize,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Disturbance {
    Break {
        millis: u64,
    },
    /// Nothing can be written for so long.
    Unwritable {
        millis: u64,
    },
    /// An operator sees to some of the lanes that are parked.
    Operate,
    Shutdown {
        limit: u64,
    },
    Drop,
    /// Its executor goes away first, then the runtime.
    LoseExecutor,
}

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Plan {
        let nodes = if random.one_in(4) { 2 } else { 1 };
        let within = random.pick(&[10, 40, 90]);
        let faulty = !random.one_in(3);
        let messages = random.between(3, 24);
        let disturbances = random.between(0, 8);
        Plan {
            order: random.pick(&[Order::Any, Order::Ranked]),
            nodes,
            config: config(random),
            messages: (0..messages)
                .map(|_| Timed { at: random.between(0, within), what: message(random) })
                .collect(),
            disturbances: (0..disturbances)
                .map(|_| Timed { at: random.between(0, within + 30), what: disturbance(random) })
                .collect(),
            append_faults: if faulty { random.pick(&[3, 6, 15]) } else { 0 },
            read_faults: if faulty { random.pick(&[0, 8, 20]) } else { 0 },
            slow: random.pick(&[0, 2, 8]),
            call_faults: if faulty { random.pick(&[0, 3, 10]) } else { 0 },
            ticks: random.one_in(2),
        }
    }
}

fn config(random: &mut Random) -> Config {
    let millis = Duration::from_millis;
    Config::new()
        .timeout(millis(random.pick(&[3, 20, 1_000])))
        .batch_commands(random.count(1, 3))
        .mailbox_commands(random.count(1, 4))
        .attempts(random.pick(&[1, 2, 6]))
        .warm(millis(random.between(1, 6)))
        .reload_backoff(millis(random.between(1, 6)))
        .reload_backoff_max(millis(random.between(6, 20)))
        // Never as many as a lane holds: so reading on can be told from other reads.
        .page_events(random.pick(&[2, 4, 100]))
        .lane_news(random.pick(&[1, 3, 64]))
        .policy_lanes(random.pick(&[1, 2, 256]))
        .policy_news(random.pick(&[1, 4, 1_000]))
        .policy_mark_news(random.pick(&[1, 3, 1_000]))
        .policy_backoff(millis(random.between(1, 4)))
        .policy_backoff_max(millis(random.between(4, 12)))
        .policy_retry_for(millis(random.pick(&[0, 4, 15, 60])))
        .effect_calls(random.pick(&[1, 2, 64]))
        .effect_timeout(millis(random.pick(&[3, 20, 60])))
        .effect_backoff(millis(random.between(1, 4)))
        .effect_backoff_max(millis(random.between(4, 12)))
        .effect_retry_after_max(millis(random.pick(&[2, 60])))
        .effect_retry_for(millis(random.pick(&[0, 4, 15, 60])))
        .cached_views(random.pick(&[0, 1, 1_024]))
}

fn message(random: &mut Random) -> Message {
    let kind = match random.between(0, 15) {
        0..=5 => Kind::Plain,
        6 | 7 => Kind::Twice,
        8 => Kind::Refused,
        9 => Kind::Nothing,
        10 => Kind::GivesUp,
        11 | 12 => Kind::Heavy,
        13 | 14 => Kind::Explosive,
        _ => Kind::Decided,
    };
    let (sender, receiver) = (random.index(SENDERS.len()), random.index(RECEIVERS.len()));
    Message { sender, receiver, kind }
}

fn disturbance(random: &mut Random) -> Disturbance {
    match random.between(0, 11) {
        0..=2 => Disturbance::Break { millis: random.between(10, 90) },
        3 => Disturbance::Unwritable { millis: random.between(1, 12) },
        4..=7 => Disturbance::Operate,
        8 => Disturbance::Shutdown { limit: random.pick(&[0, 3, 1_000]) },
        9 => Disturbance::Drop,
        _ => Disturbance::LoseExecutor,
    }
}
