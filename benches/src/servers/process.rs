//! A process of our own: asked to end when it is dropped, and ended if it does not.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to end by itself.
const TIME_LIMIT: Duration = Duration::from_secs(15);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// A process that runs.
pub struct Process {
    child: Child,
    signal: &'static str,
}

impl Process {
    /// One that is asked to end by this signal: its name without `SIG`.
    pub fn new(child: Child, signal: &'static str) -> Process {
        Process { child, signal }
    }

    /// Its ID.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it was started with, to take its streams.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.ended() {
            return;
        }
        let mut asks = Command::new("kill");
        asks.args(["-s", self.signal, &self.pid().to_string()]).stderr(Stdio::null());
        let (asked, begun) = (asks.status().is_ok_and(|status| status.success()), Instant::now());
        while asked && begun.elapsed() < TIME_LIMIT {
            if self.ended() {
                return;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
