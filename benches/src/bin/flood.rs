//! What floods of calls to ever new IDs leave in memory, by a counting allocator.

use benches::eviction::{Heap, floods};
use clap::Parser;
use peak_alloc::PeakAlloc;

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Weighs floods of calls to ever new IDs.
#[derive(Parser)]
struct Arguments {
    /// How many calls each.
    #[arg(default_value_t = 1_000_000)]
    calls: u32,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { calls } = Arguments::parse();
    let heap = Heap {
        now: || HEAP.current_usage() as f64,
        peak: || HEAP.peak_usage() as f64,
        reset: || HEAP.reset_peak_usage(),
    };
    let executor =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    println!("\nflood · heap in kB, with 10 000 aggregates at rest, which is the budget\n");
    let heads = ["before", "at most", "after"];
    println!(
        "  {:36}{:>10}{:>10}{:>10}{:>10}  still there",
        "", "calls", heads[0], heads[1], heads[2]
    );
    for flood in executor.block_on(floods(calls, &heap)) {
        let [before, peak, after] =
            [flood.before, flood.peak, flood.after].map(|bytes| format!("{:.0}", bytes / 1_000.0));
        let (name, calls, there) = (flood.name, flood.calls, flood.still_there);
        println!("  {name:36}{calls:>10}{before:>10}{peak:>10}{after:>10}  {there}");
    }
    Ok(())
}
