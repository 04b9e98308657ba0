//! Nothing is told before it is synced: seen in the order of the calls of a process that works.

use super::scene::Scene;
use crate::faults::order::{Action, Order};
use crate::faults::reports::Report;
use crate::invariant::Checked;
use crate::invariant::Invariant::{Durable, Progress};

/// Runs a process, and finds for what it told the write and a sync of the same file between the two. Returns how
/// often it did.
///
/// # Errors
/// With the first answer that was told before its sync.
pub fn told_after_sync(mut scene: Scene, orders: u64) -> Checked<usize> {
    let calls = "trace=pwrite64,writev,fdatasync,fsync";
    // With the file of each call.
    let arguments = ["-y", "-s", "65536", "-e", calls].map(str::to_owned);
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
        let told_at = find(&lines, "writev(", &line)
            .ok_or_else(|| Progress.broken(format!("{text} is not told")))?;
        let before = &lines[..told_at];
        let synced = find(before, " pwrite64(", &text)
            .is_some_and(|written| has_synced(file(before[written]), &before[written + 1..]));
        if !synced {
            return Err(Durable.broken(format!("{text} is told before it is synced")));
        }
        seen += 1;
    }
    Ok(seen)
}

fn find(lines: &[&str], call: &str, text: &str) -> Option<usize> {
    lines.iter().position(|line| line.contains(call) && line.contains(text))
}

/// What a call is about: the number of the file, and its path.
fn file(line: &str) -> &str {
    let argument = line.split_once('(').map_or("", |(_, arguments)| arguments);
    argument.split_once('>').map_or("", |(file, _)| file)
}

/// Whether a sync of the file begins and ends in these lines.
fn has_synced(written: &str, lines: &[&str]) -> bool {
    let mut begun = None;
    lines.iter().any(|line| {
        if !line.contains("fdatasync") && !line.contains("fsync") {
            return false;
        }
        if !line.contains(" resumed>") {
            if file(line) != written {
                return false;
            }
            begun = line.split_whitespace().next();
        }
        begun.is_some()
            && begun == line.split_whitespace().next()
            && line.trim_end().ends_with("= 0")
    })
}
