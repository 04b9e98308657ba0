//! What was acknowledged is there, once, and was answered on what is there.

use std::collections::{BTreeMap, HashMap, HashSet};

use bailiwick::journal::RecordedEvent;
use bailiwick_examples::streaming::SessionEvent;

use super::Book;
use crate::faults::carry::CarryEvent;
use crate::faults::order::{Deed, Order, OrderId};
use crate::faults::scales::ScalesEvent;
use crate::faults::told::{Reply, Told};
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, NoEffect, Once};

/// Enters all events, and looks at every answer where it says that it is.
pub(super) fn check(events: &[RecordedEvent], told: &[Told]) -> Checked<Book> {
    let answers = by_position(told)?;
    let mut book = Book::default();
    for event in events {
        book.enter(event)?;
        for (id, reply) in answers.get(&event.position.get()).into_iter().flatten() {
            answered(&book, event, &Order::of(*id), reply).map_err(|why| {
                let at = event.position;
                why.at(format_args!("{id} was answered {reply:?} at {at}"))
            })?;
        }
    }
    book.nothing_is_half()?;
    for (position, answers) in answers {
        if !(1..=events.len() as u64).contains(&position) {
            let head = events.len();
            return Err(Durable.broken(format!(
                "{answers:?} were acknowledged at {position}, the journal ends at {head}"
            )));
        }
    }
    nothing_of_what_was_not_run(&book, told)?;
    Ok(book)
}

/// The answers that came with a position.
type ByPosition<'a> = BTreeMap<u64, Vec<(OrderId, &'a Reply)>>;

/// The answers, each once. Whoever asked again with the key was answered the same.
fn by_position(told: &[Told]) -> Checked<ByPosition<'_>> {
    let mut first: HashMap<OrderId, (&Reply, u64)> = HashMap::new();
    let mut by_position = ByPosition::new();
    for told in told {
        let Told::Done { id, reply, position } = told else {
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
fn answered(book: &Book, recorded: &RecordedEvent, order: &Order, reply: &Reply) -> Checked {
    let lease = |account: &str, session: &str| book.accounts.get(account)?.get(session).copied();
    let found = |what: &dyn std::fmt::Debug| Err(Durable.broken(format!("there is {what:?}")));
    match (&order.deed, reply) {
        (Deed::Acquire { account, session, .. }, Reply::Granted { expires_at, in_use }) => {
            let leases = book.accounts.get(account).map_or(0, BTreeMap::len);
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
        (Deed::KeepAlive { account, session, .. }, Reply::Kept { until }) => {
            match lease(account, session) {
                Some(held) if held == *until => Ok(()),
                other => found(&other),
            }
        }
        (Deed::Release { session, .. }, Reply::Released) => {
            match recorded.event.decode::<SessionEvent>() {
                Ok(Some(SessionEvent::SessionEnded { session: ended }))
                    if ended.as_str() == session =>
                {
                    Ok(())
                }
                other => found(&other),
            }
        }
        (Deed::Move { scales, mark }, Reply::Moved { put }) => {
            let on_the_right = book.scales.get(scales).map(|moved| moved.put);
            match recorded.event.decode::<ScalesEvent>() {
                Ok(Some(ScalesEvent::PutOnRight { mark: moved }))
                    if moved == *mark && on_the_right == Some(*put) =>
                {
                    Ok(())
                }
                other => found(&(other, on_the_right)),
            }
        }
        (Deed::Carry { from, to, mark }, Reply::Carried { left, put }) => {
            let on_the_right = |scales: &str| book.scales.get(scales).map(|moved| moved.put);
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
            match is_last && there == (Some(*left), Some(*put)) && book.knows(mark) {
                true => Ok(()),
                false => found(&there),
            }
        }
        (deed, _) => Err(Durable.broken(format!("that is no answer to {deed:?}"))),
    }
}

fn nothing_of_what_was_not_run(book: &Book, told: &[Told]) -> Checked {
    let done = |told: &Told| match told {
        Told::Done { id, .. } | Told::Unknown { id } => Some(*id),
        _ => None,
    };
    let done: HashSet<OrderId> = told.iter().filter_map(done).collect();
    for told in told {
        if let Told::NotRun { id } = told
            && !done.contains(id)
            && book.knows(&id.to_string())
        {
            return Err(NoEffect.broken(format!("{id} certainly had no effect, and is there")));
        }
    }
    Ok(())
}
