//! The clients of a run: each makes one call, and may go away before it is answered. One with an
//! idempotency key asks again when it was not told what came of it, perhaps another runtime.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bailiwick::{Clock, ManualClock, Position, Timestamp};

use super::ask::{Answer, ask};
use super::coverage::Sight;
use super::ledger::Trail;
use super::node::Seat;
use super::plan::{COUNTERS, Call, Expecting, Patience, Verb};
use super::world::{Open, World};
use crate::sim::clock::BEGIN;
use crate::sim::trace::Step;

/// How often a call with a key is made at most.
const ATTEMPTS: usize = 4;

/// Makes `call` when its time has come.
pub(super) async fn client(world: Arc<World>, call: Call) {
    world.reach(call.at).await;
    if let Some(seat) = world.any_seat() {
        make(&world, seat, call).await;
    }
}

/// Makes `call` now. Returns whether it was answered by a reply.
pub(super) async fn make(world: &Arc<World>, seat: Arc<Seat>, call: Call) -> bool {
    let number = world.enter(&seat, call);
    let mut seat = seat;
    for _ in 1..ATTEMPTS {
        match attempt(world, &seat, call, number).await {
            Answered::Replied => return true,
            Answered::Unclear if call.keyed => {}
            _ => return false,
        }
        let pause = world.random.lock().pick(&[0, 0, 2, 8]);
        world.sleep(pause).await;
        let Some(next) = world.any_seat() else { return false };
        seat = next;
    }
    attempt(world, &seat, call, number).await == Answered::Replied
}

/// What a caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    Replied,
    /// It has no reply, and no effect by this.
    No,
    /// It may have had its effect.
    Unclear,
}

/// Makes a call that was entered, once more if it has a key.
pub(super) async fn attempt(
    world: &Arc<World>,
    seat: &Arc<Seat>,
    call: Call,
    number: usize,
) -> Answered {
    let made = begin(world, seat.clone(), call, number);
    let answer = ask(world, &made).await;
    world.open.lock().remove(&made.number);
    let answered = match &answer {
        Answer::Replied { .. } | Answer::Decided { .. } => Answered::Replied,
        answer if answer.is_unclear() => Answered::Unclear,
        _ => Answered::No,
    };
    let checked = world.check_answer(&made, answer);
    world.expect(checked.map_err(|why| why.at(format_args!("call {}", made.number))));
    let trail = &mut world.ledger.lock().trails[number];
    trail.unclear |= answered == Answered::Unclear;
    trail.replied |= answered == Answered::Replied;
    answered
}

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

/// The output of `call`, unless patience ends first; then whether it was polled at all.
pub(super) async fn cut<F: Future>(
    call: F,
    patience: Patience,
    time: &ManualClock,
) -> Result<F::Output, bool> {
    let mut call = Box::pin(call);
    let mut polls = 0;
    let mut sleep = match patience {
        Patience::Millis(millis) => Some(time.sleep(Duration::from_millis(millis))),
        Patience::Endless | Patience::Polls(_) => None,
    };
    poll_fn(|cx| {
        if matches!(patience, Patience::Polls(most) if polls == most) {
            return Poll::Ready(Err(polls > 0));
        }
        polls += 1;
        if let Poll::Ready(output) = call.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        if matches!(patience, Patience::Polls(_)) {
            cx.waker().wake_by_ref();
        }
        match sleep.as_mut().map(|sleep| sleep.as_mut().poll(cx)) {
            Some(Poll::Ready(())) => Poll::Ready(Err(true)),
            _ => Poll::Pending,
        }
    })
    .await
}
