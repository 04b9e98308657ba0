//! Nothing is told before it is synced: seen in the order of the calls of a process that works.

use super::scene::Scene;
use crate::faults::order::{Action, Order};
use crate::faults::reports::Report;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, Progress};

/// Runs a process, and finds for what it told the write and a sync between the two. Returns how often
/// it did.
///
/// # Errors
/// With the first answer that was told before its sync.
pub fn told_after_sync(mut scene: Scene, orders: u64) -> Checked<usize> {
    let calls = "trace=write,pwrite64,writev,fdatasync,fsync";
    let arguments = ["-s", "65536", "-e", calls].map(str::to_owned);
    let (ended, trace) = scene.traced(&arguments, orders);
    if !ended.status.success() {
        return Err(Progress.broken(format!("it ended by {}: {}", ended.status, ended.complaints)));
    }
    let lines: Vec<&str> = trace.lines().collect();
    let mut seen = 0;
    for told in scene.told() {
        let Report::Done { id, .. } = told else { continue };
        // The text of the order is in its event.
        let text = match Order::of(*id).action {
            Action::Acquire { session, .. } => session,
            Action::Move { mark, .. } | Action::Carry { mark, .. } => mark,
            Action::KeepAlive { .. } | Action::Release { .. } => continue,
        };
        let line = serde_json::to_string(told).expect("it was told");
        let line = line.replace('"', "\\\"");
        let told_at = find(&lines, 0, "writev(", &line)
            .ok_or_else(|| Progress.broken(format!("{text} is not told")))?;
        let synced = find(&lines[..told_at], 0, " write(", &text)
            .is_some_and(|written| has_synced(&lines[written + 1..told_at]));
        if !synced {
            return Err(Durable.broken(format!("{text} is told before it is synced")));
        }
        seen += 1;
    }
    Ok(seen)
}

fn find(lines: &[&str], from: usize, call: &str, text: &str) -> Option<usize> {
    (from..lines.len()).find(|at| lines[*at].contains(call) && lines[*at].contains(text))
}

/// Whether a sync begins and ends in these lines.
fn has_synced(lines: &[&str]) -> bool {
    let is_sync = |line: &str| line.contains("fdatasync") || line.contains("fsync");
    let mut begun = false;
    lines.iter().any(|line| {
        let begins = is_sync(line) && !line.contains("resumed>");
        begun |= begins;
        begun && is_sync(line) && line.trim_end().ends_with("= 0")
    })
}
