//! The clients of a run: each makes one call, and may lose its patience.

use std::future::poll_fn;
use std::sync::Arc;

use bailiwick::{AggregateRef, AskError, Decide, Position, Timestamp};

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

/// A call that was made.
pub(super) struct Made {
    pub(super) number: usize,
    pub(super) call: Call,
    pub(super) seat: Arc<Seat>,
    pub(super) began: u64,
    /// The number of the newest state that its runtime had shown when it began.
    pub(super) floor: usize,
    pub(super) expected: Option<Position>,
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
    let made = begin(world, seat, call);
    let answer = ask(world, &made).await;
    world.open.lock().remove(&made.number);
    let replied = matches!(answer, Answer::Replied { .. });
    let checked = world.check_answer(&made, answer);
    world.expect(checked.map_err(|why| why.at(format_args!("call {}", made.number))));
    replied
}

fn begin(world: &World, seat: Arc<Seat>, call: Call) -> Made {
    let mut ledger = world.ledger.lock();
    let number = ledger.trails.len();
    let alarm = match call.verb {
        Verb::SetAlarm { in_ms: Some(0), .. } => Some(Timestamp::from_millis(BEGIN - 1)),
        Verb::SetAlarm { in_ms, .. } => in_ms.map(|millis| seat.clock.shows().plus_millis(millis)),
        _ => None,
    };
    let counter = call.counter;
    ledger.trails.push(Trail {
        seat: seat.number,
        counter,
        verb: call.verb,
        alarm,
        arrived: None,
        written: None,
        denied: false,
    });
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
    let open = Open { seat: seat.number, counter, over: began + timeout };
    world.open.lock().insert(number, open);
    world.note(&Step::Asks { call: number, seat: seat.number, counter, what: call.verb.name() });
    let floor = seat.account.lock().shown[counter];
    Made { number, call, seat, began, floor, expected }
}

async fn ask(world: &Arc<World>, made: &Made) -> Answer {
    let counter = reference(made);
    let value = |value: u64| Some(value);
    let nothing = |()| None;
    match made.call.verb {
        Verb::Count { limit } => {
            decide(world, made, &counter, Count { limit }, value, |no| no.value).await
        }
        Verb::SetAlarm { bell, .. } => {
            let at = world.ledger.lock().trails[made.number].alarm;
            decide(world, made, &counter, SetAlarm { at, bell }, nothing, |no| match no {}).await
        }
        Verb::Look => decide(world, made, &counter, Look, value, |no| match no {}).await,
        Verb::PanicInDecide => {
            decide(world, made, &counter, Panic::InDecide, nothing, |no| match no {}).await
        }
        Verb::PanicInApply => {
            decide(world, made, &counter, Panic::InApply, nothing, |no| match no {}).await
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

async fn decide<C>(
    world: &World,
    made: &Made,
    counter: &AggregateRef<Counter>,
    command: C,
    value: impl Fn(<Counter as Decide<C>>::Reply) -> Option<u64>,
    rejected: impl Fn(<Counter as Decide<C>>::Rejection) -> u64,
) -> Answer
where
    Counter: Decide<C>,
    C: Send + 'static,
{
    let asking = noting_arrival(world, made, counter.ask_committed(command));
    match cut(asking, made.call.patience, &world.time).await {
        Ok(Ok(committed)) => {
            Answer::Replied { value: value(committed.reply), position: committed.position }
        }
        Ok(Err(AskError::Rejected(rejection))) => Answer::Rejected { value: rejected(rejection) },
        Ok(Err(AskError::NotRun(not_run))) => Answer::NotRun(not_run.cause),
        Ok(Err(AskError::Unknown(unknown))) => Answer::Unknown(unknown),
        Ok(Err(_)) => unreachable!("an ask has three ways to fail"),
        Err(polled) => Answer::Cancelled { polled },
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
        Ok(Ok(seen)) => Answer::Saw(seen),
        Ok(Err(error)) => Answer::Unread(error),
        Err(polled) => Answer::Cancelled { polled },
    }
}
