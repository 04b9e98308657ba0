//! How late this machine is by itself: a thread that does nothing but sleep.
//!
//! Nothing that runs on the same cores can be expected to be earlier than the kernel wakes such a
//! thread. On a machine of one's own that is some ten microseconds; on a shared one it is not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::latency::Latencies;

const NAP: Duration = Duration::from_millis(1);

/// Sleeps for 1 ms, again and again, until it is asked how late it was.
pub struct Sleeper {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Latencies>,
}

impl Sleeper {
    /// Goes to sleep.
    pub fn begin() -> Sleeper {
        let enough = Arc::new(AtomicBool::new(false));
        let seen = enough.clone();
        let thread = thread::spawn(move || {
            let mut latencies = Latencies::default();
            while !seen.load(Relaxed) {
                let begun = Instant::now();
                thread::sleep(NAP);
                latencies.push(begun.elapsed().saturating_sub(NAP));
            }
            latencies
        });
        Sleeper { enough, thread }
    }

    /// How late it woke each time.
    pub fn end(self) -> Latencies {
        self.enough.store(true, Relaxed);
        self.thread.join().expect("it only sleeps")
    }
}
