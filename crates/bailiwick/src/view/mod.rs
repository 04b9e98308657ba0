//! Views: kept between those who ask for them, and read by whoever asks.
//!
//! Why it is as it is: docs/decisions/reading.md.

pub(crate) mod cache;
pub(crate) mod read;
