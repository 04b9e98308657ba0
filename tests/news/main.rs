//! What this runtime appends is known to all aggregates of it that read it, whoever decided it: their
//! deadlines, reads and watches follow.

mod emitting;
mod late;
mod library;
mod looking;
mod race;
mod rally;
mod rules;
mod telling;
