//! What an aggregate costs while nobody calls it: bytes on the heap, counted by the allocator.
//!
//! Only the binary `resident` installs that allocator, so that counting slows nothing else down, and
//! it runs once per system, so that the RSS is that system's alone.

mod bailiwick;
mod child;
mod rivals;

use std::time::Duration;

use peak_alloc::PeakAlloc;
use serde::{Deserialize, Serialize};

pub use child::measure;

/// What `resident` found.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Figures {
    /// Heap bytes per aggregate in memory, beside its ID and state.
    pub resident: f64,
    /// The same of those that are asked again and again, between two commands.
    pub warm: Option<f64>,
    /// Heap bytes per stored aggregate, beside its ID: what its deadline costs, and what maps and
    /// queues keep for the next.
    pub stored: Option<f64>,
    /// RSS per aggregate in memory, with everything: ID, state, journal, allocator.
    pub rss: f64,
}

/// Measures `aggregates` of `system` in this process; the binary `resident` does.
///
/// # Panics
/// If there is no such system.
pub async fn weigh(system: &str, aggregates: usize) -> Figures {
    match system {
        "bailiwick" => bailiwick::weigh(aggregates).await,
        "kameo" => rivals::weigh::<crate::rivals::KameoActor>(aggregates).await,
        "tokio-task" => rivals::weigh::<crate::rivals::TokioTask>(aggregates).await,
        "tokio-sleep" => rivals::weigh_sleepers(aggregates).await,
        _ => panic!("no system {system}"),
    }
}

/// Heap bytes in use, as soon as they are steady.
async fn heap() -> f64 {
    let mut last = PeakAlloc.current_usage();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = PeakAlloc.current_usage();
        if now == last {
            return now as f64;
        }
        last = now;
    }
}

/// What the kernel says of a process's memory, in bytes; none where there is no `/proc`, or no such process.
pub(crate) fn in_status(process: &str, field: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes << 10)
}

/// Resident bytes of this process; none where there is no `/proc`.
fn rss() -> f64 {
    in_status("self", "VmRSS:").map_or(0.0, |bytes| bytes as f64)
}
