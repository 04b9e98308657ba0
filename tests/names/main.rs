//! What is stored changes its names, and nothing of it is passed over without a word: a runtime starts
//! when it is said how to read all of it, and else says itself what is missing.

#[macro_use]
mod fixture;

mod aggregates;
mod decisions;
mod decoding;
mod events;
mod ids;
mod keys;
mod made_of;
