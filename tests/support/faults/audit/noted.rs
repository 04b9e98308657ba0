//! What the policy has made of what happened to scales: each once, in the order of the scales.

use std::collections::BTreeMap;

use bailiwick::journal::{DELIVERY_ENDED, EncodedEvent, POLICY_REACHED};
use bailiwick_core::policy::{DeliveryEnded, Ending, PolicyFact};

use super::book::decode;
use crate::faults::carry::CarryEvent;
use crate::faults::notes::Noted;
use crate::faults::scales::ScalesEvent;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Mark, Once, Order, Rules};

/// What was to be noted, and what was.
#[derive(Debug, Default, PartialEq)]
pub struct NotesBook {
    /// By position: of which scales, which weight, and whether it was put there.
    news: BTreeMap<u64, (String, String, bool)>,
    /// What stands for it.
    traces: BTreeMap<u64, u64>,
    /// The last of each scales that there is a trace of.
    last: BTreeMap<String, u64>,
}

/// Whether an event is none of the clients', but the policy's.
pub(super) fn is_of_policy(event: &EncodedEvent) -> bool {
    event.event_type.as_str() == "Noted"
        || event.tags.iter().any(|tag| tag.key() == bailiwick_core::policy::POLICY_KEY)
}

impl NotesBook {
    /// Something happened to scales.
    pub(super) fn happened(&mut self, at: u64, scales: &str, event: &ScalesEvent) {
        let (mark, was_put) = match event {
            ScalesEvent::TakenFromLeft { mark } => (mark, false),
            ScalesEvent::PutOnRight { mark } => (mark, true),
            ScalesEvent::Carried(CarryEvent::PutDown { mark, .. }) => (mark, true),
            ScalesEvent::Carried(CarryEvent::CarriedOff { .. }) => return,
        };
        self.news.insert(at, (scales.to_owned(), mark.clone(), was_put));
    }

    pub(super) fn enter(&mut self, at: u64, event: &EncodedEvent) -> Checked {
        if event.event_type.as_str() == POLICY_REACHED {
            let PolicyFact::Reached { upto } = decode(event)? else { return Ok(()) };
            let below = self.undone().find(|undone| *undone <= upto.get());
            return Mark.require(below.is_none(), || {
                format!("{at}: all up to {upto} is done, but {below:?}")
            });
        }
        let Some(delivery) = &event.metadata.extra().delivery else {
            let is_fact = event.is_reserved();
            return Rules.require(is_fact, || format!("{at}: it is noted by nobody"));
        };
        let source = delivery.source.get();
        let news = self.news.get(&source);
        let (scales, mark, was_put) =
            news.ok_or_else(|| Rules.broken(format!("{at}: nothing happened at {source}")))?;
        let right = match event.event_type.as_str() {
            DELIVERY_ENDED => {
                let ended: DeliveryEnded = decode(event)?;
                !*was_put && ended.how == Ending::Rejected
            }
            _ => *was_put && decode::<Noted>(event)?.mark == *mark,
        };
        Rules.require(right, || format!("{at}: that is not what follows from {source}"))?;
        if let Some(first) = self.traces.insert(source, at) {
            return Err(Once.broken(format!("{at}: {source} was done at {first} already")));
        }
        let last = self.last.insert(scales.clone(), source);
        Order.require(last < Some(source), || format!("{at}: {source} comes behind {last:?}"))
    }

    /// What has no trace yet.
    pub fn undone(&self) -> impl Iterator<Item = u64> {
        self.news.keys().copied().filter(|at| !self.traces.contains_key(at))
    }
}
