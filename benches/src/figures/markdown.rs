//! The results as tables for a README.

use std::fmt::Write;

use super::{OWN, REFERENCE, THROUGHPUT, durable, find, per_second};
use crate::report::{Row, count, micros};

/// Throughput with p50 and p99, a column per system; then what no rival has a part in.
pub fn markdown(rows: &[Row]) -> String {
    let mut text = throughput(rows);
    text.push_str(&durable::tables(rows));
    let rest = rows.iter().filter(|row| !THROUGHPUT.iter().any(|shown| shown.0 == row.workload));
    let rest: Vec<_> = rest.filter(|row| !durable::has(row)).collect();
    if !rest.is_empty() {
        text.push_str("\n| | | per second | p50 µs | p99 µs | bytes each |\n");
        text.push_str("|---|---|--:|--:|--:|--:|\n");
        rest.into_iter().for_each(|row| line(&mut text, row));
    }
    text
}

fn throughput(rows: &[Row]) -> String {
    let mut text = format!("| | callers | {OWN} | {REFERENCE} | kameo | mutex, dashmap |\n");
    text.push_str("|---|--:|--:|--:|--:|--:|\n");
    for (workload, clients, title, _) in THROUGHPUT {
        if !rows.iter().any(|row| row.workload == workload && row.clients == clients) {
            continue;
        }
        write!(text, "| {title} | {}", count(clients as f64)).expect("a string takes it");
        for systems in [&[OWN][..], &[REFERENCE], &["kameo"], &["mutex", "dashmap"]] {
            let row = systems.iter().find_map(|system| find(rows, workload, clients, system));
            text.push_str(" | ");
            text.push_str(&row.map_or_else(String::new, |row| cell(row, systems[0] == OWN)));
        }
        text.push_str(" |\n");
    }
    text.push_str("\nCommands per second, and p50 / p99 in µs.\n");
    text
}

pub(super) fn cell(row: &Row, own: bool) -> String {
    let rate = row.ops_per_s.map_or_else(String::new, per_second);
    let rate = if own { format!("**{rate}**") } else { rate };
    match (row.p50_us, row.p99_us) {
        (Some(p50), Some(p99)) => format!("{rate}<br>{} / {}", micros(p50), micros(p99)),
        _ => rate,
    }
}

fn line(text: &mut String, row: &Row) {
    let show = |value: Option<f64>, show: fn(f64) -> String| value.map_or_else(String::new, show);
    let (rate, bytes) = (show(row.ops_per_s, per_second), show(row.bytes_each, count));
    let (p50, p99) = (show(row.p50_us, micros), show(row.p99_us, micros));
    let Row { workload, system, .. } = row;
    writeln!(text, "| {workload} | {system} | {rate} | {p50} | {p99} | {bytes} |")
        .expect("a string takes it");
}
