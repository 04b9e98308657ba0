//! Idempotency keys: by what a command is recognised, what is certain about one that was run, and
//! for how long a key is remembered.

mod certainty;
mod commands;
mod decisions;
mod fixture;
mod golden;
mod receipts;
mod window;
