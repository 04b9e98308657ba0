//! Bailiwick's port as the cases of others name it: everything at the root.

pub use bailiwick_core::journal::{JournalReadError as ReadError, *};
pub use bailiwick_core::*;
