//! S3-FIFO with the numbers of its authors: a tenth for the small queue, as many ghosts as the main
//! queue has room for, uses counted up to 3, and on to the main queue with more than one of them.

use std::collections::VecDeque;

use super::{Budget, ById, Policy};

pub(super) struct S3Fifo {
    room: u64,
    taken: u64,
    small: Queue,
    main: Queue,
    uses: ById<u8>,
    ghosts: Ghosts,
}

#[derive(Default)]
struct Queue {
    list: VecDeque<(u32, u32)>,
    taken: u64,
}

/// Whom the small queue has let go, and how many calls there had been by then.
#[derive(Default)]
struct Ghosts {
    list: VecDeque<(u32, u64)>,
    latest: ById<u64>,
    number: u64,
}

impl S3Fifo {
    pub(super) fn new(budget: Budget) -> Self {
        S3Fifo {
            room: budget.weight(),
            taken: 0,
            small: Queue::default(),
            main: Queue::default(),
            uses: ById::default(),
            ghosts: Ghosts::default(),
        }
    }

    fn evict(&mut self) {
        if self.small.taken < self.room / 10 && !self.main.list.is_empty() {
            return self.evict_main();
        }
        while let Some((id, weight)) = self.small.pop() {
            if self.uses[&id] > 1 {
                self.uses.insert(id, 0);
                self.main.push(id, weight);
                if self.main.taken > self.room - self.room / 10 {
                    return self.evict_main();
                }
            } else {
                self.uses.remove(&id);
                self.taken -= u64::from(weight);
                self.ghosts.insert(id, self.main.list.len());
                return;
            }
        }
        self.evict_main();
    }

    fn evict_main(&mut self) {
        while let Some((id, weight)) = self.main.pop() {
            match self.uses.get_mut(&id) {
                Some(uses) if *uses > 0 => {
                    *uses -= 1;
                    self.main.push(id, weight);
                }
                _ => {
                    self.uses.remove(&id);
                    self.taken -= u64::from(weight);
                    return;
                }
            }
        }
    }
}

impl Policy for S3Fifo {
    fn call(&mut self, id: u32, weight: u32) -> bool {
        if let Some(uses) = self.uses.get_mut(&id) {
            *uses = 3.min(*uses + 1);
            return true;
        }
        while self.taken > 0 && self.taken + u64::from(weight) > self.room {
            self.evict();
        }
        let main = self.ghosts.latest.remove(&id).is_some();
        let queue = if main { &mut self.main } else { &mut self.small };
        queue.push(id, weight);
        self.uses.insert(id, 0);
        self.taken += u64::from(weight);
        false
    }
}

impl Queue {
    fn push(&mut self, id: u32, weight: u32) {
        self.list.push_back((id, weight));
        self.taken += u64::from(weight);
    }

    fn pop(&mut self) -> Option<(u32, u32)> {
        let (id, weight) = self.list.pop_front()?;
        self.taken -= u64::from(weight);
        Some((id, weight))
    }
}

impl Ghosts {
    fn insert(&mut self, id: u32, room: usize) {
        self.number += 1;
        self.list.push_back((id, self.number));
        self.latest.insert(id, self.number);
        while self.list.len() > room
            && let Some((id, number)) = self.list.pop_front()
        {
            if self.latest.get(&id) == Some(&number) {
                self.latest.remove(&id);
            }
        }
    }
}
