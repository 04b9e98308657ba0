//! Runs of policies: senders say things, and a policy has receivers hear them.
//!
//! They are runs as those of counters are, with the same executor, clocks and kinds of failures, and other
//! books: what is in the journal is compared, at the instant at which it takes effect, with what a naive
//! reading of the news says. Senders, receivers, the policy and the books are those of `saying`.
//!
//! | | |
//! |---|---|
//! | `plan` | what a run is made of |
//! | `journal` | the journal, and what goes wrong with it |
//! | `world`, `operator` | who does something in a run |
//! | `run` | trouble, then quiet, and what must hold at the end |

mod journal;
mod operator;
mod plan;
mod run;
mod world;

pub use run::{PolicyRun, run_of};
pub use world::{PolicySight, PolicySights};
