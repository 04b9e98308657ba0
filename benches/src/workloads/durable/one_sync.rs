//! What one sync of the same bytes costs: what no durable answer can be faster than; and what it costs
//! if a caller on an executor hands them to a thread, and waits for its answer.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::oneshot;

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

/// As many writes, each handed to a thread by a task that waits for it to be synced.
pub(super) fn handed_over(folder: &Path, plan: Plan, written: &Written) -> System {
    let (folder, written) = (folder.to_owned(), written.clone());
    System::new("one-sync-handed", move || {
        let (folder, written) = (folder.clone(), written.clone());
        async move {
            let caller = tokio::spawn(handed_round(folder, plan, written));
            caller.await.expect("it ended well")
        }
    })
}

async fn handed_round(folder: PathBuf, plan: Plan, written: Written) -> Round {
    let folder = super::a_folder_in(&folder);
    let file = preallocated(folder.path());
    let (hand, handed) = std::sync::mpsc::channel::<(Arc<[u8]>, oneshot::Sender<()>)>();
    let thread = std::thread::spawn(move || {
        let mut at = 0;
        for (bytes, done) in handed {
            file.write_all_at(&bytes, at).expect("it can be written");
            file.sync_data().expect("it can be synced");
            at += bytes.len() as u64;
            done.send(()).expect("it is waited for");
        }
    });
    let commands = plan.callers * plan.each;
    let mut latencies = Latencies::with_capacity(commands);
    let begun = Instant::now();
    for k in 0..commands {
        let turn = Turn { account: 0, session: 0, takes: k.is_multiple_of(2) };
        let asked = Instant::now();
        let (done, is_done) = oneshot::channel();
        hand.send((written.of(turn).bytes.clone(), done)).expect("the thread is there");
        is_done.await.expect("it is synced");
        latencies.push(asked.elapsed());
    }
    let ops_per_s = commands as f64 / begun.elapsed().as_secs_f64();
    drop(hand);
    thread.join().expect("it ended well");
    Round { ops_per_s: Some(ops_per_s), latencies, ..Round::default() }
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
