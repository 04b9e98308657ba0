//! given/when/then: that it does what the runtime does, and that its failures can be read.

mod aggregates;
mod commands;
mod decisions;
mod effects;
mod failure;
mod policies;
mod results;
