//! Knowing that nothing is running any more.
//!
//! Before a driven clock may move on, all that is due by now has to be done: every task waits for
//! the clock or for a caller, and no call to the journal is under way. Here is counted what is not
//! yet so. It holds on any executor and for any journal, also for one that appends elsewhere.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bailiwick::{BoxFuture, Spawn};
use tokio::sync::Notify;

/// Counts what is running. Cloning shares the count.
#[derive(Clone, Default)]
pub struct Quiet(Arc<Count>);

#[derive(Default)]
struct Count {
    running: AtomicUsize,
    none: Notify,
}

/// Something is running, for as long as this is kept.
pub struct Running(Arc<Count>);

impl Quiet {
    /// Waits until nothing is running.
    pub async fn wait(&self) {
        loop {
            // Also lets those go on whose turn tokio itself has put off.
            tokio::task::yield_now().await;
            let none = self.0.none.notified();
            if self.0.running.load(SeqCst) == 0 {
                return;
            }
            none.await;
        }
    }

    /// Something begins to run.
    pub fn running(&self) -> Running {
        self.0.running.fetch_add(1, SeqCst);
        Running(self.0.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, SeqCst) == 1 {
            self.0.none.notify_waiters();
        }
    }
}

/// Spawns on `spawner`. A task is running from when it is woken until it has been polled.
pub struct Counting<S> {
    pub quiet: Quiet,
    pub spawner: S,
}

impl<S: Spawn> Spawn for Counting<S> {
    fn spawn(&self, task: BoxFuture<()>) {
        let woken = Some(self.quiet.running());
        let state = Mutex::new(State { woken, waker: Waker::noop().clone() });
        let alarm = Arc::new(Alarm { quiet: self.quiet.clone(), state });
        self.spawner.spawn(Box::pin(Counted { task, alarm }));
    }
}

struct Counted {
    task: BoxFuture<()>,
    alarm: Arc<Alarm>,
}

/// Wakes a task, and knows that it is woken.
struct Alarm {
    quiet: Quiet,
    state: Mutex<State>,
}

struct State {
    woken: Option<Running>,
    waker: Waker,
}

impl Alarm {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        let mut state = self.state();
        state.woken.get_or_insert_with(|| self.quiet.running());
        let waker = state.waker.clone();
        drop(state);
        waker.wake();
    }
}

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.alarm.state();
        state.waker.clone_from(cx.waker());
        // Kept until the task was polled; if it is woken meanwhile, it counts anew before that.
        let woken = state.woken.take();
        drop(state);
        let waker = Waker::from(self.alarm.clone());
        let polled = self.task.as_mut().poll(&mut Context::from_waker(&waker));
        drop(woken);
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn it_waits_for_what_is_woken_and_for_what_is_under_way_elsewhere() {
        let quiet = Quiet::default();
        let spawner = tokio::runtime::Handle::current();
        let counting = Counting { quiet: quiet.clone(), spawner };
        let (began, gate) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        for _ in 0..100 {
            let (began, gate) = (began.clone(), gate.clone());
            counting.spawn(Box::pin(async move {
                for _ in 0..50 {
                    tokio::task::yield_now().await;
                }
                began.fetch_add(1, SeqCst);
                gate.notified().await;
                began.fetch_sub(1, SeqCst);
            }));
        }
        quiet.wait().await;
        assert_eq!(began.load(SeqCst), 100);
        gate.notify_waiters();
        quiet.wait().await;
        assert_eq!(began.load(SeqCst), 0);
        let under_way = quiet.running();
        let waited = tokio::time::timeout(Duration::from_millis(20), quiet.wait()).await;
        assert!(waited.is_err());
        drop(under_way);
        quiet.wait().await;
    }
}
