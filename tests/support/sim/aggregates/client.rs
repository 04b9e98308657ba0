//! The clients of a run: each makes one call, and may go away before it is answered. One with an
//! idempotency key asks again when it was not told what came of it, perhaps another runtime.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bailiwick::{Clock, ManualClock, Position, Timestamp};

use super::ask::{Answer, ask};
use super::coverage::Case;
use super::ledger::CallRecord;
use super::node::Node;
use super::plan::{COUNTERS, Call, Expecting, Patience, Verb};
use super::world::{OpenCall, World};
use crate::sim::clock::BEGIN;
use crate::sim::trace::Step;

/// How often a call with a key is made at most.
const ATTEMPTS: usize = 4;

/// Makes `call` when its time has come.
pub(super) async fn client(world: Arc<World>, call: Call) {
    world.reach(call.at).await;
    if let Some(node) = world.any_node() {
        make(&world, node, call).await;
    }
}

/// Makes `call` now. Returns whether it was answered by a reply.
pub(super) async fn make(world: &Arc<World>, node: Arc<Node>, call: Call) -> bool {
    let number = world.enter(&node, call);
    let mut node = node;
    for _ in 1..ATTEMPTS {
        match try_once(world, &node, call, number).await {
            Answered::Replied => return true,
            Answered::Unclear if call.keyed => {}
            _ => return false,
        }
        let pause = world.random.lock().pick(&[0, 0, 2, 8]);
        world.sleep(pause).await;
        let Some(next) = world.any_node() else { return false };
        node = next;
    }
    try_once(world, &node, call, number).await == Answered::Replied
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

/// Makes a call that was entered, perhaps not for the first time. Checks its answer.
pub(super) async fn try_once(
    world: &Arc<World>,
    node: &Arc<Node>,
    call: Call,
    number: usize,
) -> Answered {
    let attempt = begin(world, node.clone(), call, number);
    let answer = ask(world, &attempt).await;
    world.open_calls.lock().remove(&attempt.number);
    let answered = match &answer {
        Answer::Replied { .. } | Answer::Decided { .. } => Answered::Replied,
        answer if answer.is_unclear() => Answered::Unclear,
        _ => Answered::No,
    };
    let checked = world.check_answer(&attempt, answer);
    world.expect(checked.map_err(|why| why.at(format_args!("call {}", attempt.number))));
    let record = &mut world.ledger.lock().calls[number];
    record.unclear |= answered == Answered::Unclear;
    record.replied |= answered == Answered::Replied;
    answered
}

/// A call that was made, with what its answer is checked against.
pub(super) struct Attempt {
    pub(super) number: usize,
    pub(super) call: Call,
    pub(super) node: Arc<Node>,
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
    pub(super) fn enter(&self, node: &Node, call: Call) -> usize {
        let from_now = |millis: u64| match millis {
            0 => Timestamp::from_millis(BEGIN - 1),
            _ => node.clock.shows().plus_millis(millis),
        };
        let alarm = match call.verb {
            Verb::SetAlarm { in_ms, .. } => in_ms.map(from_now),
            Verb::Remind { in_ms, .. } => Some(from_now(in_ms)),
            _ => None,
        };
        let calls = &mut self.ledger.lock().calls;
        calls.push(CallRecord::new(call, alarm));
        calls.len() - 1
    }
}

/// The call is made now, at this node.
pub(super) fn begin(world: &World, node: Arc<Node>, call: Call, number: usize) -> Attempt {
    let counter = call.counter;
    let mut floor = node.observed.lock().shown;
    let mut ledger = world.ledger.lock();
    if let Some(beside) = call.verb.other_counter() {
        node.observed.lock().decided_together.insert((counter, beside));
        // Decided on what the journal has when it is its turn.
        for counter in call.about() {
            floor[counter] = ledger.counters[counter].states.len() - 1;
        }
    }
    let record = &mut ledger.calls[number];
    record.nodes.push(node.number);
    // Of another attempt than those that have ended without an effect.
    record.denied = false;
    let (again, was_done) = (record.unclear || record.replied, record.end());
    let states = &ledger.counters[counter].states;
    let expected = call.expecting.map(|expecting| match expecting {
        Expecting::Right => states[states.len() - 1].0,
        Expecting::Older => states[states.len().saturating_sub(2)].0,
    });
    let known = states.len() > 1;
    drop(ledger);
    if known && !node.counters().in_memory().iter().any(|id| id.as_str() == COUNTERS[counter]) {
        world.covered(Case::Stored);
    }
    let began = world.now();
    let timeout = u64::try_from(call.timeout.as_millis()).expect("short");
    let decides = call.verb.other_counter().is_some();
    let open = OpenCall { node: node.number, counter, decides, over: began + timeout };
    world.open_calls.lock().insert(number, open);
    world.note(&Step::Asks { call: number, node: node.number, counter, what: call.verb.name() });
    Attempt { number, call, node, began, floor, expected, again, was_done }
}

/// The output of `call`, unless patience ends first; then whether it was polled at all.
pub(super) async fn with_patience<F: Future>(
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
