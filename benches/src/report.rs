//! The figures, for people and for programs.

use serde::Serialize;

/// One line of the table. What a workload does not measure is absent.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was done.
    pub workload: String,
    /// By whom.
    pub system: String,
    /// By how many clients at once.
    pub clients: usize,
    /// Operations per second, the median of the rounds.
    pub ops_per_s: Option<f64>,
    /// Median latency in microseconds.
    pub p50_us: Option<f64>,
    /// The latency that 99 % do not exceed, in microseconds.
    pub p99_us: Option<f64>,
    /// Heap bytes per aggregate.
    pub bytes_each: Option<f64>,
}

/// Prints a table with a bar per row, relative to the best of its workload.
pub fn print(rows: &[Row]) {
    let mut workload = None;
    for row in rows {
        let group = (row.workload.as_str(), row.clients);
        if workload != Some(group) {
            println!("\n{} · {} at once", row.workload, count(row.clients as f64));
            println!(
                "  {:<22} {:>10} {:>9} {:>9} {:>9}  relative",
                "system", "ops/s", "p50 µs", "p99 µs", "B each"
            );
            workload = Some(group);
        }
        let best = rows
            .iter()
            .filter(|other| (other.workload.as_str(), other.clients) == group)
            .filter_map(|other| other.ops_per_s)
            .fold(0.0, f64::max);
        let share = row.ops_per_s.map(|ops| ops / best);
        println!(
            "  {:<22} {:>10} {:>9} {:>9} {:>9}  {}",
            row.system,
            cell(row.ops_per_s, count),
            cell(row.p50_us, micros),
            cell(row.p99_us, micros),
            cell(row.bytes_each, count),
            share.map_or(String::new(), bar),
        );
    }
}

fn cell(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| "·".to_owned(), show)
}

fn micros(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

/// With a space between thousands.
fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n) % 3 == 0 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

fn bar(share: f64) -> String {
    let full = (share * 20.0).round() as usize;
    format!("{:<20} {share:.2}", "█".repeat(full))
}
