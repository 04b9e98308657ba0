//! What one sync of the same bytes costs: what no durable answer can be faster than.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use super::accounts::{Plan, Turn};
use super::raw_log::preallocated;
use super::written::Written;
use crate::latency::Latencies;
use crate::rounds::{Round, System};

/// As many writes, each synced, on one thread.
pub(super) fn system(folder: &Path, plan: Plan, written: &Written) -> System {
    let (folder, written) = (folder.to_owned(), written.clone());
    System::new("one-sync", move || {
        let (folder, written) = (folder.clone(), written.clone());
        async move {
            let round = tokio::task::spawn_blocking(move || round(&folder, plan, &written));
            round.await.expect("it ended well")
        }
    })
}

/// The median of a few, of one small event each, in microseconds.
pub(in crate::workloads) async fn median_us(folder: &Path) -> f64 {
    let written = Written::by_bailiwick(folder).await;
    let (folder, plan) = (folder.to_owned(), Plan::new(1, 1, 500, false));
    let round = tokio::task::spawn_blocking(move || round(&folder, plan, &written));
    round.await.expect("it ended well").latencies.percentile(0.5).unwrap_or_default()
}

fn round(folder: &Path, plan: Plan, written: &Written) -> Round {
    let folder = super::a_folder_in(folder);
    let file = preallocated(folder.path());
    let commands = plan.callers * plan.each;
    let mut latencies = Latencies::with_capacity(commands);
    let (begun, mut at) = (Instant::now(), 0);
    for k in 0..commands {
        let bytes = &written.of(Turn { account: 0, session: 0, takes: k.is_multiple_of(2) }).bytes;
        let asked = Instant::now();
        file.write_all_at(bytes, at).expect("it can be written");
        file.sync_data().expect("it can be synced");
        latencies.push(asked.elapsed());
        at += bytes.len() as u64;
    }
    let ops_per_s = commands as f64 / begun.elapsed().as_secs_f64();
    Round { ops_per_s: Some(ops_per_s), latencies, ..Round::default() }
}
