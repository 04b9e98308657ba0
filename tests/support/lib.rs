//! What the integration tests are made of.

pub mod faults;
pub mod fixtures;
pub mod invariant;
pub mod journals;
pub mod receipts;
pub mod sim;
pub mod stage;
