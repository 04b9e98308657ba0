//! Runs of a policy and an effect: senders send messages, which the policy delivers to receivers, and of which
//! the effect tells the outside world.
//!
//! What is in the journal is compared, at the instant at which it takes effect, with a model: what a naive
//! reading of the messages says. Senders, receivers, policy, effect and models are those of
//! `fixtures/messages`.
//!
//! | | |
//! |---|---|
//! | `plan` | what a run is made of |
//! | `world` | the time, the journal, the runtimes, and the outside world |
//! | `journal` | the journal, and what goes wrong with it |
//! | `disturbances` | what is done to the runtimes, and by an operator |
//! | `run` | its parts, one after the other, and what must hold at the end |

mod disturbances;
mod journal;
mod plan;
mod run;
mod world;

pub use run::{PolicyCase, PolicyCoverage, PolicyRun, run};
