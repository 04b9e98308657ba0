//! Rehearsal: what was decided before, decided again by today's code. Yesterday's is `1`, today's `2`.

mod commands;
mod decisions;
mod fixture;
mod million;
mod recording;
mod report;
