//! Leases that end by themselves: what it costs to arm one, and how late they end under load.

mod arming;
mod firing;
mod history;
mod leasing;

use crate::report::Row;

/// Arming and renewing, in the index and by commands, then the ends of very many leases.
pub async fn run(quick: bool) -> Vec<Row> {
    let mut rows = firing::run(quick).await;
    rows.extend(arming::run(quick).await);
    rows.extend(leasing::run(quick).await);
    rows
}
