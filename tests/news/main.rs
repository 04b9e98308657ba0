//! What this runtime appends is known to all aggregates of it that read it, whoever decided it: their
//! deadlines, reads and watches follow.

mod emitting;
mod fixture;
mod late_journal;
mod looking;
mod race;
mod rally;
mod rules;
mod telling;
