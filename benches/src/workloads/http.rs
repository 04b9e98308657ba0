//! The routes of accounts over HTTP: Bailiwick's example server beside rivals behind the same routes, each in a
//! process of its own, and the requests from this one. So many callers ask again as soon as they were
//! answered; then as many requests as half of that are due per second, whoever was answered, for the latency
//! where nothing is saturated.
//!
//! The processor time of the server, with its database, and of the generator stands beside the figures: on a
//! machine that both share, neither has all of it.

use std::path::Path;
use std::time::Duration;

use clap::ValueEnum;
use tokio::task::LocalSet;

use crate::load::print::millis;
use crate::load::{Drive, Load, Measured, Plan, Target};
use crate::report::{Row, micros};
use crate::rounds::{ONLY, Round, System, interleaved_long};
use crate::servers;
use crate::workloads::durable::file_system;

/// A day: no lease runs out.
const LEASE_MS: u64 = 24 * 60 * 60 * 1_000;
/// Both ceilings that ratios are to.
const CEILINGS: [servers::System; 2] = [servers::System::AxumAlone, servers::System::RedisLua];
/// How many sessions one account has, beyond twice the callers.
const SEATS: usize = 256;
/// How long a server runs before it counts.
const WARM_UP: Duration = Duration::from_secs(1);
/// How long a round is, and how many there are.
const ROUND: Duration = Duration::from_secs(6);
const ROUNDS: usize = 5;
const QUICK_ROUND: Duration = Duration::from_millis(1_500);
/// A server that does not answer for so long fails the round.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What is asked for, of how many.
#[derive(Clone, Copy)]
struct Shape {
    workload: &'static str,
    accounts: usize,
    callers: usize,
    /// How often a session is kept alive: mostly that changes nothing.
    beats: u32,
}

/// One account: every request changes it.
pub async fn hot(folder: &Path, quick: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for callers in [64, 256] {
        let shape = Shape { workload: "http-hot", accounts: 1, callers, beats: 0 };
        rows.extend(run(shape, folder, quick).await);
    }
    rows
}

/// 10 000 accounts: every request changes one.
pub async fn many(folder: &Path, quick: bool) -> Vec<Row> {
    let shape = Shape { workload: "http-many", accounts: 10_000, callers: 256, beats: 0 };
    run(shape, folder, quick).await
}

/// 10 000 accounts, whose sessions are kept alive three times on average.
pub async fn beats(folder: &Path, quick: bool) -> Vec<Row> {
    let shape = Shape { workload: "http-beats", accounts: 10_000, callers: 256, beats: 3 };
    run(shape, folder, quick).await
}

async fn run(shape: Shape, folder: &Path, quick: bool) -> Vec<Row> {
    let (round, rounds) = if quick { (QUICK_ROUND, 1) } else { (ROUND, ROUNDS) };
    let all = servers::System::value_variants().iter().copied();
    let (here, absent): (Vec<_>, Vec<_>) = all.partition(|one| one.absent().is_none());
    let systems = here.into_iter().map(|one| system(one, shape, folder, round)).collect();
    let Shape { workload, callers, .. } = shape;
    let mut rows = interleaved_long(workload, callers, rounds, systems).await;
    compare(&mut rows);
    if ONLY.get().is_none() {
        rows.extend(absent.into_iter().map(|one| {
            Row::absent(workload, &one.name(), callers, one.absent().unwrap_or_default())
        }));
    }
    if let Some(first) = rows.first_mut() {
        first.note = format!("{}, on {}", first.note, file_system::of(folder));
    }
    rows
}

fn system(one: servers::System, shape: Shape, folder: &Path, round: Duration) -> System {
    let folder = folder.to_owned();
    System::new(one.name(), move || {
        let folder = folder.clone();
        // A thread of its own, with an executor of one thread: what it uses is the generator's.
        let measured = tokio::task::spawn_blocking(move || {
            let server =
                one.start(&folder).unwrap_or_else(|error| panic!("{}: {error}", one.name()));
            let executor = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let executor = executor.expect("an executor");
            LocalSet::new().block_on(&executor, measure(&server, shape, round))
        });
        async move { measured.await.expect("a round ended well") }
    })
}

async fn measure(server: &servers::Running, shape: Shape, round: Duration) -> Round {
    let target = Target::parse(&format!("http://{}", server.address), None).expect("a URL");
    let Shape { accounts, callers, beats, .. } = shape;
    let sessions = if accounts == 1 { SEATS + 2 * callers } else { 2 };
    let plan = Plan { accounts, sessions, beats, lease_ms: LEASE_MS, seed: 1 };
    let load = Load::new(target, &server.pids(), plan);
    load.prepare().await.expect("the limits are set");
    let drive = Drive {
        rate: None,
        duration: WARM_UP,
        connections: callers,
        timeout: TIMEOUT,
        patience: TIMEOUT,
        honours_retry_after: false,
    };
    load.drive(&drive, &mut |_| {}).await;
    let drive = Drive { duration: round, ..drive };
    let full = load.drive(&drive, &mut |_| {}).await;
    let rate = Some((full.goodput() / 2.0).max(1.0));
    let half = load.drive(&Drive { rate, ..drive }, &mut |_| {}).await;
    let checked = load.check().await;
    assert!(checked.is_well() && load.broken() == 0, "{checked:?}");
    let all = as_expected(&full);
    let half = as_expected(&half);
    let micros = |share: f64| {
        half.latencies.percentile(share).map_or(0.0, |latency| latency.as_secs_f64() * 1e6)
    };
    Round {
        ops_per_s: Some(full.goodput()),
        latencies: all.latencies.each(),
        cpu_share: None,
        asides: vec![
            (full.server_cores.unwrap_or_default(), "cores server"),
            (full.own_cores.unwrap_or_default(), "cores generator"),
            (micros(0.5), "µs p50 at half the rate"),
            (micros(0.99), "µs p99"),
        ],
    }
}

/// All requests together: none was wrong, no rule said no, and none was left without an answer.
fn as_expected(measured: &Measured) -> crate::load::Counts {
    let all = measured.tally.all();
    let wrong = all.rejected + all.failed + all.unknown + measured.tally.not_connected;
    let longest = millis(all.latencies.longest());
    assert_eq!(wrong, 0, "{:?}, longest {longest}", measured.tally.failure);
    all
}

/// Says how each compares with the ceilings, and Bailiwick with all.
fn compare(rows: &mut [Row]) {
    let rates: Vec<(String, f64)> =
        rows.iter().filter_map(|row| Some((row.system.clone(), row.ops_per_s?))).collect();
    let own = servers::System::Bailiwick.name();
    for row in rows {
        let Some(rate) = row.ops_per_s else { continue };
        for (other, of_other) in rates.iter().filter(|(other, _)| *other != row.system) {
            let shown = row.system == own || CEILINGS.iter().any(|one| one.name() == *other);
            if shown {
                row.note.push_str(&format!(", {} × {other}", micros(rate / of_other)));
            }
        }
    }
}

#[test]
fn each_is_compared_with_the_ceilings_and_bailiwick_with_all() {
    let row = |system: &str, rate: f64| Row {
        system: system.to_owned(),
        ops_per_s: Some(rate),
        ..Row::default()
    };
    let mut rows = [
        row("bailiwick", 600.0),
        row("postgres-row-lock", 20.0),
        row("redis-lua", 400.0),
        row("axum-alone", 1_000.0),
    ];
    compare(&mut rows);
    let notes = rows.map(|row| row.note);
    assert_eq!(notes[0], ", 30 × postgres-row-lock, 1.50 × redis-lua, 0.60 × axum-alone");
    assert_eq!(notes[1], ", 0.05 × redis-lua, 0.02 × axum-alone");
    assert_eq!(notes[3], ", 2.50 × redis-lua");
}
