//! Waiting for a future on a thread: the least that futures can be run with.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::journal::Answer;

/// Here the suite itself is tested: by journals that never wake anybody.
const PATIENCE_S: u32 = if cfg!(test) { 10 } else { 120 };

/// Waits for a future.
///
/// # Panics
/// If nothing wakes it for `PATIENCE_S` seconds: better than tests that hang.
#[track_caller]
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let bell = Arc::new(Bell { rung: AtomicBool::new(false), thread: thread::current() });
    let waker = Waker::from(bell.clone());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        bell.wait();
    }
}

/// Polls a future once, with nobody to wake.
pub(super) fn poll_once<T>(answer: &mut Answer<T>) -> Poll<T> {
    Pin::new(answer).poll(&mut Context::from_waker(Waker::noop()))
}

struct Bell {
    rung: AtomicBool,
    thread: Thread,
}

impl Bell {
    #[track_caller]
    fn wait(&self) {
        let mut waited_s = 0;
        while !self.rung.swap(false, Ordering::Acquire) {
            assert!(
                waited_s < PATIENCE_S,
                "the journal did not answer, nor wake who waits for it, in {PATIENCE_S} s"
            );
            // A spurious return only makes the journal's time shorter, and they are rare.
            thread::park_timeout(Duration::from_secs(1));
            waited_s += 1;
        }
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_future_that_is_woken_from_another_thread_is_waited_for() {
        let (wakers, woken) = mpsc::channel::<Waker>();
        let waking = thread::spawn(move || woken.iter().for_each(Waker::wake));
        let mut polls = 0;
        let value = block_on(Box::pin(std::future::poll_fn(move |context| {
            polls += 1;
            if polls == 3 {
                return Poll::Ready(polls);
            }
            wakers.send(context.waker().clone()).unwrap();
            Poll::Pending
        })));
        assert_eq!(value, 3);
        waking.join().unwrap();
    }
}
