//! Decisions over a dynamic boundary: Bailiwick in memory and durable, and tephra alone, by a client
//! that reads, decides, appends on condition, and does so again when it lost.

mod alone;
mod invoices;
mod places;
mod registration;

pub use invoices::type_only;
pub use registration::{contended, disjoint};
