//! Bailiwick and its rivals, in the same run.

use std::path::PathBuf;

use benches::report;
use benches::workloads::{hot_aggregate, many_aggregates};
use clap::{Parser, ValueEnum};

/// Compares Bailiwick with its rivals: the same work, in the same run, rounds interleaved, medians.
#[derive(Parser)]
struct Arguments {
    /// What to do.
    workload: Workload,
    /// Fewer commands and rounds: to see that it works, not how fast.
    #[arg(long)]
    quick: bool,
    /// Runs this system only: to profile it.
    #[arg(long, value_name = "SYSTEM")]
    only: Option<String>,
    /// Also writes the figures to this file, as a JSON array.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Workload {
    HotAggregate,
    ManyAggregates,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    if let Some(only) = arguments.only {
        benches::rounds::ONLY.get_or_init(|| only);
    }
    let executor =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let rows = executor.block_on(async {
        match arguments.workload {
            Workload::HotAggregate => hot_aggregate::run(arguments.quick).await,
            Workload::ManyAggregates => many_aggregates::run(arguments.quick).await,
        }
    });
    report::print(&rows);
    if let Some(file) = arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}
