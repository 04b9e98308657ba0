//! Weighs the aggregates of one system in a process of its own, under a counting allocator. Run by
//! `versus resident-memory`; prints JSON.

use clap::Parser;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Weighs idle aggregates.
#[derive(Parser)]
struct Arguments {
    /// Whose.
    #[arg(value_parser = ["bailiwick", "kameo", "tokio-task", "tokio-sleep"])]
    system: String,
    /// How many.
    aggregates: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { system, aggregates } = Arguments::parse();
    let executor =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let figures = executor.block_on(benches::memory::weigh(&system, aggregates));
    println!("{}", serde_json::to_string(&figures)?);
    Ok(())
}
