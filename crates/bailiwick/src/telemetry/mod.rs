//! What a runtime tells of itself while it works: its log, its spans, and how long things take.
//!
//! Why it is as it is: docs/decisions/metrics-and-traces.md.

pub(crate) mod log;
pub(crate) mod spans;
pub(crate) mod timings;
