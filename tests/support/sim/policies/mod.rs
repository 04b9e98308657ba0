//! Runs of policies and effects: senders say things, a policy has receivers hear them, and an effect tells them
//! to the outside world.
//!
//! They are runs as those of counters are, with the same executor, clocks and kinds of failures, and other
//! books: what is in the journal is compared, at the instant at which it takes effect, with what a naive
//! reading of the news says. Senders, receivers, policy, effect and books are those of `saying`.
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
