//! What was acknowledged is there, once, and was answered on what is there.

use std::collections::{BTreeMap, HashMap, HashSet};

use bailiwick::journal::RecordedEvent;
use bailiwick_examples::streaming::SessionEvent;

use super::Model;
use crate::faults::fixture::CarryEvent;
use crate::faults::fixture::ScalesEvent;
use crate::faults::order::{Action, Order, OrderId};
use crate::faults::reports::{Reply, Report};
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, NoEffect, Once};

/// Enters all events, and looks at every answer where it says that it is.
pub(super) fn check(events: &[RecordedEvent], told: &[Report]) -> Checked<Model> {
    let answers = by_position(told)?;
    let mut model = Model::default();
    for event in events {
        model.enter(event)?;
        for (id, reply) in answers.get(&event.position.get()).into_iter().flatten() {
            answered(&model, event, &Order::of(*id), reply).map_err(|why| {
                let at = event.position;
                why.at(format_args!("{id} was answered {reply:?} at {at}"))
            })?;
        }
    }
    model.nothing_is_half()?;
    for (position, answers) in answers {
        if !(1..=events.len() as u64).contains(&position) {
            let head = events.len();
            return Err(Durable.broken(format!(
                "{answers:?} were acknowledged at {position}, the journal ends at {head}"
            )));
        }
    }
    nothing_of_what_was_not_run(&model, told)?;
    Ok(model)
}

/// The answers that came with a position.
type ByPosition<'a> = BTreeMap<u64, Vec<(OrderId, &'a Reply)>>;

/// The answers, each once. Whoever asked again with the key was answered the same.
fn by_position(told: &[Report]) -> Checked<ByPosition<'_>> {
    let mut first: HashMap<OrderId, (&Reply, u64)> = HashMap::new();
    let mut by_position = ByPosition::new();
    for told in told {
        let Report::Done { id, reply, position } = told else {
            continue;
        };
        match first.insert(*id, (reply, *position)) {
            None => by_position.entry(*position).or_default().push((*id, reply)),
            Some(then) if then == (reply, *position) => {}
            Some((reply_then, position_then)) => {
                return Err(Once.broken(format!(
                    "{id} was answered {reply_then:?} at {position_then}, then {reply:?} at \
                     {position}"
                )));
            }
        }
    }
    Ok(by_position)
}

/// The event is the order's, and the answer is right once it is entered.
fn answered(model: &Model, recorded: &RecordedEvent, order: &Order, reply: &Reply) -> Checked {
    let lease = |account: &str, session: &str| model.accounts.get(account)?.get(session).copied();
    let found = |what: &dyn std::fmt::Debug| Err(Durable.broken(format!("there is {what:?}")));
    match (&order.action, reply) {
        (Action::Acquire { account, session, .. }, Reply::Granted { expires_at, in_use }) => {
            let leases = model.accounts.get(account).map_or(0, BTreeMap::len);
            let event = recorded.event.decode::<SessionEvent>();
            match event {
                Ok(Some(SessionEvent::SessionStarted { session: started, expires_at: until }))
                    if started.as_str() == session && until == *expires_at && leases == *in_use =>
                {
                    Ok(())
                }
                other => found(&(other, leases)),
            }
        }
        (Action::KeepAlive { account, session, .. }, Reply::Kept { until }) => {
            match lease(account, session) {
                Some(held) if held == *until => Ok(()),
                other => found(&other),
            }
        }
        (Action::Release { session, .. }, Reply::Released) => {
            match recorded.event.decode::<SessionEvent>() {
                Ok(Some(SessionEvent::SessionEnded { session: ended }))
                    if ended.as_str() == session =>
                {
                    Ok(())
                }
                other => found(&other),
            }
        }
        (Action::Move { scales, mark }, Reply::Moved { put }) => {
            let on_the_right = model.scales.get(scales).map(|moved| moved.put);
            match recorded.event.decode::<ScalesEvent>() {
                Ok(Some(ScalesEvent::PutOnRight { mark: moved }))
                    if moved == *mark && on_the_right == Some(*put) =>
                {
                    Ok(())
                }
                other => found(&(other, on_the_right)),
            }
        }
        (Action::Carry { from, to, mark }, Reply::Carried { left, put }) => {
            let on_the_right = |scales: &str| model.scales.get(scales).map(|moved| moved.put);
            let there = (on_the_right(from), on_the_right(to));
            let is_last = match &order.key {
                // Its answer, which comes behind its events.
                Some(key) => {
                    recorded.event.tags.iter().any(|tag| tag.value() == key)
                        && recorded.event.is_reserved()
                }
                None => matches!(recorded.event.decode::<CarryEvent>(),
                    Ok(Some(CarryEvent::PutDown { mark: put_down, .. })) if put_down == *mark),
            };
            match is_last && there == (Some(*left), Some(*put)) && model.knows(mark) {
                true => Ok(()),
                false => found(&there),
            }
        }
        (action, _) => Err(Durable.broken(format!("that is no answer to {action:?}"))),
    }
}

fn nothing_of_what_was_not_run(model: &Model, told: &[Report]) -> Checked {
    let done = |told: &Report| match told {
        Report::Done { id, .. } | Report::Unknown { id } => Some(*id),
        _ => None,
    };
    let done: HashSet<OrderId> = told.iter().filter_map(done).collect();
    for told in told {
        if let Report::NotRun { id } = told
            && !done.contains(id)
            && model.knows(&id.to_string())
        {
            return Err(NoEffect.broken(format!("{id} certainly had no effect, and is there")));
        }
    }
    Ok(())
}
