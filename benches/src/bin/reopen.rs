//! Measures what a start costs, by how long the history is.

use std::path::PathBuf;
use std::time::Instant;

use bailiwick_journal::files::Disk;
use bailiwick_journal::store::{Bounds, Store};
use benches::reopen::{self, Plan, Start};
use clap::Parser;

/// What a start costs, by how long the history is.
#[derive(Parser)]
struct Arguments {
    /// How many events the history has, one row each.
    #[arg(long, value_delimiter = ',', default_values_t = [1_000_000])]
    events: Vec<u64>,
    /// Of how many aggregates.
    #[arg(long, default_value_t = 1_000_000)]
    aggregates: u64,
    /// How many of these have a deadline.
    #[arg(long, default_value_t = 100_000)]
    deadlines: u64,
    /// How often each is measured.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// In which folder, on a disk, the histories are made; they are removed afterwards.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Not for you: opens the folder, and says what it cost.
    #[arg(long, hide = true)]
    child: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let began = Instant::now();
    let arguments = Arguments::parse();
    let executor =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = arguments.folder.unwrap_or_else(std::env::temp_dir);
    if arguments.child {
        let start = executor.block_on(reopen::child::run(&folder, began))?;
        println!("{}", serde_json::to_string(&start)?);
        return Ok(());
    }
    println!(
        "{:>11} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>11}",
        "events", "cache", "open", "start", "command", "memory", "memory", "activation", "worst"
    );
    println!(
        "{:>11} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9} {:>11} {:>11}",
        "", "", "ms", "ms", "ms", "open MiB", "then MiB", "us", "us"
    );
    for events in arguments.events {
        let plan =
            Plan { events, aggregates: arguments.aggregates, deadlines: arguments.deadlines };
        let made = tempfile::tempdir_in(&folder)?;
        let path = made.path();
        std::fs::write(path.join(".aggregates"), plan.aggregates.to_string())?;
        let generated = Instant::now();
        executor.block_on(reopen::generate::generate(path, plan))?;
        let generated = generated.elapsed().as_secs_f64();
        // Whatever was left to be done in the background is done by the first.
        reopen::start(path)?;
        for cache in ["warm", "cold"] {
            let mut starts = Vec::new();
            for _ in 0..arguments.rounds {
                if cache == "cold" {
                    reopen::drop_page_cache(path)?;
                }
                starts.push(reopen::start(path)?);
            }
            print(events, cache, &starts);
        }
        let (segments, derived) = reopen::sizes(path)?;
        reopen::forget_derived(path)?;
        let rebuilding = Instant::now();
        let store = Store::open(std::sync::Arc::new(Disk::at(path)), Bounds::default(), {
            let mut number = 0;
            Box::new(move || {
                number += 1;
                number
            })
        })?;
        let rebuilt = rebuilding.elapsed().as_secs_f64();
        drop(store);
        println!(
            "            made at {:.2} M events/s; {} MiB of segments, {:.1} % of that in indexes; rebuilt at {:.2} M events/s",
            events as f64 / generated / 1e6,
            segments >> 20,
            derived as f64 * 100.0 / segments as f64,
            events as f64 / rebuilt / 1e6,
        );
    }
    Ok(())
}

fn print(events: u64, cache: &str, starts: &[Start]) {
    let median = |of: fn(&Start) -> f64| {
        let mut all: Vec<f64> = starts.iter().map(of).collect();
        all.sort_unstable_by(f64::total_cmp);
        all[all.len() / 2]
    };
    println!(
        "{events:>11} {cache:>6} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>11.0} {:>11.0}",
        median(|start| start.open_ms),
        median(|start| start.start_ms),
        median(|start| start.command_ms),
        median(|start| start.open_mib - start.before_mib),
        median(|start| start.command_mib - start.before_mib),
        median(|start| start.activation_us.0),
        median(|start| start.activation_us.1),
    );
}
