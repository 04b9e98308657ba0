//! The seeded executor: one thread, a set of tasks, and chance decides which ready one is next.
//!
//! 1. The same random numbers give the same schedule: nothing here depends on threads, addresses,
//!    time or the order of a map.
//! 2. A task is polled only when it was woken, so a lost wake-up is a task that never goes on.
//! 3. Tasks belong to groups. A group can be lost, as when the executor of a runtime ends: its
//!    tasks are dropped where they stand, and new ones are dropped at once.
//!
//! The queue is what wakers and runtimes hold of it. Nothing that is dropped there is dropped under its
//! lock, because it may wake and spawn.

use std::collections::BTreeSet;
use std::mem::take;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};

use bailiwick::{BoxFuture, Spawn};
use parking_lot::Mutex;

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
    wakes: Arc<TaskWaker>,
    name: &'static str,
    group: usize,
    rank: u64,
}

impl Task {
    fn new(incoming: Incoming, id: usize, queue: &Arc<Queue>, rank: u64) -> Self {
        let Incoming { future, name, group } = incoming;
        let wakes = TaskWaker::ready(id, queue);
        Task { future, waker: wakes.clone().into(), wakes, name, group, rank }
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
            ready.wakes.reset();
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

/// What is new, ready, or to be lost.
#[derive(Default)]
pub(super) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    ready: Vec<usize>,
    incoming: Vec<Incoming>,
    losing: Vec<usize>,
    lost: BTreeSet<usize>,
    ended: bool,
}

/// A task that is new.
pub(super) struct Incoming {
    pub(super) future: BoxFuture<()>,
    pub(super) name: &'static str,
    pub(super) group: usize,
}

impl Queue {
    /// Adds a task; drops it if its group is lost.
    pub(super) fn spawn(&self, group: usize, name: &'static str, future: BoxFuture<()>) {
        let mut waiting = self.0.lock();
        if waiting.ended || waiting.lost.contains(&group) {
            drop(waiting);
            drop(future);
            return;
        }
        waiting.incoming.push(Incoming { future, name, group });
    }

    /// From now on the group takes no tasks; those it has are dropped before the next poll.
    pub(super) fn lose(&self, group: usize) {
        let mut waiting = self.0.lock();
        waiting.lost.insert(group);
        waiting.losing.push(group);
        let incoming = take(&mut waiting.incoming);
        let (lost, kept): (Vec<_>, _) = incoming.into_iter().partition(|new| new.group == group);
        waiting.incoming = kept;
        drop(waiting);
        drop(lost);
    }

    /// From now on no tasks are taken.
    pub(super) fn end(&self) {
        let mut waiting = self.0.lock();
        waiting.ended = true;
        let incoming = take(&mut waiting.incoming);
        drop(waiting);
        drop(incoming);
    }

    pub(super) fn take_incoming(&self) -> Vec<Incoming> {
        take(&mut self.0.lock().incoming)
    }

    pub(super) fn take_losing(&self) -> Vec<usize> {
        take(&mut self.0.lock().losing)
    }

    /// Takes the ready task at the place that `choose` names.
    pub(super) fn take_ready(&self, choose: impl FnOnce(&[usize]) -> usize) -> Option<usize> {
        let mut waiting = self.0.lock();
        if waiting.ready.is_empty() {
            return None;
        }
        let at = choose(&waiting.ready);
        Some(waiting.ready.swap_remove(at))
    }
}

/// Wakes one task.
pub(super) struct TaskWaker {
    id: usize,
    queue: Arc<Queue>,
    /// It is among the ready ones already.
    woken: AtomicBool,
}

impl TaskWaker {
    /// Of a new task, which is ready.
    pub(super) fn ready(id: usize, queue: &Arc<Queue>) -> Arc<Self> {
        let waker = Arc::new(TaskWaker { id, queue: queue.clone(), woken: AtomicBool::new(false) });
        waker.wake_by_ref();
        waker
    }

    /// Its task is about to be polled.
    pub(super) fn reset(&self) {
        self.woken.store(false, Relaxed);
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Relaxed) {
            self.queue.0.lock().ready.push(self.id);
        }
    }
}

/// Spawns the tasks of one runtime.
pub(super) struct Spawner {
    pub(super) queue: Arc<Queue>,
    pub(super) group: usize,
}

impl Spawn for Spawner {
    fn spawn(&self, task: BoxFuture<()>) {
        self.queue.spawn(self.group, "runtime", task);
    }
}
