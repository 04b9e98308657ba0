//! Bounds: what is large, or too many, is refused or waits by itself, and costs nobody else anything.

mod album;
mod batches;
mod durable;
mod narrow;
mod race;
mod reads;
mod texts;
mod work;
