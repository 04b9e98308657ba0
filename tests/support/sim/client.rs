//! The clients of a run: each makes one call, and may lose its patience. One with an idempotency key
//! asks again when it was not told what came of it, perhaps another runtime.

use std::future::poll_fn;
use std::sync::Arc;

use bailiwick::{
    AggregateRef, AskError, BoxFuture, Decide, Decision, Position, Receipt, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer::Answer;
use super::history::Seen;
use super::ledger::Trail;
use super::panics;
use super::patience::cut;
use super::plan::{BEGIN, COUNTERS, Call, Expecting, Verb};
use super::seat::Seat;
use super::sights::Sight;
use super::trace::Step;
use super::world::{Open, World};
use crate::counter::{Count, Counter, Look, Panic, SetAlarm};
use crate::pairs::{CountBoth, NotNow, Remind};

/// How often a call with a key is made at most.
const ATTEMPTS: usize = 4;

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

impl World {
    fn enter(&self, seat: &Seat, call: Call) -> usize {
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

fn begin(world: &World, seat: Arc<Seat>, call: Call, number: usize) -> Made {
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

async fn ask(world: &Arc<World>, made: &Made) -> Answer {
    let counter = reference(made);
    let value = |value: u64| Some(value);
    let nothing = |()| None;
    let name = |counter: usize| COUNTERS[counter].into();
    let one = made.call.counter;
    let at = world.ledger.lock().trails[made.number].alarm;
    match made.call.verb {
        Verb::Count { limit } => {
            command(world, made, &counter, Count { limit }, value, |no| no.value).await
        }
        Verb::SetAlarm { bell, .. } => {
            command(world, made, &counter, SetAlarm { at, bell }, nothing, |no| match no {}).await
        }
        Verb::Look => command(world, made, &counter, Look, value, |no| match no {}).await,
        Verb::CountBoth { other, limit } => {
            let (one, other) = (name(one), name(other));
            decision(world, made, CountBoth { one, other, limit }).await
        }
        Verb::Remind { of, from, .. } => {
            let (counter, of) = (name(one), name(of));
            let at = at.expect("it has a time");
            decision(world, made, Remind { counter, at, of, from }).await
        }
        Verb::PanicInDecide => {
            let panics = Panic::InDecide;
            command(world, made, &counter, panics, nothing, |no| match no {}).await
        }
        Verb::PanicInApply => {
            let panics = Panic::InApply;
            command(world, made, &counter, panics, nothing, |no| match no {}).await
        }
        Verb::Read | Verb::ReadAndPanic => read(world, made, &counter).await,
    }
}

fn reference(made: &Made) -> AggregateRef<Counter> {
    let Call { timeout, admission, .. } = made.call;
    let counter = made
        .seat
        .counters()
        .get(COUNTERS[made.call.counter])
        .timeout(timeout)
        .admission(admission)
        .correlation(made.number.to_string());
    match made.expected {
        Some(position) => counter.expecting(position),
        None => counter,
    }
}

/// The idempotency key of a call.
fn key_of(made: &Made) -> Option<String> {
    made.call.keyed.then(|| format!("{KEY}{}", made.number))
}

const KEY: &str = "call-";

/// The call that has this idempotency key.
pub(super) fn keyed_call(key: &str) -> Option<usize> {
    key.strip_prefix(KEY)?.parse().ok()
}

type Asking<C, R, N> = BoxFuture<Result<Receipt<R>, AskError<C, N>>>;

async fn command<C>(
    world: &World,
    made: &Made,
    counter: &AggregateRef<Counter>,
    command: C,
    value: impl Fn(<Counter as Decide<C>>::Reply) -> Option<u64>,
    rejected: impl Fn(<Counter as Decide<C>>::Rejection) -> u64,
) -> Answer
where
    Counter: Decide<C, Reply: Serialize + DeserializeOwned>,
    C: Serialize + Send + 'static,
{
    let asking: Asking<C, _, _> = match key_of(made) {
        Some(key) => Box::pin(counter.once(key).ask_with_receipt(command)),
        None => Box::pin(counter.ask_with_receipt(command)),
    };
    let asking = noting_arrival(world, made, asking);
    match cut(asking, made.call.patience, &world.time).await {
        Ok(Ok(committed)) => {
            Answer::Replied { value: value(committed.reply), position: committed.position }
        }
        Ok(Err(AskError::Rejected(rejection))) => Answer::Rejected { value: rejected(rejection) },
        Ok(Err(error)) => without_reply(error),
        Err(polled) => Answer::Cancelled { polled },
    }
}

async fn decision<D, const N: usize>(world: &World, made: &Made, decision: D) -> Answer
where
    D: Decision<Reply = [u64; N], Rejection = NotNow<N>> + Serialize,
    [u64; N]: Serialize + DeserializeOwned,
{
    let Call { timeout, admission, patience, .. } = made.call;
    let decisions = made.seat.decisions().timeout(timeout).admission(admission);
    let decisions = decisions.correlation(made.number.to_string());
    let asking: Asking<D, _, _> = match key_of(made) {
        Some(key) => Box::pin(decisions.once(key).decide_with_receipt(decision)),
        None => Box::pin(decisions.decide_with_receipt(decision)),
    };
    match cut(asking, patience, &world.time).await {
        Ok(Ok(committed)) => {
            Answer::Decided { values: committed.reply.into(), position: committed.position }
        }
        Ok(Err(AskError::Rejected(NotNow(values)))) => Answer::Refused { values: values.into() },
        Ok(Err(error)) => without_reply(error),
        Err(polled) => Answer::Cancelled { polled },
    }
}

fn without_reply<C, R>(error: AskError<C, R>) -> Answer {
    match error {
        AskError::NotRun(not_run) => Answer::NotRun(not_run.cause),
        AskError::Unknown { why: unknown, .. } => Answer::Unknown(unknown),
        _ => unreachable!("every reply of a run can be read"),
    }
}

/// Notes the first poll of a call: it is in the mailbox then, or in the queue at its door.
async fn noting_arrival<F: Future>(world: &World, made: &Made, asking: F) -> F::Output {
    let mut asking = std::pin::pin!(asking);
    let mut first = true;
    poll_fn(|cx| {
        if std::mem::take(&mut first) {
            let arrived = &mut made.seat.account.lock().arrived[made.call.counter];
            world.ledger.lock().trails[made.number].arrived = Some(*arrived);
            *arrived += 1;
        }
        asking.as_mut().poll(cx)
    })
    .await
}

async fn read(world: &Arc<World>, made: &Made, counter: &AggregateRef<Counter>) -> Answer {
    let panics = made.call.verb == Verb::ReadAndPanic;
    let (world_too, seat) = (world.clone(), made.seat.clone());
    let look = move |state: &Counter, now: Timestamp| {
        world_too.expect(seat.look_at(now));
        assert!(!panics, "{}", panics::LOOK);
        Seen { value: state.value, rings: state.rings, alarm: state.alarm }
    };
    match cut(counter.read(look), made.call.patience, &world.time).await {
        Ok(Ok(seen)) => Answer::Saw(seen.value),
        Ok(Err(error)) => Answer::Unread(error),
        Err(polled) => Answer::Cancelled { polled },
    }
}
