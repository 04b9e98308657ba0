//! Journals for tests: one in a test's hand, and others that differ from a usual one in some way.

pub mod altered;
pub mod faulty;
pub mod place;
pub mod sparse;
