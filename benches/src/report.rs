//! The figures, for people and for programs.

use serde::{Deserialize, Serialize};

/// One line of the table. What a workload does not measure is absent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Row {
    /// What was done.
    pub workload: String,
    /// By whom.
    pub system: String,
    /// By how many clients at once; 0 if there are none.
    pub clients: usize,
    /// Operations per second, the median of the rounds.
    pub ops_per_s: Option<f64>,
    /// Median latency in microseconds.
    pub p50_us: Option<f64>,
    /// The latency that 99 % do not exceed, in microseconds.
    pub p99_us: Option<f64>,
    /// Heap bytes per aggregate.
    pub bytes_each: Option<f64>,
    /// What has no column; for people only.
    #[serde(skip)]
    pub note: String,
}

impl Row {
    /// In place of figures: why there are none.
    pub(crate) fn absent(workload: &str, system: &str, clients: usize, why: &str) -> Row {
        let (workload, system, note) = (workload.to_owned(), system.to_owned(), why.to_owned());
        Row { workload, system, clients, note, ..Row::default() }
    }

    fn same_group(&self, other: &Row) -> bool {
        (&self.workload, self.clients) == (&other.workload, other.clients)
    }
}

/// Prints a table per workload and number of clients.
pub fn print(rows: &[Row]) {
    for group in rows.chunk_by(Row::same_group) {
        print_group(group);
    }
}

/// What bars show: what a row does per second, or what it weighs if none does anything.
fn weights(rows: &[Row]) -> impl Fn(&Row) -> Option<f64> + use<> {
    let timed = rows.iter().any(|row| row.ops_per_s.is_some());
    let weighed = rows.iter().all(|row| row.bytes_each.is_some());
    move |row| if timed { row.ops_per_s } else { row.bytes_each.filter(|_| weighed) }
}

/// Only with the columns that somebody fills. The bar is relative to the greatest of the group.
fn print_group(rows: &[Row]) {
    let mut columns = vec![column("system", rows, |row| row.system.clone())];
    columns.push(column("ops/s", rows, |row| cell(row.ops_per_s, count)));
    columns.push(column("p50 µs", rows, |row| cell(row.p50_us, micros)));
    columns.push(column("p99 µs", rows, |row| cell(row.p99_us, micros)));
    columns.push(column("B each", rows, |row| cell(row.bytes_each, count)));
    let weight = weights(rows);
    let greatest = rows.iter().filter_map(&weight).fold(0.0, f64::max);
    columns.push(column("relative", rows, |row| {
        weight(row).map_or_else(String::new, |weight| bar(weight / greatest))
    }));
    columns.push(column("", rows, |row| row.note.clone()));
    columns.retain(|column| column[1..].iter().any(|cell| !["", ABSENT].contains(&cell.as_str())));
    let at_once = match rows[0].clients {
        0 => String::new(),
        n => format!(" · {} at once", count(n as f64)),
    };
    println!("\n{}{at_once}", rows[0].workload);
    for line in 0..=rows.len() {
        println!("  {}", align(&columns, line).trim_end());
    }
}

/// A heading and a cell per row.
fn column(heading: &str, rows: &[Row], show: impl Fn(&Row) -> String) -> Vec<String> {
    std::iter::once(heading.to_owned()).chain(rows.iter().map(show)).collect()
}

/// Figures to the right, the rest to the left.
pub(crate) fn align(columns: &[Vec<String>], line: usize) -> String {
    let cells = columns.iter().map(|column| {
        let width = column.iter().map(|cell| cell.chars().count()).max().unwrap_or(0);
        let cell = &column[line];
        match column[0].as_str() {
            "system" | "relative" | "" => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        }
    });
    cells.collect::<Vec<_>>().join("  ")
}

const ABSENT: &str = "·";

fn cell(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| ABSENT.to_owned(), show)
}

pub(crate) fn micros(value: f64) -> String {
    if value < 10.0 { format!("{value:.2}") } else { count(value) }
}

/// With a space between thousands.
pub fn count(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
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
