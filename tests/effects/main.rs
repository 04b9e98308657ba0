//! Effects: calls to the outside world, at least once, under one key, and none after its trace.

mod bounds;
mod failing;
mod fixture;
mod outage;
mod performing;
mod restarting;
mod seeded;
mod starting;
