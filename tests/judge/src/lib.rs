//! happenstance's event store port over Bailiwick's journal port, and nothing more: what the
//! journal cannot say is not made up here (see `names` and `conditions` for the two exceptions).

pub mod conditions;
pub mod failing;
pub mod fixtures;
pub mod mutants;
pub mod names;
pub mod plain;
pub mod reading;
pub mod store;

pub use fixtures::{FileJournalFixture, MemoryJournalFixture};
pub use store::{Handle, StoreError};
