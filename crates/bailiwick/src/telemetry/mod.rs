//! What a runtime tells of itself while it works: its log, its spans, and how long things take.

pub(crate) mod log;
pub(crate) mod spans;
pub(crate) mod timings;
