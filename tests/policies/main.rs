//! Policies: what happens in one aggregate reaches others, eventually, and exactly once in effect.

mod delivering;
mod failing;
mod fixture;
mod rehearsed;
mod rehearsing;
mod restarting;
mod starting;
