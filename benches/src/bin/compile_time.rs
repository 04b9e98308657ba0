//! What an aggregate costs whoever compiles it.

use std::path::PathBuf;
use std::time::Duration;

use benches::compile_time::Generated;
use clap::Parser;

/// Generates crates of aggregates (each with an ID, three events, two commands, one of them asked
/// with a key, and a deadline; read and watched), and measures what an aggregate adds to the
/// processor time and to the LLVM IR of compiling them.
#[derive(Parser)]
struct Arguments {
    /// How many aggregates the crates have.
    #[arg(long, value_delimiter = ',', default_value = "0,5,10")]
    aggregates: Vec<usize>,
    /// The levels of optimisation.
    #[arg(long, value_delimiter = ',', default_value = "0,1")]
    opt_levels: Vec<u8>,
    /// How often each crate is compiled; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// The checkouts of this project to be compared, in turn.
    #[arg(default_value = ".")]
    checkouts: Vec<PathBuf>,
}

/// A crate with so many aggregates, compiled so often.
struct Row<'a> {
    checkout: &'a PathBuf,
    generated: &'a Generated,
    opt_level: u8,
    aggregates: usize,
    times: Vec<Duration>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { aggregates, opt_levels, rounds, checkouts } = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let mut crates = Vec::new();
    for (place, checkout) in checkouts.iter().enumerate() {
        crates.push(Generated::new(folder.path().join(place.to_string()), checkout)?);
    }
    let mut rows = Vec::new();
    for opt_level in opt_levels {
        for (checkout, generated) in checkouts.iter().zip(&crates) {
            let of =
                |aggregates| Row { checkout, generated, opt_level, aggregates, times: Vec::new() };
            rows.push(aggregates.iter().copied().map(of).collect::<Vec<_>>());
        }
    }
    for _ in 0..rounds {
        for row in rows.iter_mut().flatten() {
            row.times.push(row.generated.time(row.opt_level, row.aggregates)?);
        }
    }
    println!("  opt  aggregates        s  s each   lines of IR  lines each");
    for rows in rows {
        println!("{}", rows[0].checkout.display());
        let mut before: Option<(usize, f64, usize)> = None;
        for Row { generated, opt_level, aggregates, mut times, .. } in rows {
            times.sort_unstable();
            let time = times[times.len() / 2].as_secs_f64();
            let lines = generated.lines(opt_level, aggregates)?;
            let each = before.map(|(fewer, time_before, lines_before)| {
                let more = aggregates - fewer;
                ((time - time_before) / more as f64, (lines - lines_before) / more)
            });
            let (time_each, lines_each) = match each {
                Some((time, lines)) => (format!("{time:.2}"), lines.to_string()),
                None => (String::new(), String::new()),
            };
            println!(
                "  {opt_level:>3}{aggregates:>12}{time:>9.2}{time_each:>8}{lines:>14}{lines_each:>12}"
            );
            before = Some((aggregates, time, lines));
        }
    }
    Ok(())
}
