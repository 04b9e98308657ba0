//! What the integration tests are made of.

pub mod again;
pub mod altered;
pub mod counter;
pub mod faults;
pub mod faulty;
pub mod invariant;
pub mod pairs;
pub mod place;
pub mod race;
pub(crate) mod saying;
pub mod sim;
pub mod stage;
pub mod stretched;
