//! Stories of a whole set: that they do what a runtime does, and that their failures can be read.

#[path = "../given/failure.rs"]
mod failure;

mod asked;
mod effects;
mod kitchen;
mod made_up;
mod mistakes;
mod order;
mod refusals;
mod rest;
mod twice;
