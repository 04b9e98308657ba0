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

/// The user and system time of all threads of this process until now. None where there is no `/proc`.
pub fn used() -> Option<Duration> {
    times(11)
}

/// The user and system time of all processes that this one has started and seen end. None where
/// there is no `/proc`.
pub fn used_by_children() -> Option<Duration> {
    times(13)
}

/// The user and system time of these processes and all that descend from them, ended ones included.
pub fn used_by(roots: &[u32]) -> Duration {
    let mut family = roots.to_vec();
    let others: Vec<(u32, u32)> = processes().collect();
    let mut at = 0;
    while let Some(parent) = family.get(at).copied() {
        let children = others.iter().filter(|(pid, of)| *of == parent && !family.contains(pid));
        let children: Vec<u32> = children.map(|(pid, _)| *pid).collect();
        family.extend(children);
        at += 1;
    }
    family.iter().filter_map(|pid| ticks(&pid.to_string(), 11, 4)).sum()
}

/// All processes, each with its parent.
fn processes() -> impl Iterator<Item = (u32, u32)> {
    std::fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| {
        let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
        Some((pid, fields(&std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?).nth(1)?))
    })
}

fn times(first: usize) -> Option<Duration> {
    ticks("self", first, 2)
}

/// The sum of so many times that the kernel shows side by side.
fn ticks(process: &str, first: usize, many: usize) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    Some(TICK * fields(&stat).skip(first).take(many).sum::<u32>())
}

/// The name, in parentheses, may hold anything. The state behind it counts as 0; the parent is the second,
/// the times are the 12th and 13th, then those of the children.
fn fields(stat: &str) -> impl Iterator<Item = u32> {
    let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
    behind.split_whitespace().map(|n| n.parse().unwrap_or(0))
}

#[test]
fn what_children_used_counts() {
    let own = std::process::id();
    let before = used_by(&[own]);
    let mut child = std::process::Command::new("sh");
    child.args(["-c", "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"]);
    assert!(child.status().expect("it runs").success());
    assert!(used_by(&[own]) > before);
}
