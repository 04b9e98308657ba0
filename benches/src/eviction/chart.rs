//! The scores as a table: a policy per line, a trace per column, the best of each marked.

use super::{Score, Trace};

const NAME: usize = 17;
const COLUMN: usize = 10;
/// The clairvoyant is a bound, and wins nothing.
const BOUNDS: usize = 1;

/// Prints the table and what happens in the traces.
pub fn print(traces: &[Trace], scores: &[Score]) {
    println!(
        "\neviction · hit ratio in %, the best of each trace with a dot; mean of what all play\n"
    );
    print!("  {:NAME$}", "");
    for trace in traces {
        print!("{:>COLUMN$} ", trace.name);
    }
    println!("{:>COLUMN$}", "mean");
    for (n, score) in scores.iter().enumerate() {
        print!("  {:NAME$}", score.policy);
        for trace in 0..traces.len() {
            let best = best(scores, trace);
            let wins = n >= BOUNDS && score.hits[trace].is_some_and(|hits| rounded(hits) == best);
            print!("{:>COLUMN$}{}", percent(score.hits[trace]), if wins { "•" } else { " " });
        }
        println!("{:>COLUMN$}", percent(Some(mean(scores, score))));
        if n + 1 == BOUNDS {
            let width = NAME + (traces.len() + 1) * (COLUMN + 1) - 1;
            println!("  {}", "─".repeat(width));
        }
    }
    println!();
    for trace in traces {
        println!("  {:10}{}", trace.name, trace.story);
    }
}

fn best(scores: &[Score], trace: usize) -> i64 {
    let hits = scores[BOUNDS..].iter().filter_map(|score| score.hits[trace]);
    hits.map(rounded).max().unwrap_or(0)
}

/// As it is printed.
fn rounded(hits: f64) -> i64 {
    (hits * 1_000.0).round() as i64
}

fn percent(hits: Option<f64>) -> String {
    hits.map_or_else(|| "·".to_owned(), |hits| format!("{:.1}", rounded(hits) as f64 / 10.0))
}

/// Over the traces that everybody plays.
fn mean(scores: &[Score], score: &Score) -> f64 {
    let everybody = |trace: &usize| scores.iter().all(|score| score.hits[*trace].is_some());
    let played: Vec<usize> = (0..score.hits.len()).filter(everybody).collect();
    let sum: f64 = played.iter().filter_map(|trace| score.hits[*trace]).sum();
    sum / played.len() as f64
}
