//! The one place where it is decided which journal the accounts live on.

use std::sync::Arc;

use bailiwick::{Journal, MemoryJournal};

/// The journal of this run: in memory, so it ends with the program.
pub fn open() -> Arc<dyn Journal> {
    Arc::new(MemoryJournal::new())
}
