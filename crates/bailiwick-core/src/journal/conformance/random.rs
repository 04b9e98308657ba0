//! Random events and queries over a vocabulary so small that they often match. The same seed gives
//! the same ones.

use super::build::{any_of, event, tag};
use crate::journal::{AppendCondition, EncodedEvent, Query, QueryItem};
use crate::position::Position;

const TYPES: [&str; 4] = ["A", "B", "C", "D"];
const TAGS: [&str; 7] = ["x:1", "x:2", "x:3", "y:1", "y:2", "z:1", "z:2"];

/// xorshift64*.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        // Scrambled, so that seeds in a row do not start alike; never the fixed point 0.
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number from 0 to `bound`, without it.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// The same, to index with.
    pub(super) fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).expect("below a usize")
    }

    pub(super) fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn some<T: Copy>(&mut self, of: &[T], at_most: usize) -> Vec<T> {
        let count = self.index(at_most + 1);
        (0..count).map(|_| of[self.index(of.len())]).collect()
    }

    pub(super) fn event(&mut self) -> EncodedEvent {
        let event_type = TYPES[self.index(TYPES.len())];
        event(event_type, &self.some(&TAGS, 3))
    }

    /// One to three of them.
    pub(super) fn events(&mut self) -> Vec<EncodedEvent> {
        let count = 1 + self.index(3);
        (0..count).map(|_| self.event()).collect()
    }

    /// Up to two of them.
    pub(super) fn types(&mut self) -> Vec<&'static str> {
        self.some(&TYPES, 2)
    }

    pub(super) fn query(&mut self) -> Query {
        if self.percent(5) {
            return Query::all();
        }
        let count = 1 + self.index(3);
        any_of((0..count).map(|_| self.item()).collect::<Vec<_>>())
    }

    fn item(&mut self) -> QueryItem {
        loop {
            let (types, tags) = (self.some(&TYPES, 2), self.some(&TAGS, 2));
            if let Ok(item) = QueryItem::new(types, tags.into_iter().map(tag)) {
                return item;
            }
        }
    }

    /// One whose `after` lies anywhere up to a little above `head`.
    pub(super) fn condition(&mut self, head: Position) -> AppendCondition {
        let after = self.position(head);
        let condition = AppendCondition::new(self.query()).after(after);
        if self.percent(80) {
            return condition;
        }
        condition.never(self.query())
    }

    /// Half of the time one of the last places, half of the time any.
    pub(super) fn position(&mut self, head: Position) -> Position {
        let reach = head.get() + 3;
        let back = if self.percent(50) { 8 } else { reach + 1 };
        Position::new(reach.saturating_sub(self.below(back)))
    }
}
