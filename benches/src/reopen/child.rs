//! A process that opens a folder, and says what it cost.

use std::path::Path;
use std::time::Instant;

use bailiwick::{FileJournal, Runtime};

use super::{BUSY, Start};
use crate::domain::{Credit, Draw, Peek, credit_id};

/// Opens the folder, starts a runtime, and serves commands. `began`: when the process did.
///
/// # Errors
/// If something fails.
pub async fn run(folder: &Path, began: Instant) -> Result<Start, Box<dyn std::error::Error>> {
    let millis = || began.elapsed().as_secs_f64() * 1_000.0;
    let before_mib = resident_mib();
    let journal = FileJournal::open(folder)?;
    let (open_ms, open_mib) = (millis(), resident_mib());
    let runtime = Runtime::builder(journal).aggregate::<Credit>().start().await?;
    let start_ms = millis();
    let credits = runtime.aggregates::<Credit>();
    credits.get(credit_id(1)).ask(Draw { amount: 1 }).await?;
    let (command_ms, command_mib) = (millis(), resident_mib());
    let first_busy = first_busy(folder);
    let mut micros = Vec::new();
    for nth in 0..BUSY.min(100) {
        let asked = Instant::now();
        let id = credit_id(usize::try_from(first_busy + nth * (BUSY / 100))?);
        credits.get(&id).ask(Peek).await?;
        micros.push(asked.elapsed().as_secs_f64() * 1e6);
    }
    micros.sort_unstable_by(f64::total_cmp);
    let activation_us = (micros[micros.len() / 2], micros[micros.len() - 1]);
    runtime.shutdown(std::time::Duration::from_secs(10)).await;
    Ok(Start { open_ms, start_ms, command_ms, before_mib, open_mib, command_mib, activation_us })
}

/// The first of the busy aggregates, as it was noted by whoever made them.
fn first_busy(folder: &Path) -> u64 {
    let noted = std::fs::read_to_string(folder.join(".aggregates")).unwrap_or_default();
    noted.trim().parse().unwrap_or(1_000_000)
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or(0.0);
    kib / 1_024.0
}
