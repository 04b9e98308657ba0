//! Asking: a call as the runtime is asked it, by its verb, and its answer whatever its types.

use std::future::poll_fn;
use std::sync::Arc;

use bailiwick::{
    AggregateRef, AskError, BoxFuture, Cause, Decide, Decision, Position, ReadError, Receipt,
    Timestamp, Unknown,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::client::{Attempt, with_patience};
use super::coverage::Case;
use super::history::Seen;
use super::node::Tally;
use super::plan::{COUNTERS, Call, Verb};
use super::world::World;
use crate::fixtures::counter::{Count, Counter, Look, Panic, SetAlarm};
use crate::fixtures::counter_pairs::{CountBoth, NotNow, Remind};
use crate::sim::panics;

/// Makes a call, and waits as long as its caller has patience.
pub(super) async fn ask(world: &Arc<World>, attempt: &Attempt) -> Answer {
    let counter = reference(attempt);
    let value = |value: u64| Some(value);
    let nothing = |()| None;
    let name = |counter: usize| COUNTERS[counter].into();
    let one = attempt.call.counter;
    let at = world.ledger.lock().calls[attempt.number].alarm;
    match attempt.call.verb {
        Verb::Count { limit } => {
            command(world, attempt, &counter, Count { limit }, value, |no| no.value).await
        }
        Verb::SetAlarm { bell, .. } => {
            command(world, attempt, &counter, SetAlarm { at, bell }, nothing, |no| match no {})
                .await
        }
        Verb::Look => command(world, attempt, &counter, Look, value, |no| match no {}).await,
        Verb::CountBoth { other, limit } => {
            let (one, other) = (name(one), name(other));
            decision(world, attempt, CountBoth { one, other, limit }).await
        }
        Verb::Remind { of, from, .. } => {
            let (counter, of) = (name(one), name(of));
            let at = at.expect("it has a time");
            decision(world, attempt, Remind { counter, at, of, from }).await
        }
        Verb::PanicInDecide => {
            let panics = Panic::InDecide;
            command(world, attempt, &counter, panics, nothing, |no| match no {}).await
        }
        Verb::PanicInApply => {
            let panics = Panic::InApply;
            command(world, attempt, &counter, panics, nothing, |no| match no {}).await
        }
        Verb::Read | Verb::ReadAndPanic => read(world, attempt, &counter).await,
    }
}

fn reference(attempt: &Attempt) -> AggregateRef<Counter> {
    let Call { timeout, admission, .. } = attempt.call;
    let counter = attempt
        .node
        .counters()
        .get(COUNTERS[attempt.call.counter])
        .timeout(timeout)
        .admission(admission)
        .correlation(attempt.number.to_string());
    match attempt.expected {
        Some(position) => counter.expecting(position),
        None => counter,
    }
}

/// The idempotency key of a call.
fn key_of(attempt: &Attempt) -> Option<String> {
    attempt.call.keyed.then(|| format!("{KEY}{}", attempt.number))
}

const KEY: &str = "call-";

/// The call that has this idempotency key.
pub(super) fn keyed_call(key: &str) -> Option<usize> {
    key.strip_prefix(KEY)?.parse().ok()
}

type Asking<C, R, N> = BoxFuture<Result<Receipt<R>, AskError<C, N>>>;

async fn command<C>(
    world: &World,
    attempt: &Attempt,
    counter: &AggregateRef<Counter>,
    command: C,
    value: impl Fn(<Counter as Decide<C>>::Reply) -> Option<u64>,
    rejected: impl Fn(<Counter as Decide<C>>::Rejection) -> u64,
) -> Answer
where
    Counter: Decide<C, Reply: Serialize + DeserializeOwned>,
    C: Serialize + Send + 'static,
{
    let asking: Asking<C, _, _> = match key_of(attempt) {
        Some(key) => Box::pin(counter.once(key).ask_with_receipt(command)),
        None => Box::pin(counter.ask_with_receipt(command)),
    };
    let asking = noting_arrival(world, attempt, asking);
    match with_patience(asking, attempt.call.patience, &world.time).await {
        Ok(Ok(Receipt { reply, position, repeated, .. })) => {
            Answer::Replied { value: value(reply), position, repeated }
        }
        Ok(Err(AskError::Rejected(rejection))) => Answer::Rejected { value: rejected(rejection) },
        Ok(Err(error)) => without_reply(error),
        Err(polled) => Answer::Cancelled { polled },
    }
}

async fn decision<D, const N: usize>(world: &World, attempt: &Attempt, decision: D) -> Answer
where
    D: Decision<Reply = [u64; N], Rejection = NotNow<N>> + Serialize,
    [u64; N]: Serialize + DeserializeOwned,
{
    let Call { timeout, admission, patience, .. } = attempt.call;
    let decisions = attempt.node.decisions().timeout(timeout).admission(admission);
    let decisions = decisions.correlation(attempt.number.to_string());
    let asking: Asking<D, _, _> = match key_of(attempt) {
        Some(key) => Box::pin(decisions.once(key).decide_with_receipt(decision)),
        None => Box::pin(decisions.decide_with_receipt(decision)),
    };
    match with_patience(asking, patience, &world.time).await {
        Ok(Ok(Receipt { reply, position, repeated, .. })) => {
            Answer::Decided { values: reply.into(), position, repeated }
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

/// Notes the first poll of a call: it is in the mailbox then, or in its admission queue.
async fn noting_arrival<F: Future>(world: &World, attempt: &Attempt, asking: F) -> F::Output {
    let mut asking = std::pin::pin!(asking);
    let mut first = true;
    poll_fn(|cx| {
        if std::mem::take(&mut first) {
            let arrived = &mut attempt.node.observed.lock().arrived[attempt.call.counter];
            world.ledger.lock().calls[attempt.number].arrived = Some(*arrived);
            *arrived += 1;
        }
        asking.as_mut().poll(cx)
    })
    .await
}

async fn read(world: &Arc<World>, attempt: &Attempt, counter: &AggregateRef<Counter>) -> Answer {
    let panics = attempt.call.verb == Verb::ReadAndPanic;
    let (world_too, node) = (world.clone(), attempt.node.clone());
    let look = move |state: &Counter, now: Timestamp| {
        world_too.expect(node.look_at(now));
        assert!(!panics, "{}", panics::LOOK);
        Seen { value: state.value, rings: state.rings, alarm: state.alarm }
    };
    match with_patience(counter.read(look), attempt.call.patience, &world.time).await {
        Ok(Ok(seen)) => Answer::Read(seen.value),
        Ok(Err(error)) => Answer::Unread(error),
        Err(polled) => Answer::Cancelled { polled },
    }
}

/// How a call ended, whatever its types.
#[derive(Debug)]
pub(super) enum Answer {
    /// The reply of a command; `repeated` if it was run when it was asked before.
    Replied {
        value: Option<u64>,
        position: Position,
        repeated: bool,
    },
    Rejected {
        value: u64,
    },
    /// The reply of a decision, or the values on which it was refused.
    Decided {
        values: Vec<u64>,
        position: Position,
        repeated: bool,
    },
    Refused {
        values: Vec<u64>,
    },
    Read(Seen),
    NotRun(Cause),
    Unknown(Unknown),
    Unread(ReadError),
    /// The caller went away; `polled` if it had asked before.
    Cancelled {
        polled: bool,
    },
}

impl Answer {
    /// An answer as the trace has it.
    pub(super) fn summary(&self) -> (Case, &'static str, (u64, u64)) {
        match self {
            Answer::Replied { value, position, .. } => {
                let numbers = (value.unwrap_or_default(), position.get());
                (Case::Replied, "reply", numbers)
            }
            Answer::Rejected { value } => (Case::Rejected, "rejection", (*value, 0)),
            Answer::Decided { values, position, .. } => {
                (Case::Decided, "decided", (values[0], position.get()))
            }
            Answer::Refused { values } => (Case::Refused, "refused", (values[0], 0)),
            Answer::Read(seen) => (Case::ReadAnswered, "read", (seen.value, seen.rings)),
            Answer::NotRun(Cause::Moved { expected, actual }) => {
                (Case::Moved, "moved", (expected.get(), actual.get()))
            }
            Answer::NotRun(cause) => {
                let (case, how) = not_run(cause);
                (case, how, (0, 0))
            }
            Answer::Unknown(Unknown::TimedOut) => (Case::TimedOutAfter, "out of time", (0, 0)),
            Answer::Unknown(Unknown::ShutDown) => (Case::UnknownAtTheEnd, "unknown end", (0, 0)),
            Answer::Unknown(_) => (Case::Unknown, "unknown", (0, 0)),
            Answer::Unread(_) => (Case::Unread, "unread", (0, 0)),
            Answer::Cancelled { polled } => (Case::Cancelled, "cancelled", (u64::from(*polled), 0)),
        }
    }

    /// Whether the call may have had its effect, or may have it yet.
    pub(super) fn is_unclear(&self) -> bool {
        matches!(self, Answer::Unknown(_) | Answer::Cancelled { polled: true })
    }

    /// Counts it, as the outcome of a command.
    pub(super) fn count(&self, tally: &mut Tally) {
        let of = match self {
            Answer::Replied { .. } | Answer::Decided { .. } => &mut tally.replied,
            Answer::Rejected { .. } | Answer::Refused { .. } => &mut tally.rejected,
            Answer::NotRun(Cause::Panicked { .. }) => &mut tally.panicked,
            Answer::NotRun(_) => &mut tally.not_run,
            Answer::Unknown(Unknown::TimedOut) | Answer::Cancelled { .. } => &mut tally.unseen,
            Answer::Unknown(_) => &mut tally.unknown,
            Answer::Read(_) | Answer::Unread(_) => return,
        };
        *of += 1;
    }
}

fn not_run(cause: &Cause) -> (Case, &'static str) {
    match cause {
        Cause::MailboxFull { .. } => (Case::MailboxFull, "full"),
        Cause::Overloaded { .. } => (Case::Overloaded, "overloaded"),
        Cause::TimedOut => (Case::TimedOutBefore, "not in time"),
        Cause::ShutDown => (Case::RefusedAtTheEnd, "shut down"),
        Cause::Contended { .. } => (Case::Contended, "contended"),
        Cause::Overtaken { .. } => (Case::Overtaken, "overtaken"),
        Cause::Panicked { .. } => (Case::Panicked, "panicked"),
        _ => (Case::GivenBack, "given back"),
    }
}
