//! Rounds: systems take turns (A B C A B C ...), and the median of a system's rounds counts, so
//! that a noisy minute of the machine disturbs all of them alike.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::cpu;
use crate::latency::Latencies;
use crate::report::{Row, micros};

/// The one system to run, if not all: to profile it.
pub static ONLY: OnceLock<String> = OnceLock::new();

/// The one number of callers to run with, if not all.
pub static CLIENTS: OnceLock<usize> = OnceLock::new();

/// How long the tasks of a round may take to end after it.
const TIME_LIMIT: Duration = Duration::from_secs(60);

/// What one round measured.
#[derive(Debug, Default)]
pub struct Round {
    /// Operations per second.
    pub ops_per_s: Option<f64>,
    /// The latency of each operation.
    pub latencies: Latencies,
    /// The share of the machine that the process used, where that matters.
    pub cpu_share: Option<f64>,
    /// What has no column: a figure, and what it is of. For people only.
    pub asides: Vec<(f64, &'static str)>,
}

/// A system under measurement: makes everything it needs anew for every round.
pub struct System {
    /// Its name in the table.
    pub name: String,
    /// Runs one round.
    pub round: Box<dyn Fn() -> Pin<Box<dyn Future<Output = Round>>>>,
}

impl System {
    /// A system whose rounds are `round`.
    pub fn new<F>(name: impl Into<String>, round: impl Fn() -> F + 'static) -> System
    where
        F: Future<Output = Round> + 'static,
    {
        System { name: name.into(), round: Box::new(move || Box::pin(round())) }
    }
}

/// Runs `rounds` rounds of each system in turn, after one that does not count, and takes medians.
pub async fn interleaved(
    workload: &str,
    clients: usize,
    rounds: usize,
    systems: Vec<System>,
) -> Vec<Row> {
    run(workload, clients, 1, rounds, systems).await
}

/// As [`interleaved`], but every round counts: for those so long that they warm themselves.
pub async fn interleaved_long(
    workload: &str,
    clients: usize,
    rounds: usize,
    systems: Vec<System>,
) -> Vec<Row> {
    run(workload, clients, 0, rounds, systems).await
}

async fn run(
    workload: &str,
    clients: usize,
    uncounted: usize,
    rounds: usize,
    mut systems: Vec<System>,
) -> Vec<Row> {
    if let Some(only) = ONLY.get() {
        systems.retain(|system| system.name == *only);
    }
    if CLIENTS.get().is_some_and(|only| *only != clients) {
        return Vec::new();
    }
    let mut measured: Vec<Vec<Round>> = systems.iter().map(|_| Vec::new()).collect();
    for n in 0..uncounted + rounds {
        for (system, measured) in systems.iter().zip(&mut measured) {
            let round = (system.round)().await;
            settle().await;
            if n >= uncounted {
                measured.push(round);
            }
        }
    }
    systems
        .iter()
        .zip(measured)
        .map(|(system, rounds)| summary(workload, clients, system, rounds))
        .collect()
}

/// Waits until the tasks of a round are gone: their teardown is not to disturb the next system.
async fn settle() {
    let tasks = tokio::runtime::Handle::current().metrics();
    let begun = Instant::now();
    while tasks.num_alive_tasks() > 0 {
        assert!(begun.elapsed() < TIME_LIMIT, "a round left tasks behind");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn summary(workload: &str, clients: usize, system: &System, mut rounds: Vec<Round>) -> Row {
    let mut percentile = |share| {
        median(rounds.iter_mut().filter_map(|round| round.latencies.percentile(share)).collect())
    };
    let (p50_us, p99_us) = (percentile(0.5), percentile(0.99));
    let cpu_share = median(rounds.iter().filter_map(|round| round.cpu_share).collect());
    let mut note: Vec<_> = cpu_share.map(in_words).into_iter().collect();
    let names = rounds.first().map_or(&[][..], |round| &round.asides);
    for (n, (_, name)) in names.iter().enumerate() {
        let value = median(rounds.iter().map(|round| round.asides[n].0).collect());
        note.push(format!("{} {name}", micros(value.unwrap_or_default())));
    }
    Row {
        workload: workload.to_owned(),
        system: system.name.clone(),
        clients,
        ops_per_s: median(rounds.iter().filter_map(|round| round.ops_per_s).collect()),
        p50_us,
        p99_us,
        bytes_each: None,
        note: note.join(", "),
    }
}

fn in_words(cpu_share: f64) -> String {
    let too_much = if cpu_share > cpu::BOUND { ", TOO MUCH" } else { "" };
    format!("CPU: {:.0} % of {} cores{too_much}", cpu_share * 100.0, cpu::cores())
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// `clients` tasks, each asking `each` times, one after the other.
pub async fn storm<C, F>(clients: usize, each: usize, client: impl Fn(usize) -> C) -> Round
where
    C: FnMut(usize) -> F + Send + 'static,
    F: Future<Output = u64> + Send,
{
    let begun = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .map(|n| {
            let mut ask = client(n);
            tokio::spawn(async move {
                let mut latencies = Latencies::with_capacity(each);
                for k in 0..each {
                    let asked = Instant::now();
                    ask(k).await;
                    latencies.push(asked.elapsed());
                }
                latencies
            })
        })
        .collect();
    let mut latencies = Latencies::with_capacity(clients * each);
    for task in tasks {
        latencies.extend(task.await.expect("a client ended well"));
    }
    let ops_per_s = (clients * each) as f64 / begun.elapsed().as_secs_f64();
    Round { ops_per_s: Some(ops_per_s), latencies, ..Round::default() }
}
