//! The seeded executor: one thread, a set of tasks, and chance decides which ready one is next.
//!
//! 1. The same random numbers give the same schedule: nothing here depends on threads, addresses,
//!    time or the order of a map.
//! 2. A task is polled only when it was woken, so a lost wake-up is a task that never goes on.
//! 3. Tasks belong to groups. A group can be lost, as when the executor of a runtime ends: its
//!    tasks are dropped where they stand, and new ones are dropped at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bailiwick::BoxFuture;
use parking_lot::Mutex;

use super::queue::{Alarm, Incoming, Queue};
use super::random::Random;

/// In which order ready tasks are polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Any, each as likely as the others.
    Any,
    /// Some tasks are mostly before others, so that the others are late for long.
    Ranked,
}

/// Runs tasks, one poll at a time.
pub(super) struct Executor {
    queue: Arc<Queue>,
    tasks: Vec<Option<Task>>,
    order: Order,
}

struct Task {
    future: BoxFuture<()>,
    waker: Waker,
    alarm: Arc<Alarm>,
    name: &'static str,
    group: usize,
    rank: u64,
}

impl Task {
    fn new(incoming: Incoming, id: usize, queue: &Arc<Queue>, rank: u64) -> Self {
        let Incoming { future, name, group } = incoming;
        let alarm = Alarm::ringing(id, queue);
        Task { future, waker: alarm.clone().into(), alarm, name, group, rank }
    }
}

/// What was polled.
pub(super) struct Polled {
    pub(super) task: usize,
    pub(super) name: &'static str,
    /// It panicked, which no task may.
    pub(super) panicked: bool,
}

impl Executor {
    pub(super) fn new(order: Order) -> Self {
        Executor { queue: Arc::default(), tasks: Vec::new(), order }
    }

    /// Where new tasks come in.
    pub(super) fn queue(&self) -> Arc<Queue> {
        self.queue.clone()
    }

    /// Polls one of the ready tasks; `None` if there is none.
    pub(super) fn poll_one(&mut self, random: &Mutex<Random>) -> Option<Polled> {
        loop {
            self.lose_groups(random);
            let task = self.choose(&mut random.lock())?;
            let Some(ready) = &mut self.tasks[task] else {
                continue;
            };
            ready.alarm.rewind();
            let name = ready.name;
            let mut cx = Context::from_waker(&ready.waker);
            let polled = catch_unwind(AssertUnwindSafe(|| ready.future.as_mut().poll(&mut cx)));
            if !matches!(polled, Ok(Poll::Pending)) {
                drop(self.tasks[task].take());
            }
            return Some(Polled { task, name, panicked: polled.is_err() });
        }
    }

    /// The tasks of this group.
    pub(super) fn tasks_of(&self, group: usize) -> impl Iterator<Item = usize> {
        let tasks = self.tasks.iter().enumerate();
        tasks.filter_map(move |(id, task)| (task.as_ref()?.group == group).then_some(id))
    }

    fn choose(&mut self, random: &mut Random) -> Option<usize> {
        for incoming in self.queue.take_incoming() {
            let task = Task::new(incoming, self.tasks.len(), &self.queue, random.number());
            self.tasks.push(Some(task));
        }
        let (tasks, order) = (&self.tasks, self.order);
        let id = self.queue.take_ready(|ready| {
            if order == Order::Any || random.one_in(4) {
                return random.index(ready.len());
            }
            let rank = |at: &usize| tasks[ready[*at]].as_ref().map(|task| task.rank);
            (0..ready.len()).max_by_key(rank).unwrap_or_default()
        })?;
        if random.one_in(16)
            && let Some(task) = &mut self.tasks[id]
        {
            task.rank = random.number();
        }
        Some(id)
    }

    fn lose_groups(&mut self, random: &Mutex<Random>) {
        for group in self.queue.take_losing() {
            let of_group = |task: &Option<Task>| task.as_ref().is_some_and(|t| t.group == group);
            let mut ids: Vec<_> =
                (0..self.tasks.len()).filter(|id| of_group(&self.tasks[*id])).collect();
            while !ids.is_empty() {
                let at = random.lock().index(ids.len());
                // Not under the lock: what is dropped here wakes and spawns.
                drop(self.tasks[ids.swap_remove(at)].take());
            }
        }
    }
}

impl Drop for Executor {
    /// The order of the end does not matter, but that there is one does.
    fn drop(&mut self) {
        self.queue.end();
        while let Some(task) = self.tasks.pop() {
            drop(task);
        }
    }
}
