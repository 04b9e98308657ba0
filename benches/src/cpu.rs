//! How much of the machine this process uses.

use std::time::{Duration, Instant};

/// What the kernel counts in: 100 per second on every Linux of today.
const TICK: Duration = Duration::from_millis(10);

/// What a load may take, so that a server has room for its own work.
pub const BOUND: f64 = 0.7;

/// Measures from here on.
pub struct Usage {
    since: Instant,
    used: Option<Duration>,
}

impl Usage {
    /// Begins.
    pub fn begin() -> Usage {
        Usage { since: Instant::now(), used: used() }
    }

    /// The share of all cores: the user and system time of all threads over the time that passed.
    /// None where there is no `/proc`.
    pub fn share(&self) -> Option<f64> {
        let used = used()?.saturating_sub(self.used?);
        Some(used.as_secs_f64() / self.since.elapsed().as_secs_f64() / cores() as f64)
    }
}

/// How many cores there are for this process.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn used() -> Option<Duration> {
    times(11)
}

/// The user and system time of all processes that this one has started and seen end. None where
/// there is no `/proc`.
pub fn used_by_children() -> Option<Duration> {
    times(13)
}

/// The sum of two times that the kernel shows side by side.
fn times(first: usize) -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold anything; the times are the 12th and 13th after it, then
    // those of the children.
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks = fields.split_whitespace().skip(first).take(2).filter_map(|n| n.parse::<u32>().ok());
    Some(TICK * ticks.sum::<u32>())
}
