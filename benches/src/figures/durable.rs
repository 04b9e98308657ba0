//! The durable workloads, and those over HTTP, as tables for a README: a column for each system that was
//! measured.

use std::fmt::Write;

use super::markdown::cell;
use super::{OWN, find};
use crate::report::{Row, count};

/// Rows of workload, callers, and what it is; columns of systems.
struct Table {
    title: &'static str,
    workloads: &'static [(&'static str, usize, &'static str)],
    systems: &'static [&'static str],
}

const TABLES: [Table; 2] = [
    Table {
        title: "Durable",
        workloads: &[
            ("durable-hot", 1, "One account"),
            ("durable-hot", 64, "One account"),
            ("durable-hot", 256, "One account"),
            ("durable-many", 256, "10 000 accounts"),
        ],
        systems: &[
            OWN,
            "tephra",
            "raw-log",
            "one-sync",
            "redis-aof",
            "redis-memory",
            "postgres-row-lock",
            "postgres-optimistic",
        ],
    },
    Table {
        title: "Over HTTP",
        workloads: &[
            ("http-hot", 64, "One account"),
            ("http-hot", 256, "One account"),
            ("http-many", 256, "10 000 accounts"),
            ("http-beats", 256, "10 000 accounts, kept alive"),
        ],
        systems: &[OWN, "redis-lua", "postgres-row-lock", "postgres-optimistic", "axum-alone"],
    },
];

/// Whether the row is of these workloads.
pub(super) fn has(row: &Row) -> bool {
    let workloads = TABLES.iter().flat_map(|table| table.workloads);
    workloads.into_iter().any(|(workload, ..)| row.workload == *workload)
}

/// The tables; empty if nothing of them was measured.
pub(super) fn tables(rows: &[Row]) -> String {
    let mut text = String::new();
    TABLES.iter().for_each(|table| table.write(&mut text, rows));
    text
}

impl Table {
    fn write(&self, text: &mut String, rows: &[Row]) {
        let measured = |system: &&&str| {
            let mut workloads = self.workloads.iter();
            workloads.any(|(workload, callers, _)| find(rows, workload, *callers, system).is_some())
        };
        let systems: Vec<&str> = self.systems.iter().filter(measured).copied().collect();
        if systems.is_empty() {
            return;
        }
        let (title, names) = (self.title, systems.join(" | "));
        let columns = "|--:".repeat(systems.len());
        write!(text, "\n| {title} | callers | {names} |\n|---|--:{columns}|\n")
            .expect("a string takes it");
        for (workload, callers, title) in self.workloads {
            let row = |system: &&str| find(rows, workload, *callers, system);
            let cells: Vec<_> = systems.iter().map(|system| (*system, row(system))).collect();
            if cells.iter().all(|(_, row)| row.is_none()) {
                continue;
            }
            write!(text, "| {title} | {}", count(*callers as f64)).expect("a string takes it");
            for (system, row) in cells {
                text.push_str(" | ");
                text.push_str(&row.map_or_else(String::new, |row| cell(row, system == OWN)));
            }
            text.push_str(" |\n");
        }
    }
}
