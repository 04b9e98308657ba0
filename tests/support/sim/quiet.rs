//! When everything works: what every runtime then owes.
//!
//! - Every command is run, whatever happened to its counter before: nothing is wedged.
//! - An idle runtime has nothing in memory, and knows exactly the deadlines that there are.

use std::sync::Arc;
use std::time::Duration;

use bailiwick::Admission;

use super::client::{Answered, attempt, make};
use super::plan::{COUNTERS, Call, Patience, Verb};
use super::seat::Seat;
use super::trail::Trail;
use super::world::World;
use crate::counter::Bell;
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverLost, Once, Progress, Rest};

/// How often another writer may be faster than a command although all is quiet.
const ATTEMPTS: usize = 8;

/// Has each runtime run a command on each counter. Mends what alarms are broken.
pub(super) async fn probe(world: Arc<World>) {
    for seat in world.open_seats() {
        for counter in 0..world.plan.counters {
            if alarm_is_broken(&world, counter) {
                let at_rest = Verb::SetAlarm { in_ms: None, bell: Bell::Rings };
                run(&world, &seat, counter, at_rest).await;
            }
            run(&world, &seat, counter, Verb::Count { limit: u64::MAX }).await;
        }
        if world.plan.decides {
            run(&world, &seat, 0, Verb::CountBoth { other: 1, limit: u64::MAX }).await;
        }
    }
}

/// Asks again whatever was answered with a key: a late runtime answers the same.
pub(super) async fn keys_answer(world: Arc<World>) {
    let answered = |(number, trail): (usize, &Trail)| {
        let keyed = trail.call.keyed && trail.replied;
        keyed.then_some((number, calmly(trail.call)))
    };
    let trails: Vec<_> =
        world.ledger.lock().trails.iter().enumerate().filter_map(answered).collect();
    for (number, call) in trails {
        for seat in world.open_seats() {
            let mut attempts = 0;
            while attempt(&world, &seat, call, number).await != Answered::Replied {
                attempts += 1;
                if attempts == ATTEMPTS {
                    let what = format!("call {number} was answered, and asked again it is not");
                    return world.violated(Once.broken(what));
                }
            }
        }
    }
}

/// The same by somebody with all the time of the world.
fn calmly(call: Call) -> Call {
    let timeout = Duration::from_secs(1);
    Call { timeout, admission: Admission::Wait, patience: Patience::Endless, ..call }
}

fn alarm_is_broken(world: &World, counter: usize) -> bool {
    let history = &world.ledger.lock().counters[counter];
    history.bell != Bell::Rings && history.last().1.alarm.is_some()
}

async fn run(world: &Arc<World>, seat: &Arc<Seat>, counter: usize, verb: Verb) {
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
        if make(world, seat.clone(), call).await {
            return;
        }
    }
    let seat = seat.number;
    world.violated(
        Progress.broken(format!("seat {seat} does not run commands of counter {counter} any more")),
    );
}

impl World {
    /// After a time of rest nothing is in memory, but perhaps `restless` counters.
    pub(super) fn check_memory(&self, seat: &Seat, restless: &[bool]) -> Checked {
        let in_memory = seat.counters().in_memory();
        let ids = COUNTERS.iter().zip(restless).filter(|(_, restless)| !**restless);
        let kept = ids.map(|(name, _)| name).find(|name| in_memory.contains(&(**name).into()));
        kept.map_or(Ok(()), |name| {
            Err(Rest.broken(format!("seat {} keeps {name} in memory", seat.number)))
        })
    }

    /// After a time of rest. `exactly`: the runtime is the only one that knows of the counters.
    pub(super) fn check_rest(&self, seat: &Seat, exactly: bool) -> Checked {
        self.check_memory(seat, &[false; COUNTERS.len()])?;
        let armed = seat.counters().deadlines_armed();
        let pending = (0..self.plan.counters).filter(|counter| self.is_pending(*counter)).count();
        let owed = (0..self.plan.counters).filter(|counter| self.owed_by(seat, *counter).is_some());
        let right = if exactly { armed == pending } else { armed >= owed.count() };
        NeverLost.require(right, || {
            format!("seat {} has {armed} deadlines armed, of {pending} pending", seat.number)
        })
    }

    fn is_pending(&self, counter: usize) -> bool {
        self.ledger.lock().counters[counter].last().1.alarm.is_some()
    }

    /// After a time of rest, whoever set the alarms.
    pub(super) fn check_nothing_due(&self, seat: &Seat) -> Checked {
        let now = seat.clock.shows();
        let ledger = self.ledger.lock();
        let alarms = ledger.counters.iter().map(|history| history.last().1.alarm);
        let overdue = alarms.flatten().find(|alarm| *alarm <= now);
        overdue.map_or(Ok(()), |due| {
            Err(NeverLost
                .broken(format!("an alarm is due since {due}, and a new runtime lets it be")))
        })
    }
}
