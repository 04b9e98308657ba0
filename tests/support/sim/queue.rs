//! The queue of the executor: which tasks are new, ready, or to be lost. It is what wakers and
//! runtimes hold of the executor.
//!
//! Nothing that is dropped here is dropped under the lock, because it may wake and spawn.

use std::collections::BTreeSet;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Wake;

use bailiwick::{BoxFuture, Spawn};
use parking_lot::Mutex;

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
pub(super) struct Alarm {
    id: usize,
    queue: Arc<Queue>,
    /// It is among the ready ones already.
    rung: AtomicBool,
}

impl Alarm {
    /// Of a new task, which is ready.
    pub(super) fn ringing(id: usize, queue: &Arc<Queue>) -> Arc<Self> {
        let alarm = Arc::new(Alarm { id, queue: queue.clone(), rung: AtomicBool::new(false) });
        alarm.wake_by_ref();
        alarm
    }

    /// Its task is about to be polled.
    pub(super) fn rewind(&self) {
        self.rung.store(false, Relaxed);
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.rung.swap(true, Relaxed) {
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
