//! Least recently used.

use std::collections::BTreeMap;

use super::{Budget, ById, Policy};

pub(super) struct Lru {
    room: u64,
    taken: u64,
    clock: u64,
    last_call: ById<u64>,
    order: BTreeMap<u64, (u32, u32)>,
}

impl Lru {
    pub(super) fn new(budget: Budget) -> Self {
        let (last_call, order) = (ById::default(), BTreeMap::new());
        Lru { room: budget.weight(), taken: 0, clock: 0, last_call, order }
    }
}

impl Policy for Lru {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        self.clock += 1;
        let last = self.last_call.insert(id, self.clock);
        self.order.insert(self.clock, (id, weight));
        if let Some(last) = last {
            self.order.remove(&last);
            return true;
        }
        self.taken += u64::from(weight);
        while self.taken > self.room {
            let (_, (id, weight)) = self.order.pop_first().expect("somebody is there");
            self.last_call.remove(&id);
            self.taken -= u64::from(weight);
        }
        false
    }
}
