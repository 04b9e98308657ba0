//! The rules of the domain, once more and in another way: what each event must find.

use std::collections::{BTreeMap, HashSet};

use bailiwick::journal::{EncodedEvent, RecordedEvent};
use bailiwick::{Event, Tag, Timestamp};
use bailiwick_examples::streaming::{DEFAULT_LIMIT, SessionEvent};

use crate::faults::fixture::CarryEvent;
use crate::faults::fixture::ScalesEvent;
use crate::faults::order::{Order, OrderId};
use crate::invariant::Checked;
use crate::invariant::Invariant::{NeverEarly, Once, Readable, Rules, Time, Whole};

/// What has happened so far.
#[derive(Debug, Default, PartialEq)]
pub struct Model {
    /// The leases of each account: until when, by session.
    pub accounts: BTreeMap<String, BTreeMap<String, Timestamp>>,
    /// What was moved, by scales.
    pub scales: BTreeMap<String, Moved>,
    started: HashSet<String>,
    marks: HashSet<String>,
    /// What is on its way from one pair of scales to another: half of a decision.
    carried: Option<String>,
    /// The key whose answer has to follow.
    unanswered: Option<String>,
    last: BTreeMap<String, Timestamp>,
    head: u64,
}

/// What was moved from the left to the right.
#[derive(Debug, Default, PartialEq)]
pub struct Moved {
    /// What is on its way: half of a command.
    pub held: Option<String>,
    /// How many lie on the right.
    pub put: u64,
}

impl Model {
    /// Enters all of these events.
    ///
    /// # Errors
    /// With the first that breaks a rule, or with what is only half there.
    pub fn of(events: &[RecordedEvent]) -> Checked<Model> {
        let mut model = Model::default();
        events.iter().try_for_each(|event| model.enter(event))?;
        model.nothing_is_half()?;
        Ok(model)
    }

    /// Enters the next event.
    ///
    /// # Errors
    /// If it breaks a rule.
    pub fn enter(&mut self, recorded: &RecordedEvent) -> Checked {
        let (position, event) = (recorded.position.get(), &recorded.event);
        let head = self.head;
        Readable.require(position == head + 1, || format!("behind {head} comes {position}"))?;
        self.head = position;
        let tags = event.tags.as_slice();
        // A session's tag stands beside that of its account.
        let mut owners = tags.iter().filter(|tag| tag.key() != "session");
        let (Some(tag), None) = (owners.next(), owners.next()) else {
            return Err(Rules.broken(format!("{position}: it has the tags {tags:?}")));
        };
        let at = event.recorded_at;
        let before = self.last.insert(tag.to_string(), at);
        Time.require(before <= Some(at), || {
            format!("{position}: recorded before the one before it")
        })?;
        self.is_followed(event, tag)?;
        let entered = match tag.key() {
            _ if event.is_reserved() => Ok(()),
            "account" => decode(event).and_then(|event| self.of_account(tag.value(), &event, at)),
            _ => decode(event).and_then(|event| self.of_scales(tag.value(), event)),
        };
        entered.map_err(|why| why.at(format_args!("{position}, {} of {tag}", event.event_type)))
    }

    fn of_account(&mut self, account: &str, event: &SessionEvent, at: Timestamp) -> Checked {
        let leases = self.accounts.entry(account.to_owned()).or_default();
        if !matches!(event, SessionEvent::LeaseExpired { .. }) {
            let due = leases.iter().find(|(_, expiry)| **expiry <= at);
            NeverEarly
                .require(due.is_none(), || format!("at {at}, {due:?} had not been expired"))?;
        }
        match event {
            SessionEvent::SessionStarted { session, expires_at } => {
                let fresh = self.started.insert(session.to_string());
                Once.require(fresh, || format!("{session} is started twice"))?;
                Rules.require(leases.len() < DEFAULT_LIMIT, || {
                    format!("{leases:?} leave no slot")
                })?;
                Rules.require(*expires_at > at, || {
                    format!("it ends at {expires_at}, before {at}")
                })?;
                leases.insert(session.to_string(), *expires_at);
            }
            SessionEvent::LeaseRenewed { session, expires_at } => {
                let held = leases.insert(session.to_string(), *expires_at);
                let longer = held.is_some_and(|held| held < *expires_at);
                Rules.require(held.is_some(), || format!("{session} has no lease to renew"))?;
                Rules.require(longer, || format!("{held:?} becomes {expires_at}"))?;
            }
            SessionEvent::SessionEnded { session } => {
                let held = leases.remove(session.as_str());
                Rules.require(held.is_some(), || format!("{session} has no lease"))?;
            }
            SessionEvent::LeaseExpired { session } => {
                let held = leases.remove(session.as_str());
                Rules.require(held.is_some(), || format!("{session} has no lease to expire"))?;
                let due = held.is_some_and(|expiry| expiry <= at);
                NeverEarly.require(due, || format!("{session} has {held:?} at {at}"))?;
            }
            other @ SessionEvent::LimitChanged { .. } => {
                return Err(Rules.broken(format!("who asked: {other:?}")));
            }
        }
        Ok(())
    }

    fn of_scales(&mut self, scales: &str, event: ScalesEvent) -> Checked {
        let moved = self.scales.entry(scales.to_owned()).or_default();
        match event {
            ScalesEvent::Carried(CarryEvent::CarriedOff { mark, left, .. }) => {
                Once.require(self.marks.insert(mark.clone()), || {
                    format!("{mark} is carried off twice")
                })?;
                Rules.require(moved.put == left + 1, || {
                    format!("{} are there, and then {left}", moved.put)
                })?;
                moved.put = left;
                self.carried = Some(mark);
            }
            ScalesEvent::Carried(CarryEvent::PutDown { mark, put, .. }) => {
                let carried = self.carried.take();
                Whole.require(carried.as_ref() == Some(&mark), || {
                    format!("{carried:?} was carried off, not {mark}")
                })?;
                Rules.require(put == moved.put + 1, || {
                    format!("{} are there, and then {put}", moved.put)
                })?;
                moved.put = put;
                self.unanswered = OrderId::of(&mark).and_then(|id| Order::of(id).key);
            }
            ScalesEvent::TakenFromLeft { mark } => {
                let fresh = self.marks.insert(mark.clone());
                Once.require(fresh, || format!("{mark} is taken twice"))?;
                let held = moved.held.replace(mark);
                Whole.require(held.is_none(), || format!("{held:?} was taken and never put"))?;
            }
            ScalesEvent::PutOnRight { mark } => {
                let held = moved.held.take();
                Whole.require(held.as_ref() == Some(&mark), || {
                    format!("{held:?} was taken, not {mark}")
                })?;
                moved.put += 1;
            }
        }
        Ok(())
    }

    /// Between the two events of a decision, and before what its key was answered, is nothing else.
    fn is_followed(&mut self, event: &EncodedEvent, tag: &Tag) -> Checked {
        if let Some(mark) = &self.carried {
            let put_down = event.event_type.as_str() == "PutDown";
            Whole
                .require(put_down, || format!("only half of it is there: {mark} is carried off"))?;
        }
        match self.unanswered.take() {
            Some(key) => Whole.require(event.is_reserved() && tag.value() == key, || {
                format!("what {key} was answered is not with what it did")
            }),
            None => Ok(()),
        }
    }

    /// # Errors
    /// With a command or a decision of which only half is there.
    pub fn nothing_is_half(&self) -> Checked {
        let (carried, unanswered) = (&self.carried, &self.unanswered);
        Whole.require(carried.is_none() && unanswered.is_none(), || {
            format!("only half of it is there: {carried:?}, {unanswered:?}")
        })?;
        match self.scales.iter().find(|(_, moved)| moved.held.is_some()) {
            Some((scales, moved)) => {
                Err(Whole.broken(format!("{scales}: only half of it is there: {moved:?}")))
            }
            None => Ok(()),
        }
    }

    /// Whether anything of an order with this text is there.
    pub fn knows(&self, id: &str) -> bool {
        self.started.contains(id) || self.marks.contains(id)
    }

    /// How many leases were granted and weights moved.
    pub fn effects(&self) -> usize {
        self.started.len() + self.marks.len()
    }

    /// A lease that is due at `now`, if there is one.
    pub fn overdue(&self, now: Timestamp) -> Option<String> {
        let due = |leases: &BTreeMap<String, Timestamp>| leases.values().any(|at| *at <= now);
        let found = self.accounts.iter().find(|(_, leases)| due(leases));
        found.map(|(account, leases)| format!("{account} at {now}: {leases:?}"))
    }

    /// The first and the last of all expiries.
    pub fn expiries(&self) -> Option<(Timestamp, Timestamp)> {
        let all = || self.accounts.values().flat_map(BTreeMap::values).copied();
        Some((all().min()?, all().max()?))
    }

    /// The latest time of recording.
    pub fn recorded_at(&self) -> Timestamp {
        self.last.values().copied().max().unwrap_or_default()
    }
}

fn decode<E: Event>(event: &EncodedEvent) -> Checked<E> {
    match event.decode() {
        Ok(Some(decoded)) => Ok(decoded),
        other => Err(Readable.broken(format!("cannot be decoded: {:?}", other.err()))),
    }
}
