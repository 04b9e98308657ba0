//! A million aggregates with a lease each, and nothing to do: what each of them costs.
//!
//! It is counted, not timed, so one round says all. `bailiwick` is what an aggregate costs in
//! memory beyond being stored, `bailiwick stored` what it costs then; both are there at once.

use crate::memory::{Figures, measure};
use crate::report::Row;
use crate::rounds::ONLY;

/// Bailiwick with a million, the rivals with a tenth: they grow evenly.
pub fn run(quick: bool) -> Vec<Row> {
    let aggregates = if quick { 100_000 } else { 1_000_000 };
    let mut rows = Vec::new();
    for (system, aggregates) in
        [("bailiwick", aggregates), ("tokio-task", 100_000), ("kameo", 100_000)]
    {
        if ONLY.get().is_none_or(|only| only == system) {
            let Figures { resident, warm, stored, rss } = measure(system, aggregates);
            let note = format!("RSS {rss:.0} B each, with ID, state and journal");
            rows.push(row(system.to_owned(), resident, note));
            let note = "between two commands that come soon after each other".to_owned();
            rows.extend(warm.map(|warm| row(format!("{system} warm"), warm, note)));
            let note = "an armed deadline, and room for the next".to_owned();
            rows.extend(stored.map(|stored| row(format!("{system} stored"), stored, note)));
        }
    }
    rows
}

fn row(system: String, bytes: f64, note: String) -> Row {
    Row {
        workload: "resident-memory".to_owned(),
        system,
        bytes_each: Some(bytes),
        note,
        ..Row::default()
    }
}
