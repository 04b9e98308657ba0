//! The results as a picture and as a table for a README, made from the JSON of `versus all`; and the picture
//! of a load.

mod canvas;
mod durable;
mod markdown;
mod panels;
mod percentiles;
mod plot;

pub use markdown::markdown;
pub use percentiles::percentiles;
pub use plot::plot;

use crate::report::Row;

/// Everything is compared with this: what one would write without a library.
const REFERENCE: &str = "tokio-task";
/// Whose results these are.
const OWN: &str = "bailiwick";

/// The throughput that is shown: workload, clients, what it is.
const THROUGHPUT: [(&str, usize, &str, &str); 4] = [
    ("hot-aggregate", 1, "One aggregate", "1 caller"),
    ("hot-aggregate", 64, "One aggregate", "64 callers"),
    ("hot-aggregate", 1_024, "One aggregate", "1 024 callers"),
    ("many-aggregates", 64, "10 000 aggregates", "64 callers"),
];

/// Who does it, in this order; the last two are the same idea, for one and for many.
const SYSTEMS: [&str; 5] = [OWN, REFERENCE, "kameo", "mutex", "dashmap"];

fn find<'a>(rows: &'a [Row], workload: &str, clients: usize, system: &str) -> Option<&'a Row> {
    let same = |row: &&Row| (row.workload.as_str(), row.clients) == (workload, clients);
    rows.iter().filter(same).find(|row| row.system == system)
}

/// `2.42 M`, `718 k`.
fn per_second(value: f64) -> String {
    match value {
        1e6.. => format!("{:.2} M/s", value / 1e6),
        1e3.. => format!("{:.0} k/s", value / 1e3),
        _ => format!("{value:.0}/s"),
    }
}
