//! Processes that are killed at random, also while a version is rebuilt and swapped in: what each leaves behind is the
//! fold of the journal up to its mark.

use std::env::{self, current_exe};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use bailiwick::{Aggregates, Config, FileJournal, Runtime, Sabotage};
use bailiwick_examples::sqlite::SqliteStore;
use bailiwick_tests::fixtures::counter::{Count, Counter, CounterId};
use bailiwick_tests::sim::random::Random;
use tempfile::TempDir;

use super::fixture::{Sums, events_of};
use super::{TIME_LIMIT, sqlite};

const FOLDER: &str = "BAILIWICK_TESTS_FOLDER";
const VERSION: &str = "BAILIWICK_TESTS_VERSION";
const SABOTAGE: &str = "BAILIWICK_TESTS_SABOTAGE";
const WRITERS: usize = 8;
/// The lives of a chain, and how many of them have the same version.
const LIVES: u32 = 25;
const OF_A_VERSION: u32 = 5;
/// How many lines a process tells at most before it is killed.
const MOST_LINES: usize = 60;

fn sabotage(name: &str) -> Option<Sabotage> {
    [Sabotage::MarkBeforeRows, Sabotage::MarkAfterRows]
        .into_iter()
        .find(|sabotage| format!("{sabotage:?}") == name)
}

/// In small files: a process that begins reads the last one.
fn open(folder: &Path) -> FileJournal {
    let small = FileJournal::options().segment_bytes(256 << 10);
    small.open(folder.join("journal")).expect("nobody else has it")
}

async fn start<const V: u32>(folder: &Path) -> Runtime {
    let journal = open(folder);
    let store = SqliteStore::at(folder.join("rows.db"));
    let builder = Runtime::builder(journal).aggregate::<Counter>();
    let small = |config: Config| config.page_events(8).projection_batch_events(16);
    let builder = builder.config(small).projection(Sums::<V>::new(), store);
    let bug = env::var(SABOTAGE).ok().and_then(|name| sabotage(&name));
    builder.sabotage(bug).start().await.expect("it starts")
}

/// A life of the process. It is killed. It tells a line for each command, and each time that the rows have come
/// further.
#[tokio::test]
#[ignore = "it is begun by the test of killed processes"]
async fn life() {
    let Ok(folder) = env::var(FOLDER) else { return };
    let folder = Path::new(&folder);
    let runtime = match env::var(VERSION).expect("a version").as_str() {
        "1" => start::<1>(folder).await,
        "2" => start::<2>(folder).await,
        "3" => start::<3>(folder).await,
        "4" => start::<4>(folder).await,
        _ => start::<5>(folder).await,
    };
    for writer in 0..WRITERS {
        tokio::spawn(count(runtime.aggregates(), format!("c{writer}").parse().expect("an ID")));
    }
    let (projection, mut position) = (runtime.projection("sums"), None);
    loop {
        let status = projection.status();
        if position.replace(status.position) != Some(status.position) {
            tell();
        }
        tokio::time::sleep(std::time::Duration::from_micros(200)).await;
    }
}

async fn count(counters: Aggregates<Counter>, id: CounterId) {
    let counter = counters.get(id).timeout(TIME_LIMIT);
    while counter.ask(Count::FREELY).await.is_ok() {
        tell();
    }
}

/// That something has happened.
fn tell() {
    writeln!(std::io::stdout().lock(), "{TOLD}").expect("somebody listens");
}

const TOLD: &str = "something has happened";

/// Runs a process until it has told so many lines, and kills it.
fn live_and_die(folder: &Path, version: u32, sabotage: Option<Sabotage>, lines: usize) {
    let mut command = Command::new(current_exe().expect("this program"));
    command.args(["killing::life", "--exact", "--ignored", "--nocapture"]);
    command.env(FOLDER, folder).env(VERSION, version.to_string());
    sabotage.map(|sabotage| command.env(SABOTAGE, format!("{sabotage:?}")));
    let mut child = command.stdout(Stdio::piped()).spawn().expect("a process");
    let out = BufReader::new(child.stdout.take().expect("it was asked for"));
    let told = out.lines().map(|line| line.expect("text")).filter(|line| line.contains(TOLD));
    assert_eq!(told.take(lines).count(), lines, "it has ended by itself");
    child.kill().expect("it lives");
    child.wait().expect("it has ended");
}

/// What was met: without it, little would be proved.
#[derive(Debug, Default)]
struct Sights {
    /// A version was there that was not in use yet.
    rebuilding: u32,
    /// Two versions were there, and the later one was in use: what is older was not dropped yet, or the other was
    /// never complete.
    swapped: u32,
    /// The journal had events beyond the mark.
    behind: u32,
}

/// A chain of lives on one journal and database, each looked at.
async fn chain(seed: u64, sabotage: Option<Sabotage>, sights: &mut Sights) -> Result<(), String> {
    let folder: TempDir = tempfile::tempdir().expect("a folder");
    let mut random = Random::of(seed);
    let mut in_use = None;
    for life in 0..LIVES {
        let version = 1 + life / OF_A_VERSION;
        let lines = if random.one_in(4) { random.count(1, 4) } else { random.count(1, MOST_LINES) };
        live_and_die(folder.path(), version, sabotage, lines);
        let events = events_of(&open(folder.path())).await;
        let found = sqlite::look(&copied(folder.path()).path().join("rows.db"));
        found.check(&events).map_err(|what| format!("seed {seed}, life {life}: {what}"))?;
        let last = found.versions.last_key_value();
        sights.rebuilding += u32::from(last.is_some_and(|(last, _)| Some(*last) != found.in_use));
        sights.swapped += u32::from(in_use.is_some() && found.in_use > in_use);
        let head = events.last().map(|last| last.position);
        sights.behind += u32::from(last.is_some_and(|(_, (mark, _))| Some(mark.position) < head));
        in_use = found.in_use;
    }
    Ok(())
}

/// The database as it was left: looking at it would recover it.
fn copied(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
        if entry.path().is_file() {
            fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("a copy");
        }
    }
    copy
}

async fn lives(chains: u64) {
    let mut sights = Sights::default();
    for seed in 0..chains {
        chain(seed, None, &mut sights).await.unwrap();
    }
    println!("{} lives: {sights:?}", chains * u64::from(LIVES));
    let Sights { rebuilding, swapped, behind } = sights;
    assert!(rebuilding > 0 && swapped > 0 && behind > 0, "{sights:?}");
}

#[tokio::test]
async fn whoever_is_killed_rows_are_the_fold_of_the_journal() {
    lives(4).await;
}

#[tokio::test]
#[ignore = "minutes: 2 000 processes"]
async fn two_thousand_are_killed() {
    lives(80).await;
}

async fn is_found(sabotage: Sabotage, what: &str) {
    for seed in 0..20 {
        if let Err(found) = chain(seed, Some(sabotage), &mut Sights::default()).await {
            println!("{sabotage:?}: {found}");
            return assert!(found.contains(what), "{found}");
        }
    }
    panic!("{sabotage:?} was not found");
}

#[tokio::test]
async fn a_mark_that_is_committed_before_its_rows_is_found() {
    is_found(Sabotage::MarkBeforeRows, "are left out").await;
}

#[tokio::test]
async fn a_mark_that_is_committed_after_its_rows_is_found() {
    is_found(Sabotage::MarkAfterRows, "beyond the mark, or twice").await;
}
