//! Views: kept between those who ask for them, and read by whoever asks.

pub(crate) mod cache;
pub(crate) mod read;
