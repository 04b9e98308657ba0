//! Decisions in a runtime: what they read is what they guard, however many are decided at once and
//! whoever else writes.

mod aggregates;
mod classics;
mod failing;
mod fixture;
mod once;
mod registration;
mod turns;
mod views;
mod waiting;
