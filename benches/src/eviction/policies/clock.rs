//! Second chance: a queue, from whose front those go that were not used since they were last there.

use std::collections::VecDeque;

use super::{Budget, ById, Policy};

pub(super) struct SecondChance {
    room: u64,
    taken: u64,
    queue: VecDeque<(u32, u32)>,
    used: ById<bool>,
}

impl SecondChance {
    pub(super) fn new(budget: Budget) -> Self {
        let (queue, used) = (VecDeque::new(), ById::default());
        SecondChance { room: budget.weight(), taken: 0, queue, used }
    }
}

impl Policy for SecondChance {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        if let Some(used) = self.used.get_mut(&id) {
            *used = true;
            return true;
        }
        self.used.insert(id, false);
        self.queue.push_back((id, weight));
        self.taken += u64::from(weight);
        while self.taken > self.room {
            let (id, weight) = self.queue.pop_front().expect("somebody is there");
            if std::mem::take(self.used.get_mut(&id).expect("it is there")) {
                self.queue.push_back((id, weight));
            } else {
                self.used.remove(&id);
                self.taken -= u64::from(weight);
            }
        }
        false
    }
}
