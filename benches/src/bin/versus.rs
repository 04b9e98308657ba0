//! Bailiwick and its rivals, in the same run.

use std::path::{Path, PathBuf};

use benches::report::{self, Row};
use benches::workloads::{
    deadlines, decide, durable, hot_aggregate, http, many_aggregates, open_loop, policies,
    resident_memory, wake,
};
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
    /// Runs with this many callers only, where a workload has several numbers of them.
    #[arg(long, value_name = "CALLERS")]
    clients: Option<usize>,
    /// Where the durable workloads, and servers, have their data: a folder on a disk.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Also writes the figures to this file, as a JSON array.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Workload {
    HotAggregate,
    ManyAggregates,
    ResidentMemory,
    Wake,
    OpenLoop,
    Deadlines,
    DurableHot,
    DurableMany,
    HttpHot,
    HttpMany,
    HttpBeats,
    DecideDisjoint,
    DecideContended,
    DecideTypeOnly,
    PolicyChain,
    PolicyBacklog,
    PolicyBroken,
    /// Every one of them, in turn.
    All,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    if let Some(only) = arguments.only {
        benches::rounds::ONLY.get_or_init(|| only);
    }
    if let Some(clients) = arguments.clients {
        benches::rounds::CLIENTS.get_or_init(|| clients);
    }
    let executor =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut rows = Vec::new();
    for workload in Workload::value_variants() {
        if [*workload, Workload::All].contains(&arguments.workload) {
            let more = executor.block_on(run(*workload, arguments.quick, &arguments.dir));
            report::print(&more);
            rows.extend(more);
        }
    }
    if let Some(file) = arguments.json {
        std::fs::write(file, serde_json::to_string_pretty(&rows)?)?;
    }
    Ok(())
}

async fn run(workload: Workload, quick: bool, dir: &Path) -> Vec<Row> {
    match workload {
        Workload::HotAggregate => hot_aggregate::run(quick).await,
        Workload::ManyAggregates => many_aggregates::run(quick).await,
        Workload::ResidentMemory => resident_memory::run(quick),
        Workload::Wake => wake::run(quick).await,
        Workload::OpenLoop => open_loop::run(quick).await,
        Workload::Deadlines => deadlines::run(quick).await,
        Workload::DurableHot => durable::hot(dir, quick).await,
        Workload::DurableMany => durable::many(dir, quick).await,
        Workload::HttpHot => http::hot(dir, quick).await,
        Workload::HttpMany => http::many(dir, quick).await,
        Workload::HttpBeats => http::beats(dir, quick).await,
        Workload::DecideDisjoint => decide::disjoint(quick).await,
        Workload::DecideContended => decide::contended(quick).await,
        Workload::DecideTypeOnly => decide::type_only(quick).await,
        Workload::PolicyChain => policies::chain(dir, quick).await,
        Workload::PolicyBacklog => policies::backlog(dir, quick).await,
        Workload::PolicyBroken => policies::broken(quick).await,
        Workload::All => Vec::new(),
    }
}
