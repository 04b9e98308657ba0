//! Account sessions that survive a crash: on Bailiwick, on the store beneath it alone, on a bare log,
//! and in Redis, by one script over three keys.
//!
//! Every command is accepted and changes something: a caller takes a slot of an account and gives it
//! back, in turn. No lease runs out meanwhile. Everything is written to a folder on a disk, which is
//! not one in memory unless somebody says so; its file system is in the table.

mod accounts;
mod alone;
pub(super) mod file_system;
mod on_bailiwick;
pub(super) mod one_sync;
mod raw_log;
pub(super) mod redis_script;
pub(super) mod redis_server;
mod written;

use std::path::{Path, PathBuf};

use accounts::{Keeper, Plan, storm};

use crate::report::Row;
use crate::rounds::{ONLY, System, interleaved};
use alone::Alone;
use on_bailiwick::OnBailiwick;
use raw_log::RawLog;
use redis_script::{Durability, Redis};
use written::Written;

/// One account: 1, 64 and 256 callers.
pub async fn hot(folder: &Path, quick: bool) -> Vec<Row> {
    let written = Written::by_bailiwick(folder).await;
    let mut rows = Vec::new();
    for (callers, commands) in [(1, 2_000), (64, 12_800), (256, 25_600)] {
        let plan = Plan::new(1, callers, commands, quick);
        rows.extend(run("durable-hot", folder, quick, plan, &written).await);
    }
    rows
}

/// 10 000 accounts, 256 callers.
pub async fn many(folder: &Path, quick: bool) -> Vec<Row> {
    let written = Written::by_bailiwick(folder).await;
    let plan = Plan::new(10_000, 256, 51_200, quick);
    run("durable-many", folder, quick, plan, &written).await
}

async fn run(
    workload: &str,
    folder: &Path,
    quick: bool,
    plan: Plan,
    written: &Written,
) -> Vec<Row> {
    let rounds = if quick { 3 } else { 5 };
    let folder = folder.to_owned();
    let mut systems = vec![
        system::<OnBailiwick>("bailiwick", &folder, plan, written),
        system::<Alone>("tephra", &folder, plan, written),
        system::<RawLog>("raw-log", &folder, plan, written),
    ];
    if plan.callers == 1 {
        systems.push(one_sync::system(&folder, plan, written));
    }
    let server = redis_server::installed();
    if server {
        systems.push(redis("redis-aof", Durability::Always, &folder, plan));
        systems.push(redis("redis-memory", Durability::None, &folder, plan));
    }
    let mut rows = interleaved(workload, plan.callers, rounds, systems).await;
    if !server && ONLY.get().is_none() {
        rows.extend(["redis-aof", "redis-memory"].map(|name| absent(workload, plan, name)));
    }
    if let Some(first) = rows.first_mut() {
        first.note = format!("on {}", file_system::of(&folder));
    }
    rows
}

fn absent(workload: &str, plan: Plan, system: &str) -> Row {
    Row {
        workload: workload.to_owned(),
        system: system.to_owned(),
        clients: plan.callers,
        note: "absent: no redis-server is installed".to_owned(),
        ..Row::default()
    }
}

fn system<K: Keeper>(name: &str, folder: &Path, plan: Plan, written: &Written) -> System {
    let (folder, written) = (folder.to_owned(), written.clone());
    System::new(name, move || {
        let (folder, written) = (folder.clone(), written.clone());
        async move {
            let folder = a_folder_in(&folder);
            let keeper = K::open(folder.path(), plan, &written).await;
            storm(keeper, plan).await
        }
    })
}

fn redis(name: &str, durability: Durability, folder: &Path, plan: Plan) -> System {
    let folder = folder.to_owned();
    System::new(name, move || {
        let folder: PathBuf = folder.clone();
        async move {
            let folder = a_folder_in(&folder);
            let keeper = Redis::start(folder.path(), durability, plan).await;
            storm(keeper, plan).await
        }
    })
}

pub(super) fn a_folder_in(folder: &Path) -> tempfile::TempDir {
    tempfile::tempdir_in(folder).expect("a folder for the data: see --dir")
}
