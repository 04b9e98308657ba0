//! What the picture shows: bars in groups, from the rows of the results.

use super::{OWN, REFERENCE, SYSTEMS, THROUGHPUT, find, per_second};
use crate::report::{Row, count};

/// Bars that are to be compared with each other.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
    pub(super) bars: Vec<Bar>,
}

/// One bar.
pub(super) struct Bar {
    pub(super) name: String,
    pub(super) value: f64,
    pub(super) label: String,
    /// How it compares with the reference.
    pub(super) ratio: Option<f64>,
    pub(super) own: bool,
}

/// Who does how much per second.
pub(super) fn throughput(rows: &[Row]) -> Vec<Group> {
    let groups = THROUGHPUT.map(|(workload, clients, title, detail)| {
        let value = |system: &str| find(rows, workload, clients, system)?.ops_per_s;
        let systems = SYSTEMS.map(|system| (system, system));
        Group { title, detail, bars: bars(systems, value, per_second) }
    });
    groups.into_iter().filter(|group| !group.bars.is_empty()).collect()
}

/// What an idle aggregate weighs.
pub(super) fn memory(rows: &[Row]) -> Option<Group> {
    let systems = [
        (OWN, OWN),
        ("bailiwick stored", "bailiwick, stored"),
        (REFERENCE, REFERENCE),
        ("kameo", "kameo"),
    ];
    let value = |system: &str| find(rows, "resident-memory", 0, system)?.bytes_each;
    let bars = bars(systems, value, |bytes| format!("{} B", count(bytes)));
    let title = "Memory of an idle aggregate";
    let detail = "heap, beside ID and state; bailiwick in memory on top of bailiwick stored";
    (!bars.is_empty()).then_some(Group { title, detail, bars })
}

fn bars<const N: usize>(
    systems: [(&str, &str); N],
    value: impl Fn(&str) -> Option<f64>,
    label: fn(f64) -> String,
) -> Vec<Bar> {
    let reference = value(REFERENCE);
    let bar = |(system, name): (&str, &str)| {
        let value = value(system)?;
        let ratio = reference.map(|reference| value / reference);
        let own = system.starts_with(OWN);
        Some(Bar { name: name.to_owned(), value, label: label(value), ratio, own })
    };
    systems.into_iter().filter_map(bar).collect()
}
