//! Commands that come whether or not the last ones are answered, timed from when they were to begin, and
//! how long a neighbour on the same workers has to wait for its turn.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bailiwick::MemoryJournal;
use tokio::sync::{Notify, watch};

use crate::domain::{CreditId, Draw, credit_id};
use crate::latency::Latencies;
use crate::ledger::Ledger;
use crate::report::Row;
use crate::rivals::{Many, TokioTask};
use crate::rounds::{Round, System, interleaved};
use crate::workloads::many_aggregates::{drawn_once, pick};

const CALLERS: usize = 64;
/// Every caller begins so many commands at each tick, one after the other.
const COMMANDS_PER_TICK: usize = 3;
const TICK: Duration = Duration::from_millis(1);
/// How often the neighbour is called, from a thread of its own.
const CALLED_EVERY: Duration = Duration::from_micros(500);

/// 64 callers, 192 000 commands a second, on one aggregate and over 10 000.
pub async fn run(quick: bool) -> Vec<Row> {
    let (ticks, rounds) = if quick { (300, 3) } else { (1_000, 7) };
    let mut rows = Vec::new();
    for (aggregates, workload) in [(1, "open-loop-hot"), (10_000, "open-loop-many")] {
        let ids: Arc<[CreditId]> = (0..aggregates).map(credit_id).collect();
        let systems = vec![bailiwick(ids.clone(), ticks), tokio_task(ids, ticks)];
        rows.extend(interleaved(workload, CALLERS, rounds, systems).await);
    }
    rows
}

fn bailiwick(ids: Arc<[CreditId]>, ticks: usize) -> System {
    System::new("bailiwick", move || {
        let ids = ids.clone();
        async move {
            let (_runtime, credits) = drawn_once(&ids).await;
            beside_a_neighbour(ticks, |n| {
                let (credits, ids) = (credits.clone(), ids.clone());
                move |k| {
                    let asked = credits.get(pick(&ids, n, k));
                    let asked = asked.ask(Draw { amount: 1 });
                    async move { asked.await.expect("there is enough") }
                }
            })
            .await
        }
    })
}

fn tokio_task(ids: Arc<[CreditId]>, ticks: usize) -> System {
    System::new("tokio-task", move || {
        let ids = ids.clone();
        async move {
            let ledger = Ledger { with_events: true, ..Ledger::new(MemoryJournal::new()) };
            let many = Many::<TokioTask>::new(ledger);
            for id in ids.iter() {
                many.draw(id, Draw { amount: 1 }).await;
            }
            beside_a_neighbour(ticks, |n| {
                let (many, ids) = (many.clone(), ids.clone());
                move |k| {
                    let many = many.clone();
                    let id = pick(&ids, n, k).clone();
                    async move { many.draw(&id, Draw { amount: 1 }).await }
                }
            })
            .await
        }
    })
}

async fn beside_a_neighbour<C, F>(ticks: usize, caller: impl Fn(usize) -> C) -> Round
where
    C: FnMut(usize) -> F + Send + 'static,
    F: Future<Output = u64> + Send,
{
    let neighbour = Neighbour::move_in();
    let mut round = ticking(ticks, caller).await;
    let p99 = neighbour.move_out().await.percentile(0.99).unwrap_or_default();
    round.asides.push((p99, "µs p99 of the neighbour"));
    round
}

/// Each caller begins its commands at each tick of a thread, or as soon after it as it is done with those
/// before.
async fn ticking<C, F>(ticks: usize, caller: impl Fn(usize) -> C) -> Round
where
    C: FnMut(usize) -> F + Send + 'static,
    F: Future<Output = u64> + Send,
{
    let (ticker, ticked) = watch::channel(0);
    let at: Arc<[OnceLock<Instant>]> = (0..ticks).map(|_| OnceLock::new()).collect();
    let callers: Vec<_> = (0..CALLERS)
        .map(|n| {
            let (mut ask, at, mut ticked) = (caller(n), at.clone(), ticked.clone());
            tokio::spawn(async move {
                let mut latencies = Latencies::with_capacity(ticks * COMMANDS_PER_TICK);
                for tick in 0..ticks {
                    ticked.wait_for(|so_far| *so_far > tick).await.expect("it ticks to the end");
                    let intended = at[tick].get().expect("it was said before");
                    for k in 0..COMMANDS_PER_TICK {
                        ask(tick * COMMANDS_PER_TICK + k).await;
                        latencies.push(intended.elapsed());
                    }
                }
                latencies
            })
        })
        .collect();
    let begun = Instant::now();
    std::thread::spawn(move || {
        for (tick, at) in at.iter().enumerate() {
            std::thread::sleep(
                (begun + TICK * tick as u32).saturating_duration_since(Instant::now()),
            );
            at.set(Instant::now()).expect("each once");
            ticker.send_replace(tick + 1);
        }
    });
    let mut latencies = Latencies::default();
    for caller in callers {
        latencies.extend(caller.await.expect("a caller ended well"));
    }
    let commands = (CALLERS * COMMANDS_PER_TICK * ticks) as f64;
    let ops_per_s = Some(commands / begun.elapsed().as_secs_f64());
    Round { ops_per_s, latencies, ..Round::default() }
}

/// A task that is called from a thread, and measures how long it takes until it has its turn.
struct Neighbour {
    moves_out: Arc<AtomicBool>,
    task: tokio::task::JoinHandle<Latencies>,
}

impl Neighbour {
    fn move_in() -> Neighbour {
        let (moves_out, bell) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (called, calls) = std::sync::mpsc::channel::<Instant>();
        let (ends, rings) = (moves_out.clone(), bell.clone());
        std::thread::spawn(move || {
            while !ends.load(Relaxed) && called.send(Instant::now()).is_ok() {
                rings.notify_one();
                std::thread::sleep(CALLED_EVERY);
            }
            drop(called);
            rings.notify_one();
        });
        let task = tokio::spawn(async move {
            let mut latencies = Latencies::default();
            loop {
                bell.notified().await;
                loop {
                    match calls.try_recv() {
                        Ok(called) => latencies.push(called.elapsed()),
                        Err(std::sync::mpsc::TryRecvError::Empty) => break,
                        Err(std::sync::mpsc::TryRecvError::Disconnected) => return latencies,
                    }
                }
            }
        });
        Neighbour { moves_out, task }
    }

    async fn move_out(self) -> Latencies {
        self.moves_out.store(true, Relaxed);
        self.task.await.expect("it ended well")
    }
}
