//! What is noted of a call when it is made: what its answer will be held against.

use std::sync::Arc;

use bailiwick::{Position, Timestamp};

use super::plan::{BEGIN, COUNTERS, Call, Expecting, Verb};
use super::seat::Seat;
use super::sights::Sight;
use super::trace::Step;
use super::trail::Trail;
use super::world::{Open, World};

/// A call that was made.
pub(super) struct Made {
    pub(super) number: usize,
    pub(super) call: Call,
    pub(super) seat: Arc<Seat>,
    pub(super) began: u64,
    /// The number of the newest state that has to be shown at least, by counter.
    pub(super) floor: [usize; COUNTERS.len()],
    pub(super) expected: Option<Position>,
    /// It was made before, and may have had its effect.
    pub(super) again: bool,
    /// Where its effect ended when it was made.
    pub(super) was_done: Option<Position>,
}

impl World {
    /// A call is in the ledger before it is made, with the time that it is about.
    pub(super) fn enter(&self, seat: &Seat, call: Call) -> usize {
        let from_now = |millis: u64| match millis {
            0 => Timestamp::from_millis(BEGIN - 1),
            _ => seat.clock.shows().plus_millis(millis),
        };
        let alarm = match call.verb {
            Verb::SetAlarm { in_ms, .. } => in_ms.map(from_now),
            Verb::Remind { in_ms, .. } => Some(from_now(in_ms)),
            _ => None,
        };
        let trails = &mut self.ledger.lock().trails;
        trails.push(Trail::new(call, alarm));
        trails.len() - 1
    }
}

/// It is made now, of this seat.
pub(super) fn begin(world: &World, seat: Arc<Seat>, call: Call, number: usize) -> Made {
    let counter = call.counter;
    let mut floor = seat.account.lock().shown;
    let mut ledger = world.ledger.lock();
    if let Some(beside) = call.verb.beside() {
        seat.account.lock().ties.insert((counter, beside));
        // Decided on what the journal has when it is its turn.
        for counter in call.about() {
            floor[counter] = ledger.counters[counter].states.len() - 1;
        }
    }
    let trail = &mut ledger.trails[number];
    trail.seats.push(seat.number);
    // Of another attempt than those that have ended without an effect.
    trail.denied = false;
    let (again, was_done) = (trail.unclear || trail.replied, trail.end());
    let states = &ledger.counters[counter].states;
    let expected = call.expecting.map(|expecting| match expecting {
        Expecting::Right => states[states.len() - 1].0,
        Expecting::Older => states[states.len().saturating_sub(2)].0,
    });
    let known = states.len() > 1;
    drop(ledger);
    if known && !seat.counters().in_memory().iter().any(|id| id.as_str() == COUNTERS[counter]) {
        world.saw(Sight::Stored);
    }
    let began = world.now();
    let timeout = u64::try_from(call.timeout.as_millis()).expect("short");
    let decides = call.verb.beside().is_some();
    let open = Open { seat: seat.number, counter, decides, over: began + timeout };
    world.open.lock().insert(number, open);
    world.note(&Step::Asks { call: number, seat: seat.number, counter, what: call.verb.name() });
    Made { number, call, seat, began, floor, expected, again, was_done }
}
