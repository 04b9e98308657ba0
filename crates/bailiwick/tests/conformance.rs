//! The memory journal keeps the rules of every journal.

use std::sync::Arc;

use bailiwick::MemoryJournal;

bailiwick_core::conformance_tests!(|| Arc::new(MemoryJournal::new()));
