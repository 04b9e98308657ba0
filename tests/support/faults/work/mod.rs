//! Work that comes to the same whatever crashes: a list of messages, each sent until it is acknowledged, over
//! as many processes as it takes, and a policy that carries them. What is in the journal once all is done
//! equals (`facts`) what a process leaves there that was never killed.
//!
//! An effect tells them to a file, which outlives the processes as an outside world does: what is there is called
//! at least once, under one key, and not again after its trace.
//!
//! Receivers, the policy and the outside world are broken now and then, so lanes are parked; an operator in
//! the process sees to them. He skips what is hopeless and nothing else, so he makes no difference either.

mod audit;
mod chain;
mod facts;
mod list;
mod outside;
mod process;

pub use chain::{Chain, WorkCoverage};
pub(super) use process::ProcessArgs;
