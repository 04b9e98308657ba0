//! The embedded durable journal of Bailiwick: a folder, written by one process.
//!
//! What is here: the [log](log), which is the truth, and the [files](files) under it, with a disk to simulate. Its
//! format is in `docs/journal-format.md`. What makes it a journal (the port, indexes, readers) rests on that
//! and is not here yet.

pub mod files;
pub mod log;
