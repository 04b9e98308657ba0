//! Journals for tests: one that a test controls, and others that differ from a usual one in some way.

pub mod altered;
pub mod faulty;
pub mod outlined;
pub mod place;
pub mod sparse;
