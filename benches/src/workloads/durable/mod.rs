//! Account sessions that survive a crash: on Bailiwick, on tephra (a log with conditions), on a bare log,
//! in Redis, by one script over three keys, and in PostgreSQL, by a lock on a row and by a check of a
//! version.
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
mod stored;
mod written;

use std::path::Path;

use accounts::{Opens, Plan, storm};

use crate::leases::LeaseStore;
use crate::leases::postgres::{Optimistic, RowLock};
use crate::report::Row;
use crate::rounds::{ONLY, System, interleaved};
use crate::servers::{postgres, redis};
use alone::Alone;
use on_bailiwick::OnBailiwick;
use raw_log::RawLog;
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
        systems.push(one_sync::handed_over(&folder, plan, written));
    }
    let mut missing = Vec::new();
    if redis::installed() {
        systems.push(in_redis("redis-aof", true, &folder, plan));
        systems.push(in_redis("redis-memory", false, &folder, plan));
    } else {
        missing.extend(["redis-aof", "redis-memory"].map(|name| (name, redis::ABSENT)));
    }
    let ways = ["postgres-row-lock", "postgres-optimistic"];
    if let Some(why) = postgres::absent() {
        missing.extend(ways.map(|name| (name, why)));
    } else {
        systems.push(in_postgres(ways[0], RowLock, &folder, plan));
        systems.push(in_postgres(ways[1], Optimistic::new, &folder, plan));
    }
    let mut rows = interleaved(workload, plan.callers, rounds, systems).await;
    if ONLY.get().is_none() {
        rows.extend(
            missing.into_iter().map(|(name, why)| Row::absent(workload, name, plan.callers, why)),
        );
    }
    if let Some(first) = rows.first_mut() {
        first.note = format!("on {}", file_system::of(&folder));
    }
    rows
}

fn system<K: Opens>(name: &str, folder: &Path, plan: Plan, written: &Written) -> System {
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

fn in_redis(name: &str, synced: bool, folder: &Path, plan: Plan) -> System {
    let folder = folder.to_owned();
    System::new(name, move || {
        let folder = a_folder_in(&folder);
        async move { storm(stored::redis(folder.path(), synced, plan).await, plan).await }
    })
}

fn in_postgres<S: LeaseStore>(
    name: &str,
    way: fn(deadpool_postgres::Pool) -> S,
    folder: &Path,
    plan: Plan,
) -> System {
    let (folder, plan) = (folder.to_owned(), stored::fewer(plan));
    System::new(name, move || {
        let folder = a_folder_in(&folder);
        async move { storm(stored::on_postgres(folder.path(), way, plan).await, plan).await }
    })
}

pub(super) fn a_folder_in(folder: &Path) -> tempfile::TempDir {
    tempfile::tempdir_in(folder).expect("a folder for the data: see --dir")
}
