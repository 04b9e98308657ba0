//! The durable workloads as a table for a README: a column per system.

use std::fmt::Write;

use super::markdown::cell;
use super::{OWN, find};
use crate::report::{Row, count};

/// Workload, callers, what it is.
const WORKLOADS: [(&str, usize, &str); 4] = [
    ("durable-hot", 1, "One account"),
    ("durable-hot", 64, "One account"),
    ("durable-hot", 256, "One account"),
    ("durable-many", 256, "10 000 accounts"),
];

const SYSTEMS: [&str; 6] = [OWN, "tephra", "raw-log", "one-sync", "redis-aof", "redis-memory"];

/// Whether the row is of these workloads.
pub(super) fn has(row: &Row) -> bool {
    WORKLOADS.iter().any(|(workload, ..)| row.workload == *workload)
}

/// The table; empty if nothing of it was measured.
pub(super) fn table(rows: &[Row]) -> String {
    if !rows.iter().any(has) {
        return String::new();
    }
    let mut text = format!("\n| Durable | callers | {} |\n", SYSTEMS.join(" | "));
    writeln!(text, "|---|--:{}|", "|--:".repeat(SYSTEMS.len())).expect("a string takes it");
    for (workload, callers, title) in WORKLOADS {
        if !rows.iter().any(|row| row.workload == workload && row.clients == callers) {
            continue;
        }
        write!(text, "| {title} | {}", count(callers as f64)).expect("a string takes it");
        for system in SYSTEMS {
            let row = find(rows, workload, callers, system);
            text.push_str(" | ");
            text.push_str(&row.map_or_else(String::new, |row| cell(row, system == OWN)));
        }
        text.push_str(" |\n");
    }
    text
}
