//! A store in a file that is deleted, cut or overwritten at any moment, also of processes that are killed: no
//! answer is another one for that.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bailiwick::journal::Journal;
use bailiwick::{Builder, FileJournal, RedbSnapshots, Runtime};
use bailiwick_tests::faults::killing::in_one_thread;
use bailiwick_tests::sim::random::Random;

use crate::fixture::{Fill, Tank, TankId};

/// Where a process that is killed is told its folder, and its number.
const FOLDER: &str = "BAILIWICK_TANKS";
const TANKS: u64 = 3;
const CYCLES: u64 = 20;
/// How many lines a process tells at most before it is killed.
const MOST_LINES: usize = 80;

fn file(folder: &Path) -> PathBuf {
    folder.join("snapshots.redb")
}

fn journal(folder: &Path) -> Arc<dyn Journal> {
    let options = FileJournal::options().segment_bytes(64 << 10);
    Arc::new(options.open(folder.join("journal")).expect("it can be opened"))
}

fn tank(nth: u64) -> TankId {
    format!("t{nth}").parse().expect("an ID")
}

fn builder(journal: Arc<dyn Journal>) -> Builder {
    let short = Duration::from_millis(5);
    Runtime::builder_shared(journal)
        .aggregate::<Tank>()
        .config(|config| config.warm(Duration::ZERO).idle(short).compared_snapshots(2))
}

/// What somebody does to the file.
fn tamper(folder: &Path, random: &mut Random) {
    let path = file(folder);
    match random.count(0, 5) {
        0 => drop(fs::remove_file(path)),
        1 => fs::write(path, b"no database").expect("it can be written"),
        2 => {
            if let Ok(file) = fs::OpenOptions::new().write(true).open(path) {
                let bytes = file.metadata().expect("it has some").len();
                file.set_len(bytes / 2).expect("it can be cut");
            }
        }
        3 => {
            if let Ok(mut bytes) = fs::read(&path) {
                let from = bytes.len() / 2;
                bytes[from..].iter_mut().step_by(97).for_each(|byte| *byte ^= 0xff);
                fs::write(path, bytes).expect("it can be written");
            }
        }
        _ => {}
    }
}

/// A process of [`kill`], which is killed: it fills tanks, each by a litre, and tells what they hold.
#[test]
#[ignore = "started by the others"]
fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let folder = PathBuf::from(folder);
    in_one_thread(async {
        let store = RedbSnapshots::open(file(&folder)).expect("it can be opened, or made anew");
        let runtime = builder(journal(&folder)).snapshots(store).start().await.unwrap();
        let tanks = runtime.aggregates::<Tank>();
        for nth in 0.. {
            let litres = tanks.get(tank(nth % TANKS)).ask(Fill(1)).await.unwrap();
            println!("told {} {litres}", nth % TANKS);
            if nth % 40 == 39 {
                // Long enough to leave memory.
                tokio::time::sleep(Duration::from_millis(12)).await;
            }
        }
    });
}

struct Seen {
    told: BTreeMap<u64, u64>,
    used: u64,
}

/// One process that is killed at random, while somebody sees to its file, and the audit of what it left.
fn kill(folder: &Path, random: &mut Random, seen: &mut Seen) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "deleted::child", "--ignored", "--nocapture"]);
    command.env(FOLDER, folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let (before, most) = (random.count(0, MOST_LINES), random.count(0, MOST_LINES));
    let mut hear = |seen: &mut Seen, most: usize| {
        for line in lines.by_ref().map_while(Result::ok).take(most) {
            let Some((_, told)) = line.split_once("told ") else { continue };
            let (tank, litres) = told.split_once(' ').unwrap();
            seen.told.insert(tank.parse().unwrap(), litres.parse().unwrap());
        }
    };
    hear(seen, before);
    if random.one_in(2) {
        tamper(folder, random);
    }
    hear(seen, most);
    child.kill().unwrap();
    hear(seen, usize::MAX);
    child.wait().unwrap();
    if random.one_in(2) {
        tamper(folder, random);
    }
    in_one_thread(audit(folder, seen));
}

async fn audit(folder: &Path, seen: &mut Seen) {
    let journal = journal(folder);
    let store = RedbSnapshots::open(file(folder)).expect("it can be opened, or made anew");
    let with = builder(journal.clone()).snapshots(store).snapshots_must_agree();
    let (with, without) = (with.start().await.unwrap(), builder(journal).start().await.unwrap());
    for nth in 0..TANKS {
        let look = |runtime: &Runtime| {
            runtime.aggregates::<Tank>().get(tank(nth)).read(|tank, _| tank.clone())
        };
        let [of, truth] = [look(&with).await.unwrap(), look(&without).await.unwrap()];
        assert_eq!((&of.value, of.position), (&truth.value, truth.position), "tank {nth}");
        let told = seen.told.get(&nth).copied().unwrap_or(0);
        assert!(truth.value.litres >= told, "tank {nth} has {truth:?}, and {told} were told");
    }
    let counts = with.snapshots();
    assert_eq!(counts.different, 0, "{counts:?}");
    seen.used += counts.used;
    with.shutdown(Duration::from_secs(10)).await;
    without.shutdown(Duration::from_secs(10)).await;
}

fn kill_all(cycles: u64) {
    let mut random = Random::of(15);
    let mut seen = Seen { told: BTreeMap::new(), used: 0 };
    let mut folder = tempfile::tempdir().unwrap();
    for cycle in 0..cycles {
        if cycle % 50 == 49 {
            // A journal that is not too long to be looked through each time.
            folder = tempfile::tempdir().unwrap();
            seen.told.clear();
        }
        kill(folder.path(), &mut random, &mut seen);
        if cycle % 100 == 99 {
            println!("{} processes were killed", cycle + 1);
        }
    }
    println!("{cycles} processes were killed; {} snapshots were gone on from", seen.used);
    assert!(seen.used > 0, "little is proved");
}

#[test]
fn killed_processes_and_damaged_files_change_no_answer() {
    kill_all(CYCLES);
}

#[test]
#[ignore = "minutes"]
fn two_thousand_killed_processes_and_damaged_files_change_no_answer() {
    kill_all(2_000);
}

/// In one process, while it works.
#[tokio::test]
async fn a_file_that_is_damaged_under_a_running_process_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let journal = journal(folder.path());
    let mut random = Random::of(3);
    let store = RedbSnapshots::open(file(folder.path())).unwrap();
    let runtime = builder(journal).snapshots(store).start().await.unwrap();
    let tanks = runtime.aggregates::<Tank>();
    for nth in 0..150_u64 {
        let litres = tanks.get(tank(nth % TANKS)).ask(Fill(1)).await.unwrap();
        assert_eq!(litres, nth / TANKS + 1);
        if nth % 15 == 14 {
            tamper(folder.path(), &mut random);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let counts = runtime.snapshots();
    assert!(counts.saved > 0, "{counts:?}");
    assert_eq!(counts.different, 0, "{counts:?}");
}
