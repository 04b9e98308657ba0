//! The workloads, one file each.

pub mod deadlines;
pub mod decide;
pub mod durable;
pub mod hot_aggregate;
pub mod http;
pub mod many_aggregates;
pub mod open_loop;
pub mod policies;
pub mod resident_memory;
pub mod wake;
