//! What a start costs, by how long the history is: the folder is made once, and opened by processes of their own, with
//! its files in the page cache and without.

pub mod child;
pub mod generate;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// What is in a folder.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How many events.
    pub events: u64,
    /// Of how many aggregates.
    pub aggregates: u64,
    /// How many of these have a deadline.
    pub deadlines: u64,
}

/// How many aggregates have [`EVENTS_OF_BUSY`] events, whatever the plan is.
pub const BUSY: u64 = 1_000;
/// How many events each of these has.
pub const EVENTS_OF_BUSY: u64 = 100;

/// What a process has measured that opened the folder.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Start {
    /// Until the journal is open, in milliseconds since the process began.
    pub open_ms: f64,
    /// Until the runtime has started.
    pub start_ms: f64,
    /// Until the first command is answered.
    pub command_ms: f64,
    /// What the process has in memory before it opens the journal, in MiB.
    pub before_mib: f64,
    /// After the journal is open.
    pub open_mib: f64,
    /// After the first command.
    pub command_mib: f64,
    /// How long the first command to an aggregate of 100 events takes, in microseconds: the median, and the 99th of
    /// 100.
    pub activation_us: (f64, f64),
}

/// Has a process of its own open the folder.
///
/// # Errors
/// If it fails.
pub fn start(folder: &Path) -> Result<Start, Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?;
    let output = Command::new(program).arg("--child").arg("--folder").arg(folder).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Removes everything that is derived.
///
/// # Errors
/// If something cannot be removed.
pub fn forget_derived(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("index" | "offsets")) || path.ends_with("checkpoint") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Has the system drop what it knows of the folder's files, as far as it does.
///
/// # Errors
/// If a file cannot be opened.
pub fn drop_page_cache(folder: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            let file = fs::File::open(&path)?;
            file.sync_all()?;
            rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
        }
    }
    Ok(())
}

/// How many bytes its files take together: of the segments, and of all else.
///
/// # Errors
/// If it cannot be read.
pub fn sizes(folder: &Path) -> std::io::Result<(u64, u64)> {
    let (mut segments, mut derived) = (0, 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let bytes = entry.metadata()?.len();
        if entry.path().extension().is_some_and(|extension| extension == "segment") {
            segments += bytes;
        } else {
            derived += bytes;
        }
    }
    Ok((segments, derived))
}
