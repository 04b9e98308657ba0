//! What a writer of the [oracle](super::oracle) relied on, as its events carry it.

use bytes::Bytes;

use super::build::{slow, tagged, unless};
use crate::journal::{AppendCondition, Query, RecordedEvent};
use crate::position::Position;

/// How many names there are that may be taken once.
pub(super) const NAMES: u64 = 300;

/// What a writer relied on: that nothing matches `query` beyond `after`, the last match it knew,
/// and that nobody ever took the name `never`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Belief {
    pub(super) query: usize,
    pub(super) after: u64,
    pub(super) never: Option<u64>,
}

impl Belief {
    pub(super) fn condition(self, queries: &[Query], aware_of: Position) -> AppendCondition {
        let condition = unless(slow(&queries[self.query])).after(aware_of);
        match self.never {
            Some(name) => condition.never(taken(name)),
            None => condition,
        }
    }

    /// As the payload of the event that is the `index`th of its append.
    pub(super) fn encode(self, index: u64) -> Bytes {
        let never = self.never.unwrap_or(NAMES);
        format!("{} {} {never} {index}", self.query, self.after).into()
    }

    pub(super) fn decode(payload: &[u8]) -> (Belief, u64) {
        let text = std::str::from_utf8(payload).expect("a payload of the oracle");
        let numbers: Vec<u64> = text.split(' ').filter_map(|n| n.parse().ok()).collect();
        let &[query, after, never, index] = numbers.as_slice() else {
            panic!("a payload that the oracle did not write: {text:?}");
        };
        let belief = Belief {
            query: usize::try_from(query).expect("a query of the oracle"),
            after,
            never: (never < NAMES).then_some(never),
        };
        (belief, index)
    }

    /// An event that should have kept an append at `first` from being taken.
    pub(super) fn contradicted_by<'a>(
        &self,
        queries: &[Query],
        events: &'a [RecordedEvent],
        first: u64,
    ) -> Option<&'a RecordedEvent> {
        let name = self.never.map(taken);
        events[..index(first)].iter().find(|recorded| {
            let beyond = recorded.position.get() > self.after;
            (beyond && matches(&queries[self.query], recorded))
                || name.as_ref().is_some_and(|name| matches(name, recorded))
        })
    }
}

fn taken(name: u64) -> Query {
    tagged(&[&format!("name:{name}")])
}

fn matches(query: &Query, recorded: &RecordedEvent) -> bool {
    let event = &recorded.event;
    query.matches(event.event_type.as_str(), &event.tags)
}

/// Where the event at this position is in a list of all.
pub(super) fn index(position: u64) -> usize {
    let before = position.checked_sub(1).expect("positions are from 1");
    usize::try_from(before).expect("few events")
}
