//! What operators drop: a runtime that has read of it does not begin with it any more.

use std::collections::BTreeMap;

use bailiwick::journal::{EncodedEvent, LANE_FREED, Page};

use super::world::World;
use crate::invariant::Checked;
use crate::invariant::Invariant::Once;

/// When a runtime has read a fact first.
pub(super) type Known = BTreeMap<(usize, u64), u64>;

impl World {
    /// A runtime has read these.
    pub(super) fn has_read(&self, seat: usize, page: &Page) {
        let facts = page.events.iter().filter(|of| of.event.event_type.as_str() == LANE_FREED);
        for fact in facts {
            self.known_drops.lock().entry((seat, fact.position.get())).or_insert(self.now());
        }
    }

    /// What a runtime has appended, once it was submitted then, is of nothing that it had known to be dropped
    /// when it began.
    pub(super) fn is_not_dropped(&self, seat: usize, event: &EncodedEvent, then: u64) -> Checked {
        let Some(delivery) = &event.metadata.extra().delivery else { return Ok(()) };
        let mut books = self.books.lock();
        let fact = books.of(delivery.policy.as_str()).dropped(delivery.source);
        let known = fact.and_then(|fact| self.known_drops.lock().get(&(seat, fact)).copied());
        let late = known.is_some_and(|known| then > known + self.longest_attempt());
        Once.require(!late, || {
            format!("{event:?}: it was dropped at {fact:?}, and that was read at {known:?} ms")
        })
    }

    /// How long an attempt takes at most: two deliveries one after the other, with what is read before.
    fn longest_attempt(&self) -> u64 {
        let config = &self.plan.config;
        let timeout = config.get_timeout().max(config.get_effect_timeout());
        2 * u64::try_from(timeout.as_millis()).expect("short") + 12 * self.plan.slow + 30
    }
}
