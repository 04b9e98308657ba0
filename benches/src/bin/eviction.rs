//! How good the eviction of resting aggregates is, beside that of others.

use benches::eviction;
use clap::Parser;

/// Compares how often policies of eviction have in memory what is called.
#[derive(Parser)]
struct Arguments {
    /// Fewer calls: to see that it works, not how well.
    #[arg(long)]
    quick: bool,
}

fn main() {
    let arguments = Arguments::parse();
    let traces = eviction::traces(if arguments.quick { 100_000 } else { 1_000_000 });
    let scores = eviction::compare(&traces);
    eviction::print(&traces, &scores);
}
