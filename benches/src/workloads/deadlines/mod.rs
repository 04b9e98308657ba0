//! Leases that end by themselves: what it costs to arm one, and how late they end under load.

mod arming;
mod firing;

use crate::report::Row;

/// Arming and renewing, then the ends of very many leases.
pub async fn run(quick: bool) -> Vec<Row> {
    let mut rows = arming::run(quick).await;
    rows.extend(firing::run(quick).await);
    rows
}
