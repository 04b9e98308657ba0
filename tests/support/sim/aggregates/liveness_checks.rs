//! Liveness: what must hold whenever nothing is ready and time is about to pass, and what every runtime
//! owes once everything works.
//!
//! - Nobody waits for nothing: who has no answer yet waits for the journal, and the journal is at
//!   work for it, or for as many others as may wait for it. Else a wake-up was lost.
//! - Nobody waits longer than it said.
//! - Whoever watches has been shown what there is to be shown.
//! - No deadline is overdue, unless the journal is at work for it, or failed a short while ago.
//! - Once everything works, every command is run, whatever happened to its counter before.
//! - An idle runtime has nothing in memory, and knows exactly the deadlines that there are.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::{Admission, Position};

use super::client::{Answered, make, try_once};
use super::history::Writer;
use super::ledger::CallRecord;
use super::node::Node;
use super::plan::{COUNTERS, Call, Patience, SKEW, Verb};
use super::world::World;
use crate::fixtures::counter::Bell;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverLost, Once, Progress, Rest, TimeOut, WakeUp};

/// How far time may tick on while somebody works.
const TICKS: u64 = 12;

impl World {
    /// Checks all of it.
    pub(super) fn check_liveness(&self) {
        self.check_calls();
        self.check_watchers();
        for node in self.open_nodes() {
            for counter in 0..self.plan.counters {
                self.check_deadline(&node, counter);
            }
        }
    }

    fn check_calls(&self) {
        let open = self.open_calls.lock();
        let nodes = self.nodes.lock();
        for (number, call) in open.iter() {
            let node = &nodes[call.node];
            let at_work = match call.decides {
                // For room it waits for any other.
                true => (0..self.plan.counters).any(|counter| node.is_under_way(counter)),
                false => node.is_at_work_for(call.counter),
            };
            if !at_work && !self.is_full(node) {
                self.violated(
                    WakeUp.broken(format!("call {number} waits, and nothing is under way for it")),
                );
            }
            if self.now() > call.over + TICKS {
                let over = call.over;
                self.violated(
                    TimeOut.broken(format!("call {number} should have ended at {over} ms")),
                );
            }
        }
    }

    fn check_deadline(&self, node: &Node, counter: usize) {
        let Some((set, due)) = self.owed_by(node, counter) else {
            node.observed.lock().waits[counter] = None;
            return;
        };
        let at_work = node.is_at_work_for(counter);
        let mut observed = node.observed.lock();
        let excused = observed.excused[counter].max(node.clock.unsettled() + 2 * SKEW);
        let (shows, now) = (node.clock.shows().as_millis(), self.now());
        if shows < due || now <= excused || at_work {
            observed.waits[counter] = None;
            return;
        }
        let waits = observed.waits[counter].filter(|(waiting, _)| *waiting == set);
        let (_, since) = *observed.waits[counter].insert(waits.unwrap_or((set, now)));
        drop(observed);
        // As many deadlines as may have a place keep the others waiting, but not for ever. So do as
        // many counters as may wait for the journal.
        let room = self.at_work(node) < self.plan.config.get_due_at_once() && !self.is_full(node);
        let late = now - since;
        if room || late > self.longest_wait() {
            self.violated(NeverLost.broken(format!(
                "the alarm of counter {counter} is due since {due} ms and node {} lets it be",
                node.number
            )));
        }
    }

    /// For how many counters the journal is at work.
    fn at_work(&self, node: &Node) -> usize {
        (0..self.plan.counters).filter(|counter| node.is_under_way(*counter)).count()
    }

    /// Whether as many wait for the journal as may.
    fn is_full(&self, node: &Node) -> bool {
        self.at_work(node) >= self.plan.config.get_waiting_aggregates()
    }

    /// How long the places of deadlines can be taken by others: each of them keeps one for a while. In
    /// a queue for the journal each of them is read, and then writes; after a conflict once more.
    fn longest_wait(&self) -> u64 {
        let (counters, config) = (self.plan.counters, &self.plan.config);
        let patience = u64::try_from(config.get_due_timeout().as_millis()).expect("a short time");
        let queues = config.get_waiting_aggregates() < counters;
        let attempts = u64::from(config.get_attempts());
        let turn = if queues { 2 * attempts * self.plan.slow + TICKS } else { 0 };
        (patience + turn) * counters as u64 + TICKS
    }

    /// Where the alarm of `counter` was set that the runtime of this node has to ring, if that is up to it, and
    /// when it is due.
    pub(super) fn owed_by(&self, node: &Node, counter: usize) -> Option<(Position, u64)> {
        let ledger = self.ledger.lock();
        let history = &ledger.counters[counter];
        let up_to_it = history.set_by == Writer::Node(node.number)
            && history.bell == Bell::Rings
            && !self.plan.broken_bells[counter];
        let due = history.last().1.alarm?.as_millis();
        up_to_it.then_some((history.set_at, due))
    }
}

/// How often another writer may be faster than a command although everything works.
const ATTEMPTS: usize = 8;

/// Has each runtime run a command on each counter. Mends what alarms are broken.
pub(super) async fn probe(world: Arc<World>) {
    for node in world.open_nodes() {
        for counter in 0..world.plan.counters {
            if alarm_is_broken(&world, counter) {
                let at_rest = Verb::SetAlarm { in_ms: None, bell: Bell::Rings };
                run(&world, &node, counter, at_rest).await;
            }
            run(&world, &node, counter, Verb::Count { limit: u64::MAX }).await;
        }
        if world.plan.decides {
            run(&world, &node, 0, Verb::CountBoth { other: 1, limit: u64::MAX }).await;
        }
    }
}

/// Asks again whatever was answered with a key: a late runtime answers the same.
pub(super) async fn ask_keys_again(world: Arc<World>) {
    let answered = |(number, record): (usize, &CallRecord)| {
        let keyed = record.call.keyed && record.replied;
        keyed.then_some((number, patiently(record.call)))
    };
    let calls: Vec<_> = world.ledger.lock().calls.iter().enumerate().filter_map(answered).collect();
    for (number, call) in calls {
        for node in world.open_nodes() {
            let mut attempts = 0;
            while try_once(&world, &node, call, number).await != Answered::Replied {
                attempts += 1;
                if attempts == ATTEMPTS {
                    let what = format!("call {number} was answered, and asked again it is not");
                    return world.violated(Once.broken(what));
                }
            }
        }
    }
}

/// The same by somebody who waits for as long as it takes.
fn patiently(call: Call) -> Call {
    let timeout = Duration::from_secs(1);
    Call { timeout, admission: Admission::Wait, patience: Patience::Endless, ..call }
}

fn alarm_is_broken(world: &World, counter: usize) -> bool {
    let history = &world.ledger.lock().counters[counter];
    history.bell != Bell::Rings && history.last().1.alarm.is_some()
}

async fn run(world: &Arc<World>, node: &Arc<Node>, counter: usize, verb: Verb) {
    for _ in 0..ATTEMPTS {
        let call = Call {
            at: 0,
            counter,
            verb,
            timeout: Duration::from_secs(1),
            admission: Admission::Wait,
            expecting: None,
            patience: Patience::Endless,
            keyed: false,
        };
        if make(world, node.clone(), call).await {
            return;
        }
    }
    let node = node.number;
    world.violated(
        Progress.broken(format!("node {node} does not run commands of counter {counter} any more")),
    );
}

impl World {
    /// After a time of rest nothing is in memory, but perhaps `restless` counters.
    pub(super) fn check_memory(&self, node: &Node, restless: &[bool]) -> Checked {
        let in_memory = node.counters().in_memory();
        let ids = COUNTERS.iter().zip(restless).filter(|(_, restless)| !**restless);
        let kept = ids.map(|(name, _)| name).find(|name| in_memory.contains(&(**name).into()));
        kept.map_or(Ok(()), |name| {
            Err(Rest.broken(format!("node {} keeps {name} in memory", node.number)))
        })
    }

    /// After a time of rest. `exactly`: the runtime is the only one that knows of the counters.
    pub(super) fn check_rest(&self, node: &Node, exactly: bool) -> Checked {
        self.check_memory(node, &[false; COUNTERS.len()])?;
        let armed = node.counters().deadlines_armed();
        let pending = (0..self.plan.counters).filter(|counter| self.is_pending(*counter)).count();
        let owed = (0..self.plan.counters).filter(|counter| self.owed_by(node, *counter).is_some());
        let right = if exactly { armed == pending } else { armed >= owed.count() };
        NeverLost.require(right, || {
            format!("node {} has {armed} deadlines armed, of {pending} pending", node.number)
        })
    }

    fn is_pending(&self, counter: usize) -> bool {
        self.ledger.lock().counters[counter].last().1.alarm.is_some()
    }

    /// After a time of rest, whoever set the alarms.
    pub(super) fn check_nothing_due(&self, node: &Node) -> Checked {
        let now = node.clock.shows();
        let ledger = self.ledger.lock();
        let alarms = ledger.counters.iter().map(|history| history.last().1.alarm);
        let overdue = alarms.flatten().find(|alarm| *alarm <= now);
        overdue.map_or(Ok(()), |due| {
            Err(NeverLost
                .broken(format!("an alarm is due since {due}, and a new runtime lets it be")))
        })
    }
}
